//! Several messages in one body.
//!
//! Servers of revision 2025-03-26 have to take them; the revisions after it did away with them. Source: MCP
//! 2025-03-26, "Base protocol", "Batching", and "Lifecycle", "Initialization".

use super::{Rejection, headers::PROTOCOL_VERSION};
use bytes::{BufMut, Bytes, BytesMut};
use http::HeaderMap;
use serde_json::value::RawValue;

/// The revision with batches, which is also that of clients that name none.
const REVISION: &str = "2025-03-26";
/// Messages that are taken at once. They are answered one after the other, within the time of one request.
const MESSAGES_AT_MOST: usize = 64;

/// Whether a request carries a batch and may.
pub(super) fn is_batch(headers: &HeaderMap, body: &[u8]) -> bool {
    let is_allowed = headers
        .get(PROTOCOL_VERSION)
        .is_none_or(|version| version == REVISION);
    is_allowed && body.trim_ascii_start().first() == Some(&b'[')
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_revision_has_batches() {
        let in_revision = |version: &'static str| {
            let headers = HeaderMap::from_iter([(
                PROTOCOL_VERSION.parse().unwrap(),
                http::HeaderValue::from_static(version),
            )]);
            is_batch(&headers, b" [1]")
        };
        assert!(in_revision("2025-03-26"));
        assert!(!in_revision("2025-06-18"));
        assert!(is_batch(&HeaderMap::new(), b"\n[1]"));
        assert!(!is_batch(&HeaderMap::new(), b"{}"));
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
