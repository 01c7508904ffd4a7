//! What a registered function is sent.

use crate::invocation::{Invocation, Principal};
use bytes::Bytes;
use registry::{Contract, Registration};
use rmcp::{
    RoleServer,
    model::{Implementation, JsonObject},
    service::RequestContext,
};
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;

/// What a function gets to know about a request beyond its arguments.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Extra<'a> {
    registration: Named<'a>,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<Client>,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<&'a str>,
    #[serde(rename = "_meta", skip_serializing_if = "JsonObject::is_empty")]
    meta: JsonObject,
}

#[derive(Debug, Serialize)]
struct Named<'a> {
    r#type: &'a str,
    name: &'a str,
}

#[derive(Debug, Serialize)]
struct Client {
    name: String,
    version: String,
}

impl<'a> Extra<'a> {
    /// Gathers it from the MCP request and from the invocation that carries it.
    pub fn new(
        registration: &'a Registration,
        invocation: &'a Invocation,
        context: &RequestContext<RoleServer>,
    ) -> Self {
        // A stateless legacy request says nothing about its client; rmcp fills in an empty one.
        let client = context
            .client_info()
            .filter(|client| *client != Implementation::default());
        Self {
            registration: Named {
                r#type: registration.kind().as_str(),
                name: registration.name.as_str(),
            },
            request_id: &invocation.request_id,
            protocol_version: context
                .protocol_version()
                .map(|version| version.to_string()),
            client: client.map(|client| Client {
                name: client.name,
                version: client.version,
            }),
            principal: invocation.principal.as_ref().map(Principal::as_str),
            meta: context.meta.0.0.clone(),
        }
    }
}

/// An event for a registered function.
#[derive(Debug, Clone)]
pub struct Event {
    /// JSON.
    pub payload: Bytes,
    /// Client context, JSON, where the contract has one.
    pub client_context: Option<String>,
}

impl Event {
    /// A tool's call or a prompt's rendering.
    pub fn call(registration: &Registration, arguments: &JsonObject, extra: &Extra<'_>) -> Self {
        match registration.contract {
            Contract::Native => Self::native(&json!({ "args": arguments, "extra": extra })),
            Contract::Agentcore => Self {
                payload: json_bytes(arguments),
                client_context: Some(agentcore_context(
                    registration.name.as_str(),
                    extra.request_id,
                )),
            },
        }
    }

    /// The reading of a resource.
    pub fn read(uri: &str, variables: &BTreeMap<String, String>, extra: &Extra<'_>) -> Self {
        Self::native(
            &json!({ "action": "read", "uri": uri, "variables": variables, "extra": extra }),
        )
    }

    /// The listing of the resources behind a template.
    pub fn list(extra: &Extra<'_>) -> Self {
        Self::native(&json!({ "action": "list", "extra": extra }))
    }

    fn native(event: &serde_json::Value) -> Self {
        Self {
            payload: json_bytes(event),
            client_context: None,
        }
    }
}

fn json_bytes(value: &impl Serialize) -> Bytes {
    serde_json::to_vec(value)
        .expect("maps with string keys always serialise")
        .into()
}

/// The client context that a Lambda target of AgentCore Gateway reads; see its developer guide, "Lambda targets".
/// The tool's name stands behind a target's name and three underscores there, so functions cut at those.
fn agentcore_context(tool: &str, request_id: &str) -> String {
    json!({ "custom": {
        "bedrockAgentCoreToolName": format!("mcp-lambda-sam___{tool}"),
        "bedrockAgentCoreGatewayId": "mcp-lambda-sam",
        "bedrockAgentCoreTargetId": "mcp-lambda-sam",
        "bedrockAgentCoreMcpMessageId": request_id,
    } })
    .to_string()
}
