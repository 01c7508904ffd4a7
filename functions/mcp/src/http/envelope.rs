//! The JSON-RPC envelope of a request: enough of it to route, to look things up and to refuse what isn't one.

use super::{Rejection, batch};
use crate::{
    server::{ClientView, Era},
    subscriptions::Wanted,
};
use rmcp::model::ProtocolVersion;
use serde_json::{Map, Value};

/// The key in `params._meta` with the revision a request speaks. Source: MCP 2026-07-28, "Base protocol".
const PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";

/// The method of a client that listens.
const LISTEN: &str = "subscriptions/listen";

/// A JSON-RPC message, checked as far as its own form goes.
#[derive(Debug)]
pub(super) struct Envelope {
    /// The id; none for a notification.
    pub(super) id: Option<Value>,
    /// The method; none for a reply.
    pub(super) method: Option<String>,
    /// Whether the request itself says which revision of the protocol it speaks, as since 2026-07-28 each does.
    pub(super) names_version: bool,
    /// Who sends it, as far as the request itself says.
    pub(super) client: ClientView,
    /// What a client that listens wants to hear of.
    pub(super) wanted: Option<Wanted>,
    /// `params.name`, `params.uri` or `params.taskId`, where the method has one.
    target: Option<String>,
}

impl Envelope {
    /// Reads a body.
    ///
    /// # Errors
    ///
    /// -32700 for what isn't JSON, -32600 for what isn't one JSON-RPC 2.0 message, -32602 for parameters of the
    /// wrong type.
    pub(super) fn parse(body: &[u8]) -> Result<Self, Rejection> {
        let message = match serde_json::from_slice(body).map_err(|_| Rejection::NotJson)? {
            Value::Object(message) => message,
            Value::Array(_) => {
                return Err(batch::refused());
            }
            _ => return Err(Rejection::invalid(None, "a JSON-RPC message is an object")),
        };
        let id = id(&message)?;
        if message.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
            return Err(Rejection::invalid(id, "`jsonrpc` has to be \"2.0\""));
        }
        let is_reply = message.contains_key("result") || message.contains_key("error");
        let method = match message.get("method") {
            Some(_) if is_reply => {
                return Err(Rejection::invalid(
                    id,
                    "a message has either a `method` or a `result` or an `error`",
                ));
            }
            Some(Value::String(method)) => method.clone(),
            Some(_) => return Err(Rejection::invalid(id, "`method` has to be a string")),
            None if is_reply => {
                return Ok(Self {
                    id,
                    method: None,
                    names_version: false,
                    client: ClientView::stateless_legacy(),
                    wanted: None,
                    target: None,
                });
            }
            None => return Err(Rejection::invalid(id, "`method` is missing")),
        };
        let params = match message.get("params") {
            None => None,
            Some(Value::Object(params)) => Some(params),
            Some(_) => return Err(Rejection::params(id, "`params` has to be an object")),
        };
        let meta = meta(&method, params, id.as_ref())?;
        let target = match target_key(&method) {
            Some(key) if id.is_some() => Some(target(key, params, id.clone())?),
            _ => None,
        };
        if method.ends_with("/list") {
            check_cursor(params, id.as_ref())?;
        }
        let wanted = params
            .filter(|_| method == LISTEN && id.is_some())
            .and_then(|params| params.get("notifications"))
            .map(Wanted::read);
        Ok(Self {
            id,
            wanted,
            method: Some(method),
            names_version: meta.is_some_and(|meta| meta.contains_key(PROTOCOL_VERSION)),
            client: meta.map_or_else(ClientView::stateless_legacy, client),
            target,
        })
    }

    /// Whether it is a request of a revision in which each says all there is to know: no session has to do with it.
    pub(super) fn is_modern(&self) -> bool {
        self.client.era == Era::Modern || self.method.as_deref() == Some("server/discover")
    }

    /// The tool, prompt, resource or task the request is about.
    pub(super) fn target(&self) -> Option<&str> {
        self.target.as_deref()
    }

    /// The tool that is called.
    pub(super) fn tool(&self) -> Option<&str> {
        self.target()
            .filter(|_| self.method.as_deref() == Some("tools/call"))
    }
}

fn id(message: &Map<String, Value>) -> Result<Option<Value>, Rejection> {
    match message.get("id") {
        None => Ok(None),
        Some(id @ Value::String(_)) => Ok(Some(id.clone())),
        Some(id @ Value::Number(number)) if number.is_i64() => Ok(Some(id.clone())),
        Some(_) => Err(Rejection::invalid(
            None,
            "`id` has to be a string or an integer of 64 bits",
        )),
    }
}

/// `params._meta`. The one method that asks which revisions are spoken can't be sent in an older one.
fn meta<'a>(
    method: &str,
    params: Option<&'a Map<String, Value>>,
    id: Option<&Value>,
) -> Result<Option<&'a Map<String, Value>>, Rejection> {
    match params.and_then(|params| params.get("_meta")) {
        Some(Value::Object(meta)) => Ok(Some(meta)),
        Some(_) => Err(Rejection::params(
            id.cloned(),
            "`params._meta` has to be an object",
        )),
        None if method == "server/discover" => {
            Err(Rejection::params(id.cloned(), "`params._meta` is missing"))
        }
        None => Ok(None),
    }
}

/// A cursor that can't be one must not be taken for none: the client would be sent through the list for ever.
fn check_cursor(params: Option<&Map<String, Value>>, id: Option<&Value>) -> Result<(), Rejection> {
    match params.and_then(|params| params.get("cursor")) {
        None | Some(Value::Null | Value::String(_)) => Ok(()),
        Some(_) => Err(Rejection::params(
            id.cloned(),
            "`params.cursor` has to be a string",
        )),
    }
}

