//! Server-sent events, as they are written. Source: HTML standard, "Server-sent events".

use crate::lambda::AnswerBody;
use bytes::Bytes;
use http::{HeaderValue, Response, header};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody};
use std::{convert::Infallible, fmt::Write as _, time::Duration};
use tokio::sync::mpsc;

/// How often something is written on a stream on which nothing happens, so that nothing between here and the client
/// takes it for dead.
pub(super) const HEARTBEAT_EVERY: Duration = Duration::from_secs(15);
/// A comment, which no client sees.
pub(super) const HEARTBEAT: Bytes = Bytes::from_static(b":\n\n");
/// Chunks that may wait to be sent before whoever writes them has to.
pub(super) const CHUNKS: usize = 16;

/// An event under construction.
#[derive(Debug, Default)]
pub(super) struct Event(String);

impl Event {
    /// Without anything yet.
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// From which the client can go on later.
    pub(super) fn id(mut self, id: &impl std::fmt::Display) -> Self {
        // Writing to a string can't fail.
        let _ = writeln!(self.0, "id: {id}");
        self
    }

    /// What kind it is; `message` without.
    pub(super) fn name(mut self, name: &str) -> Self {
        let _ = writeln!(self.0, "event: {name}");
        self
    }

    /// How soon the client comes back when the stream ends.
    pub(super) fn retry(mut self, retry: Duration) -> Self {
        let _ = writeln!(self.0, "retry: {}", retry.as_millis());
        self
    }

    /// A message, which is JSON without line breaks; empty for an event that only has an id.
    pub(super) fn data(mut self, data: &str) -> Bytes {
        if data.is_empty() {
            self.0.push_str("data:\n\n");
        } else {
            self.0.push_str("data: ");
            self.0.push_str(data);
            self.0.push_str("\n\n");
        }
        self.0.into()
    }

    /// Without any data, and not dispatched: what it says of the stream counts nevertheless. Clients before 2025-11-25
    /// take an event with empty data for a broken message.
    pub(super) fn undispatched(self) -> Bytes {
        self.0.into()
    }
}

/// A stream of events, as they come.
pub(super) fn stream(chunks: mpsc::Receiver<Bytes>) -> Response<AnswerBody> {
    let frames = futures_util::stream::unfold(chunks, |mut chunks| async move {
        let chunk = chunks.recv().await?;
        Some((Ok::<_, Infallible>(Frame::data(chunk)), chunks))
    });
    response(BodyExt::boxed(StreamBody::new(frames)))
}

/// A stream of which everything is known.
pub(super) fn whole(events: Bytes) -> Response<AnswerBody> {
    response(Full::new(events).boxed())
}

fn response(body: AnswerBody) -> Response<AnswerBody> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-cache"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // Proxies of the nginx kind would collect the events otherwise.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_written_field_by_field() {
        let retry = Duration::from_millis(500);
        let event = Event::new().id(&"a-1").retry(retry).name("endpoint");
        assert_eq!(
            event.data("{}"),
            "id: a-1\nretry: 500\nevent: endpoint\ndata: {}\n\n"
        );
        assert_eq!(Event::new().id(&"a-0").data(""), "id: a-0\ndata:\n\n");
        assert_eq!(Event::new().retry(retry).undispatched(), "retry: 500\n");
    }
}
