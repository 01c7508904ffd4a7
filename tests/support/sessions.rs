//! Clients with sessions, and those of 2024-11-05, one HTTP request at a time.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Map, Value, json};

use crate::cloud::TestCloud;
use crate::events::{EventStream, SentEvent};
use crate::http::{Reply, json_request};
use crate::signing::Signer;

/// Long enough that only what never comes is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// A client with a session of streamable HTTP.
#[derive(Debug, Clone)]
pub struct SessionClient<'a> {
    cloud: &'a TestCloud,
    signer: Option<Signer>,
    version: String,
    /// The session's id.
    pub id: String,
    /// The result of `initialize`.
    pub initialized: Value,
}

impl<'a> SessionClient<'a> {
    /// Opens a session.
    ///
    /// Errors: the server settled on another version, or gave no session.
    pub async fn open(cloud: &'a TestCloud, version: &str, capabilities: Value) -> Result<Self> {
        Self::open_as(cloud, None, version, capabilities).await
    }

    /// Opens a session as whoever signs.
    pub async fn open_as(
        cloud: &'a TestCloud,
        signer: Option<Signer>,
        version: &str,
        capabilities: Value,
    ) -> Result<Self> {
        let mut client = Self {
            cloud,
            signer,
            version: String::new(),
            id: String::new(),
            initialized: Value::Null,
        };
        let reply = client.post(&initialize(version, capabilities)).await?;
        let answer = reply.json()?;
        ensure!(
            answer["result"]["protocolVersion"] == version,
            "initialize answered {answer}"
        );
        version.clone_into(&mut client.version);
        reply.header("mcp-session-id").clone_into(&mut client.id);
        client.initialized = answer["result"].clone();
        ensure!(!client.id.is_empty(), "no session: {answer}");
        Ok(client)
    }

    /// The same session, as somebody else uses it.
    #[must_use]
    pub fn used_by(&self, signer: Signer) -> Self {
        Self {
            signer: Some(signer),
            ..self.clone()
        }
    }

    /// A request of the session, to be changed before it is sent.
    pub fn prepare(&self, method: Method, body: Option<&Value>) -> Result<Request<Bytes>> {
        let url = self.cloud.url("/mcp");
        let mut request = match body {
            Some(body) => json_request(method, &url, body)?,
            None => Request::builder()
                .method(method)
                .uri(url)
                .body(Bytes::new())?,
        };
        let headers = request.headers_mut();
        headers.insert("accept", "application/json, text/event-stream".parse()?);
        for (name, value) in [
            ("mcp-protocol-version", &self.version),
            ("mcp-session-id", &self.id),
        ] {
            if !value.is_empty() {
                headers.insert(name, value.parse()?);
            }
        }
        Ok(request)
    }

    fn signed(&self, request: Request<Bytes>) -> Result<Request<Bytes>> {
        match &self.signer {
            Some(signer) => signer.sign(request),
            None => Ok(request),
        }
    }

    /// Sends a request of the session.
    pub async fn send(&self, request: Request<Bytes>) -> Result<Reply> {
        self.cloud.http().send(self.signed(request)?).await
    }

    /// Posts a message, or several.
    pub async fn post(&self, message: &Value) -> Result<Reply> {
        self.send(self.prepare(Method::POST, Some(message))?).await
    }

    /// Sends a request and answers its response, the last message that comes back.
    pub async fn call(&self, method: &str, params: Value) -> Result<Value> {
        let reply = self.post(&request(json!(1), method, params)).await?;
        let last = reply.messages()?.pop();
        last.with_context(|| format!("status {} without a message", reply.status))
    }

    /// Sends a request that is answered by a stream.
    pub async fn begin(&self, id: Value, method: &str, params: Value) -> Result<EventStream> {
        let message = request(id, method, params);
        let request = self.prepare(Method::POST, Some(&message))?;
        EventStream::open(self.cloud.http(), self.signed(request)?).await
    }

    /// Opens the stream of notifications, or another one where it was left.
    pub async fn listen(&self, last: Option<&str>) -> Result<EventStream> {
        let mut request = self.prepare(Method::GET, None)?;
        if let Some(last) = last {
            request.headers_mut().insert("last-event-id", last.parse()?);
        }
        EventStream::open(self.cloud.http(), self.signed(request)?).await
    }

    /// Replies to a question of the server.
    pub async fn reply(&self, question: &Value, result: Value) -> Result<Reply> {
        let reply = message([("id", question["id"].clone()), ("result", result)]);
        self.post(&reply).await
    }
}

