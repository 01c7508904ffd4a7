//! The operations of uploads in parts.

use std::collections::BTreeMap;

use bytes::BytesMut;
use http::{Method, StatusCode};

use super::buckets::Object;
use super::checksums::{self, Algorithm, Checksum};
use super::errors::S3Error;
use super::object_calls::checksum_headers;
use super::request::Request;
use super::service::Answer;
use super::uploads::{self, MAX_PARTS, Part, Upload};
use super::{S3, xml};

impl S3 {
    pub(super) fn upload_call(&self, request: &Request<'_>, key: &str) -> Result<Answer, S3Error> {
        let action = match request.method {
            Method::DELETE => "s3:AbortMultipartUpload",
            Method::GET => return Err(S3Error::NotImplemented("ListParts")),
            _ => "s3:PutObject",
        };
        self.state()
            .authorize(request.actor, action, &request.bucket, Some(key))?;
        let id = request.parameter("uploadId");
        match (&request.method, id) {
            (&Method::POST, None) => {
                request.allow_parameters(&["uploads"])?;
                self.create_upload(request, key)
            }
            (&Method::PUT, Some(id)) => {
                request.allow_parameters(&["uploadId", "partNumber"])?;
                self.upload_part(request, key, id)
            }
            (&Method::POST, Some(id)) => {
                request.allow_parameters(&["uploadId"])?;
                self.complete_upload(request, key, id)
            }
            (&Method::DELETE, Some(id)) => {
                request.allow_parameters(&["uploadId"])?;
                self.change(|state| {
                    find(&state.uploads, id, request, key)?;
                    state.uploads.remove(id);
                    Ok(())
                })?;
                Ok(Answer::empty(StatusCode::NO_CONTENT))
            }
            _ => Err(S3Error::MethodNotAllowed),
        }
    }

    fn create_upload(&self, request: &Request<'_>, key: &str) -> Result<Answer, S3Error> {
        let named = request.header("x-amz-checksum-algorithm");
        let algorithm = match named {
            None => Algorithm::Crc64nvme,
            Some(name) => Algorithm::named(name)
                .ok_or(S3Error::NotImplemented("this checksum's algorithm"))?,
        };
        let is_composite = match (request.header("x-amz-checksum-type"), algorithm) {
            (Some("COMPOSITE"), Algorithm::Crc64nvme)
            | (Some("FULL_OBJECT"), Algorithm::Sha256) => {
                let message = "The checksum's type can't be used with its algorithm".to_owned();
                return Err(S3Error::InvalidRequest(message));
            }
            (Some("FULL_OBJECT"), _) | (None, Algorithm::Crc64nvme) => false,
            _ => true,
        };
        let id = uuid::Uuid::new_v4().simple().to_string();
        let upload = Upload {
            bucket: request.bucket.clone(),
            key: key.to_owned(),
            headers: request.object_headers(),
            algorithm,
            is_composite,
            parts: BTreeMap::new(),
        };
        self.change(|state| {
            state.uploads.insert(id.clone(), upload);
            Ok(())
        })?;
        let mut text = xml::start("InitiateMultipartUploadResult");
        xml::push(&mut text, "Bucket", &request.bucket);
        xml::push(&mut text, "Key", key);
        xml::push(&mut text, "UploadId", &id);
        text.push_str("</InitiateMultipartUploadResult>");
        Ok(Answer::xml(text))
    }

    fn upload_part(&self, request: &Request<'_>, key: &str, id: &str) -> Result<Answer, S3Error> {
        let number = request
            .parameter("partNumber")
            .and_then(|number| number.parse().ok())
            .filter(|number| (1..=MAX_PARTS).contains(number))
            .ok_or_else(|| {
                let message = "Part number must be an integer between 1 and 10000, inclusive";
                S3Error::InvalidArgument(message.to_owned())
            })?;
        checksums::verify(&request.headers, &request.body)?;
        let algorithm = find(&self.state().uploads, id, request, key)?.algorithm;
        let kept = self.keep(
            &request.body,
            BTreeMap::new(),
            Checksum::of(algorithm, &request.body),
        )?;
        let mut answer = Answer::empty(StatusCode::OK);
        answer.headers.push(("etag", kept.etag.clone()));
        answer
            .headers
            .push((algorithm.header(), kept.checksum.value.clone()));
        let part = Part {
            md5: kept.etag.trim_matches('"').to_owned(),
            blob: kept.blob,
            size: kept.size,
            checksum: kept.checksum,
        };
        self.change(|state| {
            let upload = state.uploads.get_mut(id).ok_or(S3Error::NoSuchUpload)?;
            upload.parts.insert(number, part);
            Ok(())
        })?;
        Ok(answer)
    }

    fn complete_upload(
        &self,
        request: &Request<'_>,
        key: &str,
        id: &str,
    ) -> Result<Answer, S3Error> {
        let listed = uploads::listed(&request.body)?;
        let upload = find(&self.state().uploads, id, request, key)?.clone();
        let parts = upload.chosen(&listed)?;
        let mut bytes = BytesMut::new();
        for part in &parts {
            bytes.extend_from_slice(&self.blobs.get(&part.blob)?);
        }
        let bytes = bytes.freeze();
        let checksum = if upload.is_composite {
            Checksum::composite(upload.algorithm, parts.iter().map(|part| &part.checksum))
        } else {
            Checksum::of(upload.algorithm, &bytes)
        };
        if let Some(declared) = request.header(upload.algorithm.header())
            && declared != checksum.value
        {
            return Err(S3Error::BadDigest(upload.algorithm.header()));
        }
        let object = Object {
            etag: uploads::etag(&parts),
            is_composite: upload.is_composite,
            ..self.keep(&bytes, upload.headers.clone(), checksum)?
        };
        let [(_, value), (_, kind)] = checksum_headers(&object);
        let mut text = xml::start("CompleteMultipartUploadResult");
        xml::push(&mut text, "Location", &format!("/{}/{key}", request.bucket));
        xml::push(&mut text, "Bucket", &request.bucket);
        xml::push(&mut text, "Key", key);
        xml::push(&mut text, "ETag", &object.etag);
        xml::push(&mut text, upload.algorithm.element(), &value);
        xml::push(&mut text, "ChecksumType", &kind);
        text.push_str("</CompleteMultipartUploadResult>");
        let conditions = request.conditions();
        self.change(|state| {
            state.put(&request.bucket, key, object, &conditions)?;
            state.uploads.remove(id);
            Ok(())
        })?;
        Ok(Answer::xml(text))
    }
}

/// The upload with this id, if it is one of the object that the request names.
fn find<'u>(
    uploads: &'u BTreeMap<String, Upload>,
    id: &str,
    request: &Request<'_>,
    key: &str,
) -> Result<&'u Upload, S3Error> {
    uploads
        .get(id)
        .filter(|upload| upload.bucket == request.bucket && upload.key == key)
        .ok_or(S3Error::NoSuchUpload)
}
