//! An event stream, message by message, while it is open.

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde_json::Value;

use crate::http::{Http, event_data};

/// What was sent between two blank lines of a stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SentEvent {
    /// The id, empty without.
    pub id: String,
    /// What kind of event it says it is, empty without.
    pub name: String,
    /// How soon to come back, in milliseconds.
    pub retry: Option<u64>,
    /// The data, where there is any.
    pub data: Option<String>,
}

impl SentEvent {
    fn read(text: &str) -> Self {
        let mut event = Self {
            data: event_data(text).pop(),
            ..Self::default()
        };
        for line in text.lines() {
            match line.split_once(": ") {
                Some(("id", id)) => id.clone_into(&mut event.id),
                Some(("event", name)) => name.clone_into(&mut event.name),
                Some(("retry", retry)) => event.retry = retry.parse().ok(),
                _ => {}
            }
        }
        event
    }

    /// The message that it carries.
    pub fn message(&self) -> Result<Option<Value>> {
        let data = self.data.as_deref().filter(|_| self.name != "endpoint");
        Ok(data.map(serde_json::from_str).transpose()?)
    }
}

/// An open event stream.
#[derive(Debug)]
pub struct EventStream {
    body: Incoming,
    received: String,
}

impl EventStream {
    /// Sends a request that is answered by a stream.
    ///
    /// Errors: it is answered otherwise.
    pub async fn open(http: &Http, request: Request<Bytes>) -> Result<Self> {
        let response: Response<Incoming> = http.open(request).await?;
        let content_type = response.headers().get("content-type");
        let content_type = content_type.and_then(|value| value.to_str().ok());
        ensure!(
            content_type.is_some_and(|value| value.starts_with("text/event-stream")),
            "answered {} {content_type:?}",
            response.status()
        );
        Ok(Self {
            body: response.into_body(),
            received: String::new(),
        })
    }

    /// The next message; none after the last.
    pub async fn next(&mut self) -> Result<Option<Value>> {
        while let Some(event) = self.next_event().await? {
            if let Some(message) = event.message()? {
                return Ok(Some(message));
            }
        }
        Ok(None)
    }

    /// The next block between blank lines, be it an event, a comment or a field; none after the last.
    pub async fn next_event(&mut self) -> Result<Option<SentEvent>> {
        loop {
            if let Some(end) = self.received.find("\n\n") {
                let rest = self.received.split_off(end + 2);
                let event = SentEvent::read(&self.received);
                self.received = rest;
                return Ok(Some(event));
            }
            let Some(frame) = self.body.frame().await else {
                let rest = std::mem::take(&mut self.received);
                return Ok((!rest.is_empty()).then(|| SentEvent::read(&rest)));
            };
            if let Ok(data) = frame.context("the stream broke off")?.into_data() {
                // Everything here is ASCII or comes whole in one frame.
                self.received.push_str(std::str::from_utf8(&data)?);
            }
        }
    }

    /// The rest of the messages.
    pub async fn rest(mut self) -> Result<Vec<Value>> {
        let mut messages = Vec::new();
        while let Some(message) = self.next().await? {
            messages.push(message);
        }
        Ok(messages)
    }
}
