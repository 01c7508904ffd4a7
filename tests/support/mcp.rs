//! MCP requests as clients of either kind send them.

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};

use crate::http::{Http, Reply, json_request};

/// The stateless protocol revision.
pub const MODERN: &str = "2026-07-28";

/// A client of the stateless revision.
#[derive(Debug, Clone)]
pub struct ModernClient {
    http: Http,
    url: String,
}

impl ModernClient {
    /// A client of the server at `url`.
    pub fn new(http: Http, url: impl Into<String>) -> Self {
        Self {
            http,
            url: url.into(),
        }
    }

    /// The request as a well-behaved client sends it, to be changed before it is sent.
    pub fn prepare(&self, method: &str, params: Value) -> Result<Request<Bytes>> {
        modern_request(&self.url, method, params)
    }

    /// Sends a request and answers all of the HTTP answer.
    pub async fn send(&self, method: &str, params: Value) -> Result<Reply> {
        self.http.send(self.prepare(method, params)?).await
    }

    /// Sends a request and answers its JSON-RPC response: an object with `result` or `error`.
    pub async fn call(&self, method: &str, params: Value) -> Result<Value> {
        last_message(&self.send(method, params).await?)
    }
}

/// A client of a revision that begins with a handshake.
#[derive(Debug, Clone)]
pub struct LegacyClient {
    http: Http,
    url: String,
    version: String,
    session: Option<String>,
}

impl LegacyClient {
    /// Shakes hands in `version` with the server at `url`; answers the client and the result of `initialize`.
    ///
    /// Errors: the server refused, or settled on another version.
    pub async fn connect(
        http: Http,
        url: impl Into<String>,
        version: &str,
    ) -> Result<(Self, Value)> {
        let mut client = Self {
            http,
            url: url.into(),
            version: version.to_owned(),
            session: None,
        };
        let params = json!({
            "protocolVersion": version,
            "capabilities": {},
            "clientInfo": { "name": "tests", "version": "1.0.0" },
        });
        let reply = client
            .http
            .send(legacy_request(&client.url, "initialize", &params)?)
            .await?;
        let message = last_message(&reply)?;
        ensure!(
            message["result"]["protocolVersion"] == version,
            "initialize answered {message}"
        );
        client.session =
            Some(reply.header("mcp-session-id").to_owned()).filter(|session| !session.is_empty());

        let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        let request =
            client.with_headers(json_request(Method::POST, &client.url, &initialized)?)?;
        let accepted = client.http.send(request).await?;
        ensure!(
            accepted.status == 202,
            "notifications/initialized was answered {}",
            accepted.status
        );
        Ok((client, message["result"].clone()))
    }

    /// Sends a request and answers all of the HTTP answer.
    pub async fn send(&self, method: &str, params: Value) -> Result<Reply> {
        let request = self.with_headers(legacy_request(&self.url, method, &params)?)?;
        self.http.send(request).await
    }

    /// Sends a request and answers its JSON-RPC response: an object with `result` or `error`.
    pub async fn call(&self, method: &str, params: Value) -> Result<Value> {
        last_message(&self.send(method, params).await?)
    }

    /// Adds what every request after the handshake carries.
    fn with_headers(&self, mut request: Request<Bytes>) -> Result<Request<Bytes>> {
        let headers = request.headers_mut();
        headers.insert("accept", "application/json, text/event-stream".parse()?);
        headers.insert("mcp-protocol-version", self.version.parse()?);
        if let Some(session) = &self.session {
            headers.insert("mcp-session-id", session.parse()?);
        }
        Ok(request)
    }
}

/// A request of the stateless revision with everything it needs: `_meta`, and the headers that repeat the body.
pub fn modern_request(url: &str, method: &str, mut params: Value) -> Result<Request<Bytes>> {
    let name = ["name", "uri", "taskId"]
        .iter()
        .find_map(|key| params[key].as_str())
        .map(str::to_owned);
    params["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!(MODERN);
    params["_meta"]["io.modelcontextprotocol/clientInfo"] =
        json!({ "name": "tests", "version": "1.0.0" });
    let capabilities = &mut params["_meta"]["io.modelcontextprotocol/clientCapabilities"];
    if capabilities.is_null() {
        *capabilities = json!({});
    }
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let mut request = json_request(Method::POST, url, &body)?;
    let headers = request.headers_mut();
    headers.insert("accept", "application/json, text/event-stream".parse()?);
    headers.insert("mcp-protocol-version", MODERN.parse()?);
    headers.insert("mcp-method", method.parse()?);
    if let Some(name) = name {
        headers.insert("mcp-name", name.parse()?);
    }
    Ok(request)
}

/// A request of the older revisions, without the headers that come after the handshake.
fn legacy_request(url: &str, method: &str, params: &Value) -> Result<Request<Bytes>> {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let mut request = json_request(Method::POST, url, &body)?;
    request
        .headers_mut()
        .insert("accept", "application/json, text/event-stream".parse()?);
    Ok(request)
}

/// The JSON-RPC response of an answer, which is its only or its last message.
fn last_message(reply: &Reply) -> Result<Value> {
    let last = reply.messages()?.pop();
    last.with_context(|| format!("status {} without a message", reply.status))
}
