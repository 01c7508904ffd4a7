//! The requests that are measured.

use anyhow::Result;
use bytes::Bytes;
use http::{Method, Request, Uri};
use serde_json::{Value, json};

/// The protocol revision that is measured: the stateless one.
const REVISION: &str = "2026-07-28";

/// The sample tool's function, which every measured call ends in.
pub(crate) const TOOL_FUNCTION: &str = "mcp-tool-hello";

/// An MCP request without parameters of its own, such as `server/discover`.
pub(crate) fn mcp(url: &Uri, method: &str) -> Result<Request<Bytes>> {
    mcp_with(url, method, None, json!({}))
}

/// A page of `tools/list`, from its start or from where a cursor says.
pub(crate) fn tools_list(url: &Uri, cursor: Option<&str>) -> Result<Request<Bytes>> {
    let params = cursor.map_or_else(|| json!({}), |cursor| json!({ "cursor": cursor }));
    mcp_with(url, "tools/list", None, params)
}

/// A call of the tool `name`.
pub(crate) fn tools_call(url: &Uri, name: &str) -> Result<Request<Bytes>> {
    mcp_with(
        url,
        "tools/call",
        Some(name),
        json!({ "name": name, "arguments": arguments() }),
    )
}

fn mcp_with(
    url: &Uri,
    method: &str,
    name: Option<&str>,
    mut params: Value,
) -> Result<Request<Bytes>> {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": REVISION,
        "io.modelcontextprotocol/clientInfo": { "name": "bench", "version": "1.0.0" },
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let mut request = post(url)
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", REVISION)
        .header("mcp-method", method);
    if let Some(name) = name {
        request = request.header("mcp-name", name);
    }
    Ok(request.body(body.to_string().into())?)
}

/// `initialize` in the last revision that begins with it.
pub(crate) fn initialize(url: &Uri) -> Result<Request<Bytes>> {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {},
        "clientInfo": { "name": "bench", "version": "1.0.0" },
    } });
    let request = post(url).header("accept", "application/json, text/event-stream");
    Ok(request.body(body.to_string().into())?)
}

/// A client's look for notifications in its session.
pub(crate) fn listen(url: &Uri, session: &str) -> Result<Request<Bytes>> {
    let request = get(url).header("mcp-session-id", session);
    Ok(request.body(Bytes::new())?)
}

/// The stream of a new session of 2024-11-05.
pub(crate) fn sse(url: &Uri) -> Result<Request<Bytes>> {
    Ok(get(url).body(Bytes::new())?)
}

fn get(url: &Uri) -> http::request::Builder {
    Request::get(path(url))
        .header("host", host(url))
        .header("accept", "text/event-stream")
}

/// The same tool, invoked through the Lambda API with what the MCP function would send it.
pub(crate) fn direct_invoke(lambda: &Uri) -> Result<Request<Bytes>> {
    let url = join(
        lambda,
        &format!("/2015-03-31/functions/{TOOL_FUNCTION}/invocations"),
    )?;
    let payload = json!({ "args": arguments(), "extra": { "registration": { "type": "tool", "name": "hello" } } });
    Ok(post(&url)
        .header("x-amz-invocation-type", "RequestResponse")
        .body(payload.to_string().into())?)
}

/// The registration of one of many tools.
pub(crate) fn register(url: &Uri, name: &str) -> Result<Request<Bytes>> {
    let registration = json!({
        "type": "tool",
        "name": name,
        "title": "One of many",
        "description": "A tool of the benchmark, one of many that run the same function",
        "lambdaArn": format!("arn:aws:lambda:us-east-1:000000000000:function:{TOOL_FUNCTION}"),
        "inputSchema": {
            "type": "object",
            "properties": { "name": { "type": "string", "description": "Who is greeted" } },
            "required": ["name"],
        },
    });
    Ok(post(url).body(registration.to_string().into())?)
}

/// `GET` of a registration that does not exist.
pub(crate) fn unknown_registration(url: &Uri) -> Result<Request<Bytes>> {
    let url = join(url, "/register/tool-unknown")?;
    Ok(Request::builder()
        .method(Method::GET)
        .uri(path(&url))
        .header("host", host(&url))
        .body(Bytes::new())?)
}

fn arguments() -> Value {
    json!({ "name": "Ada" })
}

/// A POST of JSON as HTTP/1.1 sends it: the path in the request line, the host in a header.
fn post(url: &Uri) -> http::request::Builder {
    Request::builder()
        .method(Method::POST)
        .uri(path(url))
        .header("host", host(url))
        .header("content-type", "application/json")
}

/// `path` at the host of `url`.
fn join(url: &Uri, path: &str) -> Result<Uri> {
    let mut parts = url.clone().into_parts();
    parts.path_and_query = Some(path.parse()?);
    Ok(Uri::from_parts(parts)?)
}

fn path(url: &Uri) -> &str {
    url.path_and_query().map_or("/", |path| path.as_str())
}

fn host(url: &Uri) -> &str {
    url.authority().map_or("", |authority| authority.as_str())
}
