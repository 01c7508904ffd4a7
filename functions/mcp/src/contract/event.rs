//! What a registered function is sent.

use super::{LogLevel, Responses};
use crate::{
    invocation::{Invocation, Principal},
    server::ClientView,
};
use bytes::Bytes;
use registry::{Contract, Registration};
use rmcp::{
    RoleServer,
    model::{
        ArgumentInfo, ClientCapabilities, CompletionContext, Implementation, JsonObject, Reference,
    },
    service::RequestContext,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
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
    client_capabilities: Option<&'a ClientCapabilities>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log_level: Option<LogLevel>,
    wants_progress: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<InTask<'a>>,
    #[serde(rename = "_meta", skip_serializing_if = "JsonObject::is_empty")]
    meta: JsonObject,
}

#[derive(Debug, Serialize)]
struct InTask<'a> {
    id: &'a str,
}

/// What a function gets to know of the client, kept for when the request is long answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Caller {
    protocol_version: Option<String>,
    client: Option<Client>,
    /// What the client declared it can do.
    pub capabilities: Option<ClientCapabilities>,
    log_level: Option<LogLevel>,
    meta: JsonObject,
}

impl Caller {
    /// Who sent an MCP request.
    pub fn of(view: &ClientView, context: &RequestContext<RoleServer>) -> Self {
        Self {
            protocol_version: context
                .protocol_version()
                .map(|version| version.to_string()),
            client: client(context),
            capabilities: view.capabilities.clone(),
            log_level: view.log_level,
            meta: context.meta.0.0.clone(),
        }
    }
}

#[derive(Debug, Serialize)]
struct Named<'a> {
    r#type: &'a str,
    name: &'a str,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Client {
    name: String,
    version: String,
}

impl<'a> Extra<'a> {
    /// Gathers it from the MCP request and from the invocation that carries it.
    pub fn new(
        registration: &'a Registration,
        invocation: &'a Invocation,
        view: &'a ClientView,
        context: &RequestContext<RoleServer>,
    ) -> Self {
        Self {
            registration: Named {
                r#type: registration.kind().as_str(),
                name: registration.name.as_str(),
            },
            request_id: &invocation.request_id,
            protocol_version: context
                .protocol_version()
                .map(|version| version.to_string()),
            client: client(context),
            client_capabilities: view.capabilities.as_ref(),
            log_level: view.log_level,
            wants_progress: context.meta.get_progress_token().is_some(),
            principal: invocation.principal.as_ref().map(Principal::as_str),
            task: None,
            meta: context.meta.0.0.clone(),
        }
    }

    /// Gathers it for a worker of a task. Progress is always wanted: it becomes the task's status message.
    pub fn in_task(
        registration: &'a Registration,
        invocation: &'a Invocation,
        caller: &'a Caller,
        task: &'a str,
    ) -> Self {
        Self {
            registration: Named {
                r#type: registration.kind().as_str(),
                name: registration.name.as_str(),
            },
            request_id: &invocation.request_id,
            protocol_version: caller.protocol_version.clone(),
            client: caller.client.clone(),
            client_capabilities: caller.capabilities.as_ref(),
            log_level: caller.log_level,
            wants_progress: true,
            principal: invocation.principal.as_ref().map(Principal::as_str),
            task: Some(InTask { id: task }),
            meta: caller.meta.clone(),
        }
    }
}

/// A stateless legacy request says nothing about its client; rmcp fills in an empty one.
fn client(context: &RequestContext<RoleServer>) -> Option<Client> {
    let client = context
        .client_info()
        .filter(|client| *client != Implementation::default())?;
    Some(Client {
        name: client.name,
        version: client.version,
    })
}

/// An event for a registered function.
#[derive(Debug, Clone)]
pub struct Event {
    /// JSON.
    pub payload: Bytes,
    /// Client context, JSON, where the contract has one.
    pub client_context: Option<String>,
}

/// What a function is asked to do.
#[derive(Debug, Clone, Copy)]
pub enum Asked<'a> {
    /// To run as a tool, or to render a prompt, with these arguments.
    Call(&'a JsonObject),
    /// To read a resource.
    Read {
        /// The resource.
        uri: &'a str,
        /// What the template's variables stand for.
        variables: &'a BTreeMap<String, String>,
    },
    /// To list the resources behind its template.
    List,
    /// To complete an argument of a prompt, or a variable of a template.
    Complete {
        /// The prompt or template.
        of: &'a Reference,
        /// What is to be completed.
        argument: &'a ArgumentInfo,
        /// What is filled in already.
        context: Option<&'a CompletionContext>,
    },
}

/// What a function asked for when it was invoked before for the same request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Continuation {
    /// The client's answers, by the question's key.
    pub responses: Responses,
    /// The function's own state.
    pub state: Option<Value>,
}

impl Event {
    /// The event that asks a function for this; `continuation` where it has been invoked before for this request.
    pub fn new(
        registration: &Registration,
        asked: Asked<'_>,
        extra: &Extra<'_>,
        continuation: Option<&Continuation>,
    ) -> Self {
        let mut event = match asked {
            Asked::Call(arguments) => match registration.contract {
                Contract::Native => json!({ "args": arguments, "extra": extra }),
                Contract::Agentcore => {
                    let name = registration.name.as_str();
                    return Self {
                        payload: json_bytes(arguments),
                        client_context: Some(agentcore_context(name, extra.request_id)),
                    };
                }
            },
            Asked::Read { uri, variables } => {
                json!({ "action": "read", "uri": uri, "variables": variables, "extra": extra })
            }
            Asked::List => json!({ "action": "list", "extra": extra }),
            Asked::Complete {
                of,
                argument,
                context,
            } => json!({
                "action": "complete",
                "ref": of,
                "argument": argument,
                "context": { "arguments": context.and_then(|context| context.arguments.as_ref()).map_or_else(|| json!({}), |arguments| json!(arguments)) },
                "extra": extra,
            }),
        };
        if let Some(Continuation { responses, state }) = continuation {
            event["inputResponses"] = json!(responses);
            if let Some(state) = state {
                event["requestState"] = state.clone();
            }
        }
        Self {
            payload: json_bytes(&event),
            client_context: None,
        }
    }
}

fn json_bytes(value: &impl Serialize) -> Bytes {
    serde_json::to_vec(value)
        .expect("maps with string keys always serialise")
        .into()
}

/// What parts a target's name from a tool's in AgentCore Gateway.
const TARGET_END: &str = "___";

/// The client context that a Lambda target of AgentCore Gateway reads, with everything that is described to be in it,
/// and nothing but strings, as some runtimes insist on.
/// <https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/gateway-add-target-lambda.html>
///
/// Functions cut the tool's name at the first three underscores, behind the target's name. A registration that is called
/// as the tool was in the gateway has them already.
fn agentcore_context(tool: &str, request_id: &str) -> String {
    let full_name = if tool.contains(TARGET_END) {
        tool.to_owned()
    } else {
        format!("mcp-lambda-sam{TARGET_END}{tool}")
    };
    json!({ "custom": {
        "bedrockAgentCoreToolName": full_name,
        "bedrockAgentCoreMessageVersion": "1.0",
        "bedrockAgentCoreAwsRequestId": request_id,
        "bedrockAgentCoreMcpMessageId": request_id,
        "bedrockAgentCoreGatewayId": "mcp-lambda-sam",
        "bedrockAgentCoreTargetId": "mcp-lambda-sam",
    } })
    .to_string()
}
