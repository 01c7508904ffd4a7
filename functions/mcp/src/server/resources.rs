//! `resources/list`, `resources/templates/list` and `resources/read`.

use super::{
    Server,
    cursor::{Place, after},
    driver::{Failure, Outcome, Request, Returned, drive},
    report, unreadable,
    updates::Unheard,
};
use crate::{
    catalog::{Entry, FoundResource, FreshCatalog},
    contract::{Answer, Asked, Event, Extra},
    invoke::FunctionInvoker,
};
use registry::{
    Definition, RegistrationId, RegistrationName, RegistrationStore, RegistrationType,
    ResourceDefinition,
};
use rmcp::{
    ErrorData, RoleServer,
    model::{
        ListResourcesResult, PaginatedRequestParams, ReadResourceRequestParams,
        ReadResourceResponse, Resource,
    },
    service::RequestContext,
};
use serde_json::json;
use std::sync::Arc;

const KIND: RegistrationType = RegistrationType::Resource;

/// Lists resources with plain URIs first, then what is behind the templates whose functions list it, one template a
/// page, so that a list never waits for more than one function.
pub(super) async fn list<S: RegistrationStore, I: FunctionInvoker>(
    server: &Server<S, I>,
    request: Option<PaginatedRequestParams>,
    context: &RequestContext<RoleServer>,
) -> Result<ListResourcesResult, ErrorData> {
    match Place::of(request, KIND)? {
        Place::After(place) => {
            let catalog = server.catalog().await?;
            let page = catalog
                .page::<Resource>(place.as_ref())
                .await
                .map_err(unreadable)?;
            let mut result = ListResourcesResult::with_all_items(page.items.clone());
            result.next_cursor = after(page.next.as_ref(), KIND);
            if result.next_cursor.is_some() {
                return Ok(result);
            }
            let (behind, next) = behind_next_template(server, &catalog, None, context).await?;
            result.resources.extend(behind);
            result.next_cursor = next;
            Ok(result)
        }
        Place::BehindTemplates(place) => {
            let catalog = server.catalog().await?;
            let (behind, next) = behind_next_template(server, &catalog, place, context).await?;
            let mut result = ListResourcesResult::with_all_items(behind);
            result.next_cursor = next;
            Ok(result)
        }
    }
}

pub(super) async fn read<S: RegistrationStore, I: FunctionInvoker>(
    server: &Server<S, I>,
    request: ReadResourceRequestParams,
    context: &RequestContext<RoleServer>,
) -> Result<ReadResourceResponse, ErrorData> {
    let uri = request.uri.as_str();
    let found = server
        .catalog()
        .await?
        .resource(uri)
        .await
        .map_err(unreadable)?;
    let Some(FoundResource { entry, variables }) = found else {
        return Err(ErrorData::resource_not_found(
            "resource not found",
            Some(json!({ "uri": uri })),
        ));
    };
    let asked = Request {
        entry: &entry,
        method: "resources/read",
        target: uri,
        asked: Asked::Read {
            uri,
            variables: &variables,
        },
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
    let mime_type = definition(&entry).and_then(|definition| definition.mime_type.as_deref());
    let result = reply
        .into_resource_result(uri, mime_type)
        .map_err(|failure| {
            report(&entry, &server.invocation, &failure);
            ErrorData::internal_error(
                format!("{} gave no usable answer: {failure}", entry.title()),
                None,
            )
        })?;
    Ok(result.into())
}

/// What the first listing template after `place` lists, and the cursor behind it.
///
/// A function that fails leaves its part out: the rest of the list is of more use than an error.
async fn behind_next_template<S: RegistrationStore, I: FunctionInvoker>(
    server: &Server<S, I>,
    catalog: &FreshCatalog<'_, S>,
    place: Option<RegistrationName>,
    context: &RequestContext<RoleServer>,
) -> Result<(Vec<Resource>, Option<String>), ErrorData> {
    let templates = catalog.templates().await.map_err(unreadable)?;
    let listing = templates
        .iter()
        .filter(|template| template.lists)
        .map(|template| &template.name);
    let mut rest = listing.filter(|name| place.as_ref().is_none_or(|place| *name > place));
    let Some(name) = rest.next() else {
        return Ok((Vec::new(), None));
    };
    let next = rest
        .next()
        .map(|_| Place::BehindTemplates(Some(name.clone())).to_cursor(KIND));
    let id = RegistrationId {
        kind: KIND,
        name: name.clone(),
    };
    let Some(entry) = catalog.entry(&id).await.map_err(unreadable)? else {
        return Ok((Vec::new(), next));
    };
    let extra = Extra::new(
        &entry.registration,
        &server.invocation,
        &server.client,
        context,
    );
    let event = Event::new(&entry.registration, Asked::List, &extra, None);
    let mut unheard = Unheard;
    let run = server
        .shared
        .run(&entry, event, &server.invocation, &mut unheard);
    let listed = match run.await {
        Ok(Answer::Reply(reply)) => reply
            .into_resource_list()
            .map_err(|failure| report(&entry, &server.invocation, &failure)),
        // What a list can't be: a question, or an error on purpose.
        Ok(Answer::InputRequired(_) | Answer::Task(_) | Answer::Error(_)) | Err(_) => Err(()),
    };
    Ok((listed.map(|list| list.resources).unwrap_or_default(), next))
}

fn definition(entry: &Arc<Entry>) -> Option<&ResourceDefinition> {
    match &entry.registration.definition {
        Definition::Resource(definition) => Some(definition),
        Definition::Tool(_) | Definition::Prompt(_) => None,
    }
}
