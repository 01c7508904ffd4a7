//! A small HTTP client: requests in, whole answers out.

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// An HTTP client with pooled keep-alive connections; clones share the pool.
#[derive(Debug, Clone)]
pub struct Http {
    client: Client<HttpConnector, Full<Bytes>>,
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl Default for Http {
    fn default() -> Self {
        Self::new()
    }
}

impl Http {
    /// A client without connections.
    pub fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
        }
    }

    /// Sends a request and reads the whole answer. An error status is an answer too.
    pub async fn send(&self, request: Request<Bytes>) -> Result<Reply> {
        let (parts, body) = self.open(request).await?.into_parts();
        let body = body
            .collect()
            .await
            .context("the answer broke off")?
            .to_bytes();
        Ok(Reply {
            status: parts.status,
            headers: parts.headers,
            body,
        })
    }

    /// Sends a request and hands over the answer as it arrives.
    pub async fn open(&self, request: Request<Bytes>) -> Result<Response<Incoming>> {
        let line = format!("{} {}", request.method(), request.uri());
        self.client
            .request(request.map(Full::new))
            .await
            .with_context(|| format!("{line} was not answered"))
    }

    /// `GET url`.
    pub async fn get(&self, url: &str) -> Result<Reply> {
        self.send(Request::get(url).body(Bytes::new())?).await
    }

    /// `DELETE url`.
    pub async fn delete(&self, url: &str) -> Result<Reply> {
        self.send(Request::delete(url).body(Bytes::new())?).await
    }

    /// `POST url` with a JSON body.
    pub async fn post(&self, url: &str, body: &Value) -> Result<Reply> {
        self.send(json_request(Method::POST, url, body)?).await
    }

    /// `PUT url` with a JSON body.
    pub async fn put(&self, url: &str, body: &Value) -> Result<Reply> {
        self.send(json_request(Method::PUT, url, body)?).await
    }
}

impl Reply {
    /// The body as text.
    pub fn text(&self) -> Result<&str> {
        std::str::from_utf8(&self.body).context("the body is not UTF-8")
    }

    /// The body as JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body)
            .with_context(|| format!("status {}, body is not JSON", self.status))
    }

    /// The value of a header, empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The JSON-RPC messages in the body: one in a JSON body, each event's in a stream of events.
    pub fn messages(&self) -> Result<Vec<Value>> {
        let content_type = self.header("content-type");
        if content_type.starts_with("application/json") {
            return Ok(vec![self.json()?]);
        }
        if content_type.starts_with("text/event-stream") {
            return event_data(self.text()?)
                .iter()
                .map(|data| Ok(serde_json::from_str(data)?))
                .collect();
        }
        bail!("status {}, content type {content_type:?}", self.status)
    }
}

/// A request with a JSON body.
pub fn json_request(method: Method, url: &str, body: &Value) -> Result<Request<Bytes>> {
    let builder = Request::builder()
        .method(method)
        .uri(url)
        .header("content-type", "application/json");
    Ok(builder.body(body.to_string().into())?)
}

/// The data of each event of an event stream that has any, lines joined as the HTML standard says.
pub fn event_data(stream: &str) -> Vec<String> {
    stream
        .replace("\r\n", "\n")
        .split("\n\n")
        .filter_map(|event| {
            let lines: Vec<_> = event
                .lines()
                .filter_map(|line| line.strip_prefix("data:"))
                .collect();
            let data: Vec<_> = lines
                .iter()
                .map(|line| line.strip_prefix(' ').unwrap_or(line))
                .collect();
            (!data.concat().is_empty()).then(|| data.join("\n"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_their_data() {
        let stream = ": keep-alive\n\nevent: message\ndata: {\"a\":\ndata: 1}\n\nid: 1\ndata:\n\ndata: 2\r\n\r\n";
        assert_eq!(event_data(stream), ["{\"a\":\n1}", "2"]);
    }
}
