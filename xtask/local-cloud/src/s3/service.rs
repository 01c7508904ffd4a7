//! S3 over HTTP: who calls, and which operation it is.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_TYPE, HeaderName};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use tokio::net::TcpListener;

use super::errors::S3Error;
use super::request::Request;
use super::{Actor, S3, account, chunked};
use crate::listener::{self, BoxError, ResponseBody, full};
use crate::sigv4::{self, ChunkVerifier, Service, SignatureError};

/// The largest body, in bytes: far more than a release has, and little enough to hold in memory.
const MAX_BODY: usize = 512 * 1024 * 1024;
/// The length of a SHA-256 in hexadecimal: other values say that the body is not hashed.
const HASH_LENGTH: usize = 64;
/// The ARN of callers while signatures are not verified.
const ROOT: &str = "arn:aws:iam::000000000000:root";

/// An answer before it goes out.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: Vec<(&'static str, String)>,
    /// Headers whose names the object brings along.
    pub(super) object_headers: Vec<(String, String)>,
    pub(super) body: Bytes,
}

impl Answer {
    pub(super) fn empty(status: StatusCode) -> Self {
        Self {
            status,
            headers: Vec::new(),
            object_headers: Vec::new(),
            body: Bytes::new(),
        }
    }

    pub(super) fn xml(text: String) -> Self {
        let mut answer = Self::empty(StatusCode::OK);
        answer
            .headers
            .push(("content-type", "application/xml".to_owned()));
        answer.body = text.into();
        answer
    }

    fn response(self) -> Response<ResponseBody> {
        let mut response = Response::new(full(self.body));
        *response.status_mut() = self.status;
        let own = self
            .headers
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value));
        for (name, value) in own.chain(self.object_headers) {
            if let (Ok(name), Ok(value)) =
                (name.parse::<HeaderName>(), HeaderValue::from_str(&value))
            {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

impl S3 {
    /// Serves until it is dropped.
    pub(crate) async fn serve(self: Arc<Self>, listener: TcpListener) {
        let handle = move |request: http::Request<Incoming>, _: SocketAddr| {
            let s3 = Arc::clone(&self);
            async move {
                let (parts, body) = request.into_parts();
                let body = read(&parts.headers, body).await?;
                Ok::<_, BoxError>(s3.answer(&parts, body))
            }
        };
        listener::serve(listener, handle, std::future::pending()).await;
    }

    /// `body` is `None` if it is too large.
    fn answer(&self, parts: &Parts, body: Option<Bytes>) -> Response<ResponseBody> {
        let answered = body
            .ok_or(S3Error::EntityTooLarge)
            .and_then(|body| self.call(parts, body));
        let mut response = match answered {
            Ok(answer) => answer.response(),
            Err(error) => error.response(&parts.method, parts.uri.path()),
        };
        let id = uuid::Uuid::new_v4().simple().to_string().to_uppercase();
        let headers = response.headers_mut();
        if let Ok(id) = HeaderValue::from_str(&id[..16]) {
            headers.insert("x-amz-request-id", id);
        }
        headers.insert(http::header::SERVER, HeaderValue::from_static("AmazonS3"));
        if !headers.contains_key(CONTENT_TYPE) && parts.method != Method::HEAD {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
        }
        response
    }

    fn call(&self, parts: &Parts, body: Bytes) -> Result<Answer, S3Error> {
        let (actor, chunks) = self.caller(parts, &body)?;
        let mut headers = parts.headers.clone();
        let body = chunked::decode(&mut headers, body, chunks)?;
        let request = Request::new(parts, headers, body, actor);
        request.check_headers()?;
        if request.bucket.is_empty() {
            return self.service_call(&request);
        }
        match &request.key {
            None => self.bucket_call(&request),
            Some(key)
                if request.query.contains_key("uploads")
                    || request.query.contains_key("uploadId") =>
            {
                self.upload_call(&request, key)
            }
            Some(key) => self.object_call(&request, key),
        }
    }

    /// Who calls, and what verifies the chunks of a body that is signed chunk by chunk.
    fn caller(
        &self,
        parts: &Parts,
        body: &[u8],
    ) -> Result<(Actor<'_>, Option<ChunkVerifier>), S3Error> {
        let Some(keyring) = &self.keyring else {
            check_hash(&parts.headers, body)?;
            return Ok((account(ROOT), None));
        };
        match sigv4::verify(keyring, Service::S3, parts, body, OffsetDateTime::now_utc()) {
            Ok(signed) => Ok((account(&signed.principal.arn), signed.chunks)),
            Err(SignatureError::Missing) => {
                check_hash(&parts.headers, body)?;
                Ok((Actor::Anonymous, None))
            }
            Err(SignatureError::Body) => Err(S3Error::ContentHash),
            Err(error) => Err(error.into()),
        }
    }
}

/// Whether the body has the hash that the headers declare, if they declare one.
fn check_hash(headers: &HeaderMap, body: &[u8]) -> Result<(), S3Error> {
    match headers.get("x-amz-content-sha256") {
        Some(declared)
            if declared.len() == HASH_LENGTH
                && declared.as_bytes() != hex::encode(Sha256::digest(body)).as_bytes() =>
        {
            Err(S3Error::ContentHash)
        }
        _ => Ok(()),
    }
}

/// The whole body, or `None` if it is too large; what is too large is not read to its end.
async fn read(headers: &HeaderMap, mut body: Incoming) -> Result<Option<Bytes>, hyper::Error> {
    let declared = headers
        .get(http::header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|length| length > MAX_BODY) {
        return Ok(None);
    }
    let mut collected = BytesMut::with_capacity(declared.unwrap_or_default());
    while let Some(frame) = body.frame().await {
        if let Ok(chunk) = frame?.into_data() {
            if collected.len() + chunk.len() > MAX_BODY {
                return Ok(None);
            }
            collected.extend_from_slice(&chunk);
        }
    }
    Ok(Some(collected.freeze()))
}
