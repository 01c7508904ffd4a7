//! `prompts/list` and `prompts/get`.

use super::{
    Server,
    driver::{Failure, Outcome, Request, Returned, drive},
    named, report, unreadable,
};
use crate::{contract::Asked, invoke::FunctionInvoker};
use registry::{Definition, PromptDefinition, RegistrationId, RegistrationStore, RegistrationType};
use rmcp::{
    ErrorData, RoleServer,
    model::{GetPromptRequestParams, GetPromptResponse, JsonObject},
    service::RequestContext,
};

pub(super) async fn get<S: RegistrationStore, I: FunctionInvoker>(
    server: &Server<S, I>,
    request: GetPromptRequestParams,
    context: &RequestContext<RoleServer>,
) -> Result<GetPromptResponse, ErrorData> {
    let entry = match request.name.parse() {
        Ok(name) => {
            let id = RegistrationId {
                kind: RegistrationType::Prompt,
                name,
            };
            server
                .catalog()
                .await?
                .entry(&id)
                .await
                .map_err(unreadable)?
        }
        Err(_) => None,
    };
    let Some(entry) = entry else {
        return Err(ErrorData::invalid_params(
            format!("unknown prompt: {}", named(&request.name)),
            None,
        ));
    };
    let arguments = request.arguments.unwrap_or_default();
    if let Definition::Prompt(definition) = &entry.registration.definition {
        check(definition, &arguments)?;
    }
    let asked = Request {
        entry: &entry,
        method: "prompts/get",
        target: &request.name,
        asked: Asked::Call(&arguments),
    };
    let returned = Returned {
        responses: request.input_responses,
        state: request.request_state,
    };
    let outcome = drive(server, asked, returned, context)
        .await
        .map_err(Failure::into_error)?;
    let reply = match outcome {
        Outcome::Reply(reply) => reply,
        Outcome::InputRequired(result) => return Ok(result.into()),
        Outcome::Task(_) => unreachable!("only a tool may go on as a task"),
    };
    let result = reply.into_prompt_result().map_err(|failure| {
        report(&entry, &server.invocation, &failure);
        ErrorData::internal_error(
            format!("{} gave no usable answer: {failure}", entry.title()),
            None,
        )
    })?;
    Ok(result.into())
}

/// Prompt arguments are strings by name. Source: MCP schema, `GetPromptRequestParams`.
fn check(definition: &PromptDefinition, arguments: &JsonObject) -> Result<(), ErrorData> {
    let missing = definition
        .arguments
        .iter()
        .filter(|argument| argument.required && !arguments.contains_key(&argument.name))
        .map(|argument| format!("`{}` is required", argument.name));
    let unusable = arguments.iter().filter_map(|(name, value)| {
        let known = definition
            .arguments
            .iter()
            .any(|argument| argument.name == *name);
        match (known, value.is_string()) {
            (false, _) => Some(format!("`{name}` is not an argument of this prompt")),
            (true, false) => Some(format!("`{name}` has to be a string")),
            (true, true) => None,
        }
    });
    let problems: Vec<_> = missing.chain(unusable).collect();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(ErrorData::invalid_params(
            format!("the arguments don't fit: {}", problems.join("; ")),
            None,
        ))
    }
}
