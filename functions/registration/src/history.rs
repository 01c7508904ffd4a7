//! `GET /register/{id}/changes`: what was done to a registration, and by whom.

use http::StatusCode;
use lambda_http::{Body, Request, Response};
use registry::{CatalogVersion, ChangeRecord, RegistrationId, RegistrationStore};
use serde::Serialize;

use crate::answer;
use crate::failure::Failure;
use crate::listing::{MAX_BYTES, length_in_string};
use crate::request;

/// The most changes in one answer, and how many there are unless the request says fewer.
const MAX_LIMIT: usize = 100;

/// What a cursor begins with; changes with its meaning, so that an old one is refused rather than misread.
const CURSOR: &str = "v";

pub(crate) async fn changes(
    store: &impl RegistrationStore,
    id: &RegistrationId,
    request: &Request,
) -> Result<Response<Body>, Failure> {
    let limit = request::limit(request, MAX_LIMIT)?;
    let before = request::parameter(request, "cursor", |cursor| {
        cursor
            .strip_prefix(CURSOR)
            .and_then(|number| number.parse().ok())
            .map(CatalogVersion::new)
            .ok_or_else(|| "is not a cursor that this list gave out".to_owned())
    })?;
    let history = store.history(id, before, limit).await?;
    if history.changes.is_empty() && history.next.is_none() && before.is_none() {
        return never_changed(store, id).await;
    }
    let body = body(&history.changes, history.next);
    Ok(answer::json(StatusCode::OK, body))
}

/// Nothing is recorded of it, as the records are younger than it, or have expired; or it never existed.
async fn never_changed(
    store: &impl RegistrationStore,
    id: &RegistrationId,
) -> Result<Response<Body>, Failure> {
    match store.get(id).await? {
        Some(_) => Ok(answer::json(StatusCode::OK, body(&[], None))),
        None => Err(Failure::NotRegistered(id.clone())),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    changes: &'a [ChangeRecord],
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// As many of the changes as an answer can hold: the first at least.
fn body(changes: &[ChangeRecord], next: Option<CatalogVersion>) -> String {
    let mut bytes = 0;
    let fitting = changes.iter().take_while(|change| {
        let documents = [&change.before, &change.after].into_iter().flatten();
        let length: usize = documents.map(|text| length_in_string(text.get())).sum();
        let is_first = bytes == 0;
        bytes += length + 1;
        is_first || bytes <= MAX_BYTES
    });
    let fitting = fitting.count();
    let next = match changes.get(fitting) {
        Some(_) => changes[..fitting].last().map(|last| last.version),
        None => next,
    };
    let answer = Answer {
        changes: &changes[..fitting],
        next_cursor: next.map(|version| format!("{CURSOR}{version}")),
    };
    serde_json::to_string(&answer).expect("strings and JSON texts always serialise")
}
