//! Puts into answers what goes past the dispatcher.

use crate::{lambda::AnswerBody, server::Verbatim};
use bytes::Bytes;
use http::{HeaderValue, Response, header};
use http_body_util::{BodyExt, Full};
use serde_json::Value;

const EVENT_STREAM: &str = "text/event-stream";
/// Begins the line of an event that has the message; the dispatcher writes each message as one line.
const DATA: &str = "data: ";

/// Completes an answer. One that nothing belongs into passes through untouched.
pub(super) async fn complete(
    response: Response<AnswerBody>,
    verbatim: Verbatim,
) -> Response<AnswerBody> {
    let is = |content_type: &str| {
        let value: Option<&HeaderValue> = response.headers().get(header::CONTENT_TYPE);
        value.is_some_and(|value| value.as_bytes().starts_with(content_type.as_bytes()))
    };
    if is(EVENT_STREAM) {
        // It may come at the end of the stream.
        return response.map(|body| {
            body.map_frame(move |frame| {
                if verbatim.is_set() {
                    frame.map_data(|chunk| in_events(&chunk, &verbatim))
                } else {
                    frame
                }
            })
            .boxed()
        });
    }
    if !verbatim.is_set() {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(body) = body.collect().await;
    let completed = in_message(&body.to_bytes(), &verbatim);
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Full::new(completed).boxed())
}

fn in_message(message: &Bytes, verbatim: &Verbatim) -> Bytes {
    match serde_json::from_slice::<Value>(message) {
        Ok(mut value) => {
            verbatim.complete(&mut value);
            value.to_string().into()
        }
        Err(_) => message.clone(),
    }
}

fn in_events(chunk: &Bytes, verbatim: &Verbatim) -> Bytes {
    let Ok(text) = std::str::from_utf8(chunk) else {
        return chunk.clone();
    };
    let lines = text.split_inclusive('\n').map(|line| {
        match line
            .strip_prefix(DATA)
            .map(|data| Bytes::copy_from_slice(data.trim_end().as_bytes()))
        {
            Some(data) if verbatim.may_complete(line) => {
                let completed = in_message(&data, verbatim);
                format!("{DATA}{}\n", String::from_utf8_lossy(&completed))
            }
            _ => line.to_owned(),
        }
    });
    lines.collect::<String>().into()
}
