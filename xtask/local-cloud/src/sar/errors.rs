//! SAR's errors on the wire.

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use serde_json::json;
use thiserror::Error;

use crate::listener::{ResponseBody, full};
use crate::one_line::one_line;
use crate::s3::S3Error;

/// Why SAR refuses a request. The message is the one that the client sees.
#[derive(Debug, Error)]
pub(crate) enum SarError {
    /// The request, or what it refers to, breaks a rule.
    #[error("{0}")]
    BadRequest(String),
    /// It is there already.
    #[error("{0}")]
    Conflict(String),
    /// It is not there.
    #[error("{0}")]
    NotFound(String),
    /// There is no such operation.
    #[error("there is no such operation")]
    NoSuchOperation,
    /// The request is too large.
    #[error("the request is larger than {0} bytes")]
    TooLarge(usize),
    /// What SAR keeps can't be written or read.
    #[error("the local SAR can't keep its data")]
    Storage(#[from] std::io::Error),
    /// The local S3 can't keep a copy.
    #[error("the local S3 can't keep a copy of an artifact")]
    Copy(#[from] S3Error),
}

impl SarError {
    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self::BadRequest(message.into())
    }

    pub(crate) fn response(&self) -> Response<ResponseBody> {
        let (status, kind) = match self {
            Self::BadRequest(_) => (StatusCode::BAD_REQUEST, "BadRequestException"),
            Self::Conflict(_) => (StatusCode::CONFLICT, "ConflictException"),
            Self::NotFound(_) => (StatusCode::NOT_FOUND, "NotFoundException"),
            Self::NoSuchOperation => (StatusCode::NOT_FOUND, "UnknownOperationException"),
            Self::TooLarge(_) => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "RequestEntityTooLargeException",
            ),
            Self::Storage(_) | Self::Copy(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "InternalServerErrorException",
            ),
        };
        let code = kind.trim_end_matches("Exception");
        let document = json!({"errorCode": code, "message": one_line(self)});
        let mut response = Response::new(full(document.to_string()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert("x-amzn-errortype", HeaderValue::from_static(kind));
        response
    }
}