/// A revision that isn't spoken here is refused later, whatever is thought of its client until then.
fn client(meta: &Map<String, Value>) -> ClientView {
    match meta.get(PROTOCOL_VERSION).and_then(Value::as_str) {
        Some(version) if version >= ProtocolVersion::V_2026_07_28.as_str() => {
            ClientView::modern(ProtocolVersion::V_2026_07_28, meta)
        }
        _ => ClientView::stateless_legacy(),
    }
}

fn target_key(method: &str) -> Option<&'static str> {
    match method {
        "tools/call" | "prompts/get" => Some("name"),
        "resources/read" => Some("uri"),
        "tasks/get" | "tasks/update" | "tasks/cancel" => Some("taskId"),
        _ => None,
    }
}

fn target(
    key: &str,
    params: Option<&Map<String, Value>>,
    id: Option<Value>,
) -> Result<String, Rejection> {
    let params = params.ok_or_else(|| Rejection::params(id.clone(), "`params` is missing"))?;
    let arguments = params.get("arguments");
    match params.get(key) {
        Some(Value::String(_)) if arguments.is_some_and(|arguments| !arguments.is_object()) => Err(
            Rejection::params(id, "`params.arguments` has to be an object"),
        ),
        Some(Value::String(target)) => Ok(target.clone()),
        Some(_) => Err(Rejection::params(
            id,
            &format!("`params.{key}` has to be a string"),
        )),
        None => Err(Rejection::params(id, &format!("`params.{key}` is missing"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    async fn refused(body: &str) -> String {
        let response = Envelope::parse(body.as_bytes())
            .unwrap_err()
            .into_response();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        format!("{status} {}", String::from_utf8_lossy(&body))
    }

    #[tokio::test]
    async fn what_is_no_message_is_refused_by_the_rules_of_json_rpc() {
        insta::assert_snapshot!(refused(r#"{"jsonrpc":"2.0","id":1,"method":"tools/li"#).await, @r#"400 {"jsonrpc":"2.0","error":{"code":-32700,"message":"the body is not JSON, or nests too deeply"}}"#);
        insta::assert_snapshot!(refused(&"[".repeat(10_000)).await, @r#"400 {"jsonrpc":"2.0","error":{"code":-32700,"message":"the body is not JSON, or nests too deeply"}}"#);
        insta::assert_snapshot!(refused("[]").await, @r#"400 {"jsonrpc":"2.0","error":{"code":-32600,"message":"batches are only taken in revision 2025-03-26"}}"#);
        insta::assert_snapshot!(refused("42").await, @r#"400 {"jsonrpc":"2.0","error":{"code":-32600,"message":"a JSON-RPC message is an object"}}"#);
        insta::assert_snapshot!(refused(r#"{"id":1,"method":"ping"}"#).await, @r#"400 {"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"`jsonrpc` has to be \"2.0\""}}"#);
        insta::assert_snapshot!(refused(r#"{"jsonrpc":"2.0","id":1}"#).await, @r#"400 {"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"`method` is missing"}}"#);
        insta::assert_snapshot!(refused(r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#).await, @r#"400 {"jsonrpc":"2.0","error":{"code":-32600,"message":"`id` has to be a string or an integer of 64 bits"}}"#);
        insta::assert_snapshot!(refused(r#"{"jsonrpc":"2.0","id":9223372036854775808,"method":"ping"}"#).await, @r#"400 {"jsonrpc":"2.0","error":{"code":-32600,"message":"`id` has to be a string or an integer of 64 bits"}}"#);
        insta::assert_snapshot!(refused(r#"{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}"#).await, @r#"400 {"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"a message has either a `method` or a `result` or an `error`"}}"#);
        insta::assert_snapshot!(refused(r#"{"jsonrpc":"2.0","id":"a","method":7}"#).await, @r#"400 {"jsonrpc":"2.0","id":"a","error":{"code":-32600,"message":"`method` has to be a string"}}"#);
        insta::assert_snapshot!(refused(r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}"#).await, @r#"400 {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"`params` has to be an object"}}"#);
        insta::assert_snapshot!(refused(r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":7}}"#).await, @r#"400 {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"`params.name` has to be a string"}}"#);
        insta::assert_snapshot!(refused(r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":[]}}"#).await, @r#"400 {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"`params.arguments` has to be an object"}}"#);
        insta::assert_snapshot!(refused(r#"{"jsonrpc":"2.0","id":1,"method":"resources/read"}"#).await, @r#"400 {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"`params` is missing"}}"#);
    }

    #[tokio::test]
    async fn what_the_dispatcher_would_overlook_is_refused() {
        insta::assert_snapshot!(refused(r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":7}}"#).await, @r#"400 {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"`params._meta` has to be an object"}}"#);
        insta::assert_snapshot!(refused(r#"{"jsonrpc":"2.0","id":1,"method":"server/discover"}"#).await, @r#"400 {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"`params._meta` is missing"}}"#);
        insta::assert_snapshot!(refused(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":5}}"#).await, @r#"400 {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"`params.cursor` has to be a string"}}"#);
    }

    #[test]
    fn a_request_shows_what_it_is_about() {
        let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"search","arguments":{}}}"#;
        let envelope = Envelope::parse(call.as_bytes()).unwrap();
        assert_eq!(
            (envelope.method.as_deref(), envelope.tool()),
            (Some("tools/call"), Some("search"))
        );
        let read =
            r#"{"jsonrpc":"2.0","id":"x","method":"resources/read","params":{"uri":"a://b"}}"#;
        let envelope = Envelope::parse(read.as_bytes()).unwrap();
        assert_eq!((envelope.target(), envelope.tool()), (Some("a://b"), None));
    }
}
