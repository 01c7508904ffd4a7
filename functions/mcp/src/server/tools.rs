//! `tools/list` and `tools/call`.

use super::{
    Called, Server,
    driver::{Failure, Outcome, Request, Returned, drive},
    named, report, tasks, unreadable,
};
use crate::{
    catalog::{Entry, ToolEntry},
    contract::{Asked, Reply},
    invocation::Invocation,
    invoke::FunctionInvoker,
};
use registry::{RegistrationStore, schema::Violation};
use rmcp::{
    ErrorData, RoleServer,
    model::{CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock},
    service::RequestContext,
};
use serde_json::Value;

pub(super) async fn call<S: RegistrationStore, I: FunctionInvoker>(
    server: &Server<S, I>,
    request: CallToolRequestParams,
    context: &RequestContext<RoleServer>,
) -> Result<CallToolResponse, ErrorData> {
    let looked_up = match &server.called {
        Called::Tool(looked_up) => looked_up.clone(),
        Called::Nothing => Ok(None),
    };
    let entry = looked_up.map_err(unreadable)?;
    let Some((entry, tool)) = entry
        .as_ref()
        .and_then(|entry| Some((entry, entry.tool.as_ref()?)))
    else {
        return Err(ErrorData::invalid_params(
            format!("unknown tool: {}", named(&request.name)),
            None,
        ));
    };
    let arguments = Value::Object(request.arguments.unwrap_or_default());
    if let Err(violations) = tool.input.check(&arguments) {
        // A tool result rather than an error, so that the model reads it and can do better. Source: MCP 2025-11-25,
        // "Tools", "Error handling".
        return Ok(failed(format!(
            "the arguments don't fit {}:{}",
            entry.title(),
            lines(&violations)
        ))
        .into());
    }
    let Value::Object(arguments) = arguments else {
        unreachable!("made from a map above")
    };
    let returned = Returned {
        responses: request.input_responses,
        state: request.request_state,
    };
    match tasks::becomes_one(server, entry, &returned) {
        Ok(true) => {
            let created = tasks::create(server, entry, tool, arguments, None, context);
            return Ok(Box::pin(created).await?.into());
        }
        Ok(false) => {}
        Err(Failure::Explained(explanation)) => return Ok(failed(explanation).into()),
        Err(Failure::Protocol(error)) => return Err(error),
    }
    let asked = Request {
        entry,
        method: "tools/call",
        target: &request.name,
        asked: Asked::Call(&arguments),
    };
    let reply = match drive(server, asked, returned, context).await {
        Ok(Outcome::Reply(reply)) => reply,
        Ok(Outcome::InputRequired(result)) => return Ok(result.into()),
        Ok(Outcome::Task(continuation)) => {
            let created =
                tasks::create(server, entry, tool, arguments, Some(continuation), context);
            return Ok(Box::pin(created).await?.into());
        }
        Err(Failure::Explained(explanation)) => return Ok(failed(explanation).into()),
        Err(Failure::Protocol(error)) => return Err(error),
    };
    Ok(result(entry, tool, reply, &server.invocation).into())
}

/// What a function's reply is as the result of its tool.
pub(super) fn result(
    entry: &Entry,
    tool: &ToolEntry,
    reply: Reply,
    invocation: &Invocation,
) -> CallToolResult {
    match reply.into_tool_result() {
        Ok(result) => promised(entry, tool, result),
        Err(error) => {
            report(entry, invocation, &error);
            failed(format!(
                "{} gave an answer that can't be used: {error}",
                entry.title()
            ))
        }
    }
}

/// Holds a result to the shape the registration promises for structured content.
///
/// Source: MCP 2025-06-18 and later, "Tools", "Output schema".
fn promised(entry: &Entry, tool: &ToolEntry, result: CallToolResult) -> CallToolResult {
    let Some(output) = tool
        .output
        .as_ref()
        .filter(|_| result.is_error != Some(true))
    else {
        return result;
    };
    let Some(content) = &result.structured_content else {
        return failed(format!(
            "{} gave no structured content, which its outputSchema promises",
            entry.title()
        ));
    };
    match output.check(content) {
        Ok(()) => result,
        Err(violations) => failed(format!(
            "the structured content of {} does not fit its outputSchema:{}",
            entry.title(),
            lines(&violations)
        )),
    }
}

/// A result that says why there is none.
pub(super) fn failed(explanation: String) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(explanation)])
}

fn lines(violations: &[Violation]) -> String {
    violations
        .iter()
        .fold(String::new(), |mut lines, violation| {
            let place = if violation.path.is_empty() {
                "(the whole)"
            } else {
                &violation.path
            };
            lines.push_str("\n- ");
            lines.push_str(place);
            lines.push_str(": ");
            lines.push_str(&violation.message);
            lines
        })
}
