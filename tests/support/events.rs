//! An event stream, message by message, while it is open.

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde_json::Value;

use crate::http::{Http, event_data};

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
        loop {
            while let Some(end) = self.received.find("\n\n") {
                let rest = self.received.split_off(end + 2);
                let data = event_data(&self.received).pop();
                self.received = rest;
                if let Some(data) = data {
                    return Ok(Some(serde_json::from_str(&data)?));
                }
            }
            let Some(frame) = self.body.frame().await else {
                return Ok(None);
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