/// A client of 2024-11-05 with its stream.
#[derive(Debug)]
pub struct SseClient<'a> {
    cloud: &'a TestCloud,
    signer: Option<Signer>,
    /// The stream.
    pub stream: EventStream,
    /// Where messages go: a path with a query.
    pub endpoint: String,
    /// The id of the last event that came.
    pub last_event: String,
}

impl<'a> SseClient<'a> {
    /// Opens a stream, in a new session, or where another one was left.
    pub async fn open(
        cloud: &'a TestCloud,
        signer: Option<Signer>,
        last: Option<&str>,
    ) -> Result<Self> {
        let mut request = Request::get(cloud.url("/sse")).header("accept", "text/event-stream");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let mut request = request.body(Bytes::new())?;
        if let Some(signer) = &signer {
            request = signer.sign(request)?;
        }
        let stream = EventStream::open(cloud.http(), request).await?;
        let mut client = Self {
            cloud,
            signer,
            stream,
            endpoint: String::new(),
            last_event: String::new(),
        };
        let first = client.event().await?;
        ensure!(first.name == "endpoint", "the first event is {first:?}");
        client.endpoint = first.data.unwrap_or_default();
        Ok(client)
    }

    /// Opens a stream and shakes hands.
    pub async fn connect(cloud: &'a TestCloud, capabilities: Value) -> Result<Self> {
        let mut client = Self::open(cloud, None, None).await?;
        client.post(&initialize("2024-11-05", capabilities)).await?;
        let answer = client.message().await?;
        ensure!(
            answer["result"]["protocolVersion"] == "2024-11-05",
            "initialize answered {answer}"
        );
        Ok(client)
    }

    /// Posts a body.
    pub async fn send(&self, body: impl Into<Bytes>) -> Result<Reply> {
        let request = Request::post(self.cloud.url(&self.endpoint))
            .header("content-type", "application/json")
            .body(body.into())?;
        let request = match &self.signer {
            Some(signer) => signer.sign(request)?,
            None => request,
        };
        self.cloud.http().send(request).await
    }

    /// Posts a message, which is taken.
    pub async fn post(&self, message: &Value) -> Result<()> {
        let reply = self.send(message.to_string()).await?;
        ensure!(reply.status == 202, "{} {}", reply.status, reply.text()?);
        Ok(())
    }

    /// The next event that is not a comment.
    pub async fn event(&mut self) -> Result<SentEvent> {
        loop {
            let event = tokio::time::timeout(PATIENCE, self.stream.next_event()).await??;
            let event = event.context("the stream has ended")?;
            if !event.id.is_empty() {
                event.id.clone_into(&mut self.last_event);
            }
            if event.data.is_some() {
                return Ok(event);
            }
        }
    }

    /// The next message.
    pub async fn message(&mut self) -> Result<Value> {
        self.event().await?.message()?.context("no message")
    }

    /// Posts a request and answers its response, which is the next message.
    pub async fn call(&mut self, method: &str, params: Value) -> Result<Value> {
        self.post(&request(json!(method), method, params)).await?;
        self.message().await
    }
}

/// A request.
pub fn request(id: Value, method: &str, params: Value) -> Value {
    message([("id", id), ("method", method.into()), ("params", params)])
}

/// A notification.
pub fn notification(method: &str, params: Value) -> Value {
    message([("method", method.into()), ("params", params)])
}

/// `initialize`.
pub fn initialize(version: &str, capabilities: Value) -> Value {
    let mut params = json!({
        "protocolVersion": version, "clientInfo": { "name": "tests", "version": "1.0.0" },
    });
    params["capabilities"] = capabilities;
    request(json!(0), "initialize", params)
}

fn message<const N: usize>(members: [(&str, Value); N]) -> Value {
    let members = [("jsonrpc", json!("2.0"))].into_iter().chain(members);
    members
        .map(|(key, value)| (key.to_owned(), value))
        .collect::<Map<_, _>>()
        .into()
}

/// The next message of a stream that has more.
pub async fn next(stream: &mut EventStream) -> Result<Value> {
    let message = tokio::time::timeout(PATIENCE, stream.next()).await??;
    message.context("the stream has ended")
}

/// The rest of the messages of a stream that ends.
pub async fn rest(stream: EventStream) -> Result<Vec<Value>> {
    tokio::time::timeout(PATIENCE, stream.rest()).await?
}
