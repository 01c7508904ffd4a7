//! `completion/complete`: what may stand in an argument of a prompt or a variable of a resource template.

use super::{Server, driver::Failure, named, report, unreadable};
use crate::{
    catalog::Entry,
    contract::{Answer, Asked, Event, Extra, Reply},
    invoke::FunctionInvoker,
    server::Unheard,
};
use registry::{
    Completion, Definition, RegistrationId, RegistrationName, RegistrationStore, RegistrationType,
    ResourceLocator,
};
use rmcp::{
    ErrorData, RoleServer,
    model::{CompleteRequestParams, CompletionInfo, Reference},
    service::RequestContext,
};
use std::sync::Arc;

pub(super) async fn complete<S: RegistrationStore, I: FunctionInvoker>(
    server: &Server<S, I>,
    request: CompleteRequestParams,
    context: &RequestContext<RoleServer>,
) -> Result<CompletionInfo, ErrorData> {
    let entry = match &request.r#ref {
        Reference::Prompt(prompt) => prompt_entry(server, &prompt.name).await?,
        Reference::Resource(resource) => resource_entry(server, &resource.uri).await?,
        _ => return Err(ErrorData::invalid_params("unknown kind of `ref`", None)),
    };
    let name = &request.argument.name;
    if !takes(&entry, name) {
        return Err(ErrorData::invalid_params(
            format!("{} has no argument `{}`", entry.title(), named(name)),
            None,
        ));
    }
    match entry.registration.completions.get(name) {
        None => Ok(CompletionInfo::default()),
        Some(Completion::Values(values)) => {
            Ok(first_of(matching(values, &request.argument.value), None))
        }
        Some(Completion::Function) => asked(server, &entry, &request, context)
            .await
            .map_err(Failure::into_error),
    }
}

async fn prompt_entry<S: RegistrationStore, I>(
    server: &Server<S, I>,
    name: &str,
) -> Result<Arc<Entry>, ErrorData> {
    let unknown = || ErrorData::invalid_params(format!("unknown prompt: {}", named(name)), None);
    let name = name.parse().map_err(|_| unknown())?;
    entry(server, RegistrationType::Prompt, name)
        .await?
        .ok_or_else(unknown)
}

/// A resource is named by its template, as it was listed, or by its URI, which leaves nothing to complete.
async fn resource_entry<S: RegistrationStore, I>(
    server: &Server<S, I>,
    uri: &str,
) -> Result<Arc<Entry>, ErrorData> {
    let catalog = server.catalog().await?;
    let templates = catalog.templates().await.map_err(unreadable)?;
    let template = templates
        .iter()
        .find(|stored| stored.template.as_str() == uri)
        .map(|stored| stored.name.clone());
    let found = match template {
        Some(name) => entry(server, RegistrationType::Resource, name).await?,
        None => catalog
            .resource(uri)
            .await
            .map_err(unreadable)?
            .map(|found| found.entry),
    };
    found.ok_or_else(|| {
        ErrorData::invalid_params(format!("unknown resource template: {}", named(uri)), None)
    })
}

async fn entry<S: RegistrationStore, I>(
    server: &Server<S, I>,
    kind: RegistrationType,
    name: RegistrationName,
) -> Result<Option<Arc<Entry>>, ErrorData> {
    let id = RegistrationId { kind, name };
    let catalog = server.catalog().await?;
    catalog.entry(&id).await.map_err(unreadable)
}

fn takes(entry: &Entry, name: &str) -> bool {
    match &entry.registration.definition {
        Definition::Prompt(prompt) => prompt
            .arguments
            .iter()
            .any(|argument| argument.name == name),
        Definition::Resource(resource) => match &resource.locator {
            ResourceLocator::Template(template) => {
                template.variables().any(|variable| variable == name)
            }
            ResourceLocator::Uri(_) => false,
        },
        Definition::Tool(_) => false,
    }
}

async fn asked<S: RegistrationStore, I: FunctionInvoker>(
    server: &Server<S, I>,
    entry: &Entry,
    request: &CompleteRequestParams,
    context: &RequestContext<RoleServer>,
) -> Result<CompletionInfo, Failure> {
    let extra = Extra::new(
        &entry.registration,
        &server.invocation,
        &server.client,
        context,
    );
    let asked = Asked::Complete {
        of: &request.r#ref,
        argument: &request.argument,
        context: request.context.as_ref(),
    };
    let event = Event::new(&entry.registration, asked, &extra, None);
    let mut unheard = Unheard;
    let run = server
        .shared
        .run(entry, event, &server.invocation, &mut unheard);
    let reply: Reply = match run.await.map_err(Failure::Explained)? {
        Answer::Reply(reply) => reply,
        Answer::Error(error) => return Err(error.into()),
        Answer::InputRequired(_) | Answer::Task(_) => {
            return Err(Failure::Explained(format!(
                "{} has no values at once, and a completion can't wait for any",
                entry.title()
            )));
        }
    };
    let suggested = reply.into_completion().map_err(|failure| {
        report(entry, &server.invocation, &failure);
        Failure::Explained(format!(
            "{} gave no usable answer: {failure}",
            entry.title()
        ))
    })?;
    let more = suggested.has_more;
    let mut info = first_of(suggested.values, suggested.total);
    info.has_more = more
        .map(|more| more || info.has_more == Some(true))
        .or(info.has_more);
    Ok(info)
}

/// The values that begin with what is typed so far, whatever the case.
fn matching(values: &[String], typed: &str) -> Vec<String> {
    let typed = typed.to_lowercase();
    values
        .iter()
        .filter(|value| value.to_lowercase().starts_with(&typed))
        .cloned()
        .collect()
}

/// As many as may be sent, and how many there are. Source: MCP, "Completion", "Completion results".
fn first_of(mut values: Vec<String>, total: Option<u32>) -> CompletionInfo {
    let count = u32::try_from(values.len()).unwrap_or(u32::MAX);
    let has_more = values.len() > CompletionInfo::MAX_VALUES;
    values.truncate(CompletionInfo::MAX_VALUES);
    let mut info = CompletionInfo::default();
    info.values = values;
    info.total = Some(total.unwrap_or(count).max(count));
    info.has_more = Some(has_more || info.total > Some(count));
    info
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_searched_by_its_beginnings() {
        let values = ["Paris", "park", "Berlin"].map(str::to_owned);
        assert_eq!(matching(&values, "PAR"), ["Paris", "park"]);
        assert_eq!(matching(&values, "").len(), 3);
        assert!(matching(&values, "x").is_empty());
    }

    #[test]
    fn a_hundred_values_go_out() {
        let many: Vec<_> = (0..130).map(|n| n.to_string()).collect();
        let info = first_of(many, None);
        assert_eq!(
            (info.values.len(), info.total, info.has_more),
            (100, Some(130), Some(true))
        );
        let info = first_of(vec!["a".to_owned()], Some(7));
        assert_eq!(
            (info.values.len(), info.total, info.has_more),
            (1, Some(7), Some(true))
        );
        let info = first_of(vec!["a".to_owned()], None);
        assert_eq!(
            (info.values.len(), info.total, info.has_more),
            (1, Some(1), Some(false))
        );
    }
}
