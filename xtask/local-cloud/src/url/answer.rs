//! A function's answer as the HTTP response that a Function URL makes of it.

use std::pin::Pin;
use std::task::{Context, Poll};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::{Bytes, BytesMut};
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, SET_COOKIE, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::{Body, Frame};
use serde::Deserialize;
use serde_json::{Map, Value};
use thiserror::Error;
use tokio::sync::mpsc;

use crate::host::{FunctionFailure, StreamedAnswer};
use crate::listener::{BoxError, ResponseBody, full};

/// The content type of a stream that begins with a prelude.
const INTEGRATION_RESPONSE: &str = "application/vnd.awslambda.http-integration-response";
/// What stands between prelude and body.
const DELIMITER: [u8; 8] = [0; 8];
/// The longest prelude, in bytes. Headers beyond it would not fit into a response either.
const MAX_PRELUDE: usize = 16 * 1024;

/// An answer that no response can be made of.
#[derive(Debug, Error)]
pub(crate) enum BadAnswer {
    #[error("the function's response is not JSON")]
    NotJson(#[source] serde_json::Error),
    #[error("the function's response is malformed")]
    Malformed(#[source] serde_json::Error),
    #[error("the function's response has the invalid status code {0}")]
    Status(u16),
    #[error("the function's response has an invalid header {0:?}")]
    Header(String),
    #[error("the function's response says base64 and is not")]
    Base64,
    #[error("the function's stream has a prelude of more than {MAX_PRELUDE} bytes")]
    PreludeTooLong,
    #[error("the function's stream ended within its prelude")]
    PreludeTruncated,
    #[error("the function's stream broke off within its prelude")]
    Failed(#[source] FunctionFailure),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    status_code: u16,
    #[serde(default)]
    headers: Option<Map<String, Value>>,
    #[serde(default)]
    cookies: Option<Vec<String>>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: Option<bool>,
}

impl Document {
    fn response(&self, body: ResponseBody) -> Result<Response<ResponseBody>, BadAnswer> {
        let mut response = Response::new(body);
        *response.status_mut() = status(self.status_code)?;
        let headers = response.headers_mut();
        for (name, value) in self.headers.iter().flatten() {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Number(_) | Value::Bool(_) => value.to_string(),
                Value::Null | Value::Array(_) | Value::Object(_) => {
                    return Err(BadAnswer::Header(name.clone()));
                }
            };
            append(headers, name, &text)?;
        }
        for cookie in self.cookies.iter().flatten() {
            append(headers, SET_COOKIE.as_str(), cookie)?;
        }
        // How the response is framed is the front end's affair.
        for name in [CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION] {
            headers.remove(name);
        }
        headers
            .entry(CONTENT_TYPE)
            .or_insert(HeaderValue::from_static("application/json"));
        Ok(response)
    }
}

fn status(code: u16) -> Result<StatusCode, BadAnswer> {
    // 1xx would not be an answer; hyper refuses to send one as such.
    StatusCode::from_u16(code)
        .ok()
        .filter(|_| (200..1000).contains(&code))
        .ok_or(BadAnswer::Status(code))
}

fn append(headers: &mut HeaderMap, name: &str, value: &str) -> Result<(), BadAnswer> {
    let invalid = || BadAnswer::Header(name.to_owned());
    let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid())?;
    let value = HeaderValue::from_str(value).map_err(|_| invalid())?;
    headers.append(key, value);
    Ok(())
}

/// The response for a whole answer: `{statusCode, headers, cookies, body, isBase64Encoded}`, or any JSON as the body
/// of a 200.
pub(crate) fn buffered(payload: &Bytes) -> Result<Response<ResponseBody>, BadAnswer> {
    let answer: Value = serde_json::from_slice(payload).map_err(BadAnswer::NotJson)?;
    if answer.get("statusCode").is_none() {
        let body = match answer {
            Value::String(text) => Bytes::from(text),
            _ => payload.clone(),
        };
        let mut response = Response::new(full(body));
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        return Ok(response);
    }
    let mut document: Document = serde_json::from_value(answer).map_err(BadAnswer::Malformed)?;
    let body = document.body.take().unwrap_or_default();
    let body = if document.is_base64_encoded == Some(true) {
        BASE64_STANDARD
            .decode(body)
            .map_err(|_| BadAnswer::Base64)?
    } else {
        body.into_bytes()
    };
    document.response(full(body))
}

/// A whole answer at a URL that streams: its bytes as they are.
pub(crate) fn unwrapped(payload: Bytes) -> Response<ResponseBody> {
    let mut response = Response::new(full(payload));
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    response
}

/// The response for a stream; returns once the prelude is complete, the body follows as the function writes it.
pub(crate) async fn streamed(
    mut answer: StreamedAnswer,
) -> Result<Response<ResponseBody>, BadAnswer> {
    if !answer
        .content_type
        .eq_ignore_ascii_case(INTEGRATION_RESPONSE)
    {
        let mut response = Response::new(UnsyncBoxBody::new(ChunkBody {
            first: None,
            chunks: answer.chunks,
        }));
        let content_type = HeaderValue::from_str(&answer.content_type);
        let fallback = HeaderValue::from_static("application/octet-stream");
        response
            .headers_mut()
            .insert(CONTENT_TYPE, content_type.unwrap_or(fallback));
        return Ok(response);
    }
    let mut collected = BytesMut::new();
    loop {
        let chunk = match answer.chunks.recv().await {
            Some(Ok(chunk)) => chunk,
            Some(Err(failure)) => return Err(BadAnswer::Failed(failure)),
            None => return Err(BadAnswer::PreludeTruncated),
        };
        // The delimiter may have begun in the bytes that are there.
        let from = collected.len().saturating_sub(DELIMITER.len() - 1);
        collected.extend_from_slice(&chunk);
        let found = collected[from..]
            .windows(DELIMITER.len())
            .position(|window| window == DELIMITER);
        let end = found.map(|position| from + position);
        if end.unwrap_or(collected.len()) > MAX_PRELUDE {
            return Err(BadAnswer::PreludeTooLong);
        }
        if let Some(end) = end {
            let rest = collected.split_off(end + DELIMITER.len()).freeze();
            let document: Document =
                serde_json::from_slice(&collected[..end]).map_err(BadAnswer::Malformed)?;
            let first = (!rest.is_empty()).then_some(rest);
            return document.response(UnsyncBoxBody::new(ChunkBody {
                first,
                chunks: answer.chunks,
            }));
        }
    }
}

/// A function's chunks as a response body. A failure breaks the response off, as the status has been sent by then.
struct ChunkBody {
    first: Option<Bytes>,
    chunks: mpsc::Receiver<Result<Bytes, FunctionFailure>>,
}

impl Body for ChunkBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        self.chunks
            .poll_recv(cx)
            .map(|chunk| chunk.map(|chunk| Ok(Frame::data(chunk?))))
    }
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
