//! S3's errors on the wire.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Response, StatusCode};
use thiserror::Error;

use super::xml;
use crate::listener::{ResponseBody, full};
use crate::one_line::one_line;
use crate::sigv4::SignatureError;

/// Why S3 refuses a request. The message is the one that the client sees.
#[derive(Debug, Error)]
pub(crate) enum S3Error {
    /// There is no such bucket.
    #[error("The specified bucket does not exist")]
    NoSuchBucket,
    /// There is no such object.
    #[error("The specified key does not exist.")]
    NoSuchKey,
    /// There is no such multipart upload.
    #[error(
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed."
    )]
    NoSuchUpload,
    /// The bucket has no policy.
    #[error("The bucket policy does not exist")]
    NoSuchBucketPolicy,
    /// The caller has the bucket already.
    #[error("Your previous request to create the named bucket succeeded and you already own it.")]
    BucketAlreadyOwnedByYou,
    /// Someone else has the bucket.
    #[error("The requested bucket name is not available.")]
    BucketAlreadyExists,
    /// The bucket still has objects or uploads.
    #[error("The bucket you tried to delete is not empty")]
    BucketNotEmpty,
    /// The bucket's name breaks the rules.
    #[error("The specified bucket is not valid.")]
    InvalidBucketName,
    /// The location is not the local region.
    #[error(
        "The specified location-constraint is not valid; the local region is us-east-1, which takes none"
    )]
    InvalidLocationConstraint,
    /// Nothing allows it, or something forbids it.
    #[error("Access Denied")]
    AccessDenied,
    /// A condition in the headers does not hold.
    #[error("At least one of the pre-conditions you specified did not hold")]
    PreconditionFailed,
    /// The object is the one that the client has.
    #[error("Not Modified")]
    NotModified,
    /// A header, parameter or document is wrong.
    #[error("{0}")]
    InvalidArgument(String),
    /// The request is wrong as a whole.
    #[error("{0}")]
    InvalidRequest(String),
    /// `Content-MD5` or a checksum is not the content's.
    #[error("The {0} you specified did not match the calculated checksum.")]
    BadDigest(&'static str),
    /// `x-amz-content-sha256` is not the content's hash.
    #[error("The provided 'x-amz-content-sha256' header does not match what was computed.")]
    ContentHash,
    /// The body is shorter or longer than declared, or its chunks are malformed.
    #[error("The request body is not of the declared length or form: {0}")]
    IncompleteBody(&'static str),
    /// The body is larger than the local cloud takes.
    #[error("Your proposed upload exceeds the maximum allowed size")]
    EntityTooLarge,
    /// A part that is not the last one is smaller than 5 MB.
    #[error("Your proposed upload is smaller than the minimum allowed size")]
    EntityTooSmall,
    /// A part is missing or is not the one that was uploaded.
    #[error(
        "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag."
    )]
    InvalidPart,
    /// The parts are not in order.
    #[error("The list of parts was not in ascending order. Parts must be ordered by part number.")]
    InvalidPartOrder,
    /// The range lies beyond the object.
    #[error("The requested range is not satisfiable")]
    InvalidRange {
        /// The object's length in bytes.
        length: u64,
    },
    /// The key is longer than 1,024 bytes.
    #[error("Your key is too long")]
    KeyTooLong,
    /// The document is not the XML that it should be.
    #[error(
        "The XML you provided was not well-formed or did not validate against our published schema"
    )]
    MalformedXml,
    /// The policy is not one.
    #[error("{0}")]
    MalformedPolicy(String),
    /// An ACL other than the owner's.
    #[error("The bucket does not allow ACLs")]
    AccessControlListNotSupported,
    /// The resource knows no such method.
    #[error("The specified method is not allowed against this resource.")]
    MethodNotAllowed,
    /// S3 has it, the local cloud has not.
    #[error("The local cloud does not serve {0}")]
    NotImplemented(&'static str),
    /// The signature is refused.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The data can't be kept or read.
    #[error("We encountered an internal error. Please try again.")]
    Storage(#[from] std::io::Error),
}

impl S3Error {
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::NoSuchBucket => "NoSuchBucket",
            Self::NoSuchKey => "NoSuchKey",
            Self::NoSuchUpload => "NoSuchUpload",
            Self::NoSuchBucketPolicy => "NoSuchBucketPolicy",
            Self::BucketAlreadyOwnedByYou => "BucketAlreadyOwnedByYou",
            Self::BucketAlreadyExists => "BucketAlreadyExists",
            Self::BucketNotEmpty => "BucketNotEmpty",
            Self::InvalidBucketName => "InvalidBucketName",
            Self::InvalidLocationConstraint => "InvalidLocationConstraint",
            Self::AccessDenied => "AccessDenied",
            Self::PreconditionFailed => "PreconditionFailed",
            Self::NotModified => "NotModified",
            Self::InvalidArgument(_) => "InvalidArgument",
            Self::InvalidRequest(_) => "InvalidRequest",
            Self::BadDigest(_) => "BadDigest",
            Self::ContentHash => "XAmzContentSHA256Mismatch",
            Self::IncompleteBody(_) => "IncompleteBody",
            Self::EntityTooLarge => "EntityTooLarge",
            Self::EntityTooSmall => "EntityTooSmall",
            Self::InvalidPart => "InvalidPart",
            Self::InvalidPartOrder => "InvalidPartOrder",
            Self::InvalidRange { .. } => "InvalidRange",
            Self::KeyTooLong => "KeyTooLongError",
            Self::MalformedXml => "MalformedXML",
            Self::MalformedPolicy(_) => "MalformedPolicy",
            Self::AccessControlListNotSupported => "AccessControlListNotSupported",
            Self::MethodNotAllowed => "MethodNotAllowed",
            Self::NotImplemented(_) => "NotImplemented",
            Self::Signature(error) => signature_code(*error),
            Self::Storage(_) => "InternalError",
        }
    }

    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::NoSuchBucket
            | Self::NoSuchKey
            | Self::NoSuchUpload
            | Self::NoSuchBucketPolicy => StatusCode::NOT_FOUND,
            Self::BucketAlreadyOwnedByYou | Self::BucketAlreadyExists | Self::BucketNotEmpty => {
                StatusCode::CONFLICT
            }
            Self::Signature(SignatureError::Malformed(_) | SignatureError::Scope(_)) => {
                StatusCode::BAD_REQUEST
            }
            Self::AccessDenied | Self::Signature(_) => StatusCode::FORBIDDEN,
            Self::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Self::NotModified => StatusCode::NOT_MODIFIED,
            Self::InvalidRange { .. } => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotImplemented(_) => StatusCode::NOT_IMPLEMENTED,
            Self::Storage(_) => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// The answer to a request with this method for this path. `HEAD` and `304` have no body.
    pub(super) fn response(&self, method: &Method, resource: &str) -> Response<ResponseBody> {
        let status = self.status();
        let body = if *method == Method::HEAD || status == StatusCode::NOT_MODIFIED {
            String::new()
        } else {
            xml::document(
                "<Error>",
                &[
                    ("Code", self.code()),
                    ("Message", &one_line(self)),
                    ("Resource", resource),
                ],
                "</Error>",
            )
        };
        let mut response = Response::new(full(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
        if let Self::InvalidRange { length } = self
            && let Ok(range) = HeaderValue::from_str(&format!("bytes */{length}"))
        {
            headers.insert(http::header::CONTENT_RANGE, range);
        }
        response
    }
}

/// S3's own codes for what is wrong with a signature.
fn signature_code(error: SignatureError) -> &'static str {
    match error {
        SignatureError::Missing | SignatureError::UnsignedHeader => "AccessDenied",
        SignatureError::Malformed(_) | SignatureError::Scope(_) => "AuthorizationHeaderMalformed",
        SignatureError::UnknownKey => "InvalidAccessKeyId",
        SignatureError::Time => "RequestTimeTooSkewed",
        SignatureError::Body => "XAmzContentSHA256Mismatch",
        SignatureError::Mismatch => "SignatureDoesNotMatch",
    }
}
