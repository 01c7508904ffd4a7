//! Several messages in one body.
//!
//! Servers of revision 2025-03-26 have to take them; the revisions after it did away with them. Source: MCP
//! 2025-03-26, "Base protocol", "Batching", and "Lifecycle", "Initialization".

use super::{Gateway, Rejection, envelope::Envelope, headers::PROTOCOL_VERSION};
use crate::{invocation::Invocation, invoke::FunctionInvoker, lambda::AnswerBody};
use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use registry::RegistrationStore;
use rmcp::model::ProtocolVersion;
use serde_json::value::RawValue;

/// The revision with batches, which is also that of clients that name none.
const REVISION: ProtocolVersion = ProtocolVersion::V_2025_03_26;
/// Messages that are taken at once. They are answered one after the other, within the time of one request.
const MESSAGES_AT_MOST: usize = 64;

/// Whether a body is a batch, whoever may send one.
pub(super) fn is_one(body: &[u8]) -> bool {
    body.trim_ascii_start().first() == Some(&b'[')
}

/// That a client without a session may send batches.
pub(super) fn require_revision(headers: &HeaderMap) -> Result<(), Rejection> {
    match headers.get(PROTOCOL_VERSION) {
        Some(version) if version != REVISION.as_str() => Err(refused()),
        _ => Ok(()),
    }
}

/// That a session may.
pub(super) fn require_version(version: Option<&ProtocolVersion>) -> Result<(), Rejection> {
    match version {
        Some(version) if *version == REVISION => Ok(()),
        _ => Err(refused()),
    }
}

/// Why a batch isn't taken.
pub(super) fn refused() -> Rejection {
    Rejection::invalid(None, "batches are only taken in revision 2025-03-26")
}

/// The messages of a batch, each of which is still to be read.
///
/// # Errors
///
/// -32700 for what isn't JSON, -32600 for no messages and for too many.
pub(super) fn messages(body: &Bytes) -> Result<Vec<Bytes>, Rejection> {
    let messages: Vec<&RawValue> = serde_json::from_slice(body).map_err(|_| Rejection::NotJson)?;
    if messages.is_empty() || messages.len() > MESSAGES_AT_MOST {
        return Err(Rejection::invalid(
            None,
            &format!("a batch holds from 1 to {MESSAGES_AT_MOST} messages"),
        ));
    }
    let slices = messages
        .into_iter()
        .map(|message| body.slice_ref(message.get().as_bytes()));
    Ok(slices.collect())
}

/// Answers as one body; none when there is nothing to answer.
pub(super) fn joined(answers: &[Bytes]) -> Option<Bytes> {
    let mut body = BytesMut::with_capacity(answers.iter().map(|answer| answer.len() + 1).sum());
    for answer in answers.iter().filter(|answer| !answer.is_empty()) {
        body.put_u8(if body.is_empty() { b'[' } else { b',' });
        body.put_slice(answer);
    }
    if body.is_empty() {
        return None;
    }
    body.put_u8(b']');
    Some(body.freeze())
}

impl<S: RegistrationStore, I: FunctionInvoker> Gateway<S, I> {
    /// Answers the messages of a client without a session, one after the other.
    pub(super) async fn answer_batch(
        &self,
        request: Request<Bytes>,
        invocation: &Invocation,
    ) -> Result<Response<AnswerBody>, Rejection> {
        let (parts, body) = request.into_parts();
        let mut answers = Vec::new();
        for message in messages(&body)? {
            let answered = match Envelope::parse(&message) {
                Ok(envelope) if envelope.method.as_deref() == Some("initialize") => Err(
                    Rejection::invalid(envelope.id, "`initialize` can't be part of a batch"),
                ),
                Ok(envelope) => {
                    let request = Request::from_parts(parts.clone(), message);
                    self.dispatch(request, envelope, invocation).await
                }
                Err(rejection) => Err(rejection),
            };
            let response = answered.unwrap_or_else(Rejection::into_response);
            let Ok(body) = response.into_body().collect().await;
            answers.push(body.to_bytes());
        }
        let joined = joined(&answers);
        let mut response = Response::new(Full::new(joined.clone().unwrap_or_default()).boxed());
        if joined.is_some() {
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert(header::CONTENT_TYPE, json);
        } else {
            *response.status_mut() = StatusCode::ACCEPTED;
        }
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_revision_has_batches() {
        assert!(is_one(b"\n[1]") && !is_one(b"{}"));
        let in_revision = |version: &'static str| {
            let headers = HeaderMap::from_iter([(
                PROTOCOL_VERSION.parse().unwrap(),
                HeaderValue::from_static(version),
            )]);
            require_revision(&headers)
        };
        assert!(in_revision("2025-03-26").is_ok());
        assert!(in_revision("2025-06-18").is_err());
        assert!(require_revision(&HeaderMap::new()).is_ok());
        assert!(require_version(Some(&REVISION)).is_ok());
        assert!(require_version(Some(&ProtocolVersion::V_2025_06_18)).is_err());
    }

    #[test]
    fn messages_are_taken_apart_and_answers_joined() {
        let body = Bytes::from_static(b"[{\"a\": [1]}, 2,[]]");
        assert_eq!(messages(&body).unwrap(), ["{\"a\": [1]}", "2", "[]"]);
        for refused in ["[", "[]", "[1,]", &format!("[{}1]", "1,".repeat(64))] {
            assert!(messages(&Bytes::from(refused.to_owned())).is_err());
        }
        let answers = ["", "{}", "", "1"].map(Bytes::from);
        assert_eq!(joined(&answers).unwrap(), "[{},1]");
        assert_eq!(joined(&answers[..1]), None);
    }
}
