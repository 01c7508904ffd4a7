//! The list of all registrations, in parts.

use std::collections::HashMap;

use http::StatusCode;
use lambda_http::{Body, Request, Response};
use registry::{
    Cursor, FunctionFilter, LambdaArn, RegistrationStore, RegistrationType, Selection,
    StoredRegistration,
};

use crate::details::{self, Details, Include};
use crate::failure::Failure;
use crate::health::{FunctionProbe, Health};
use crate::{Api, answer, conditions, request};

/// The most registrations in one answer, and how many there are unless the request says fewer.
const MAX_LIMIT: usize = 1000;

/// The most bytes of documents in one answer, as they stand in Lambda's response. That has at most 6 MB and holds the
/// body as a JSON string.
pub(crate) const MAX_BYTES: usize = 4 * 1000 * 1000;

struct Query {
    limit: usize,
    /// List only this type.
    kind: Option<RegistrationType>,
    selection: Selection,
    include: Vec<Include>,
    cursor: Option<Cursor>,
}

/// `GET /register?limit=&cursor=&type=&prefix=&function=&include=`: tools, resources and prompts, each by name.
pub(crate) async fn list(
    api: &Api<impl RegistrationStore, impl FunctionProbe>,
    request: &Request,
) -> Result<Response<Body>, Failure> {
    let query = query(request)?;
    // The catalog's version says nothing of the functions' health.
    if query.include.contains(&Include::Health) {
        let part = part(&api.store, &query).await?;
        let health = details::health(api, &query.include, &part.entries).await;
        return Ok(answer::json(
            StatusCode::OK,
            part.finish(&query.include, &health),
        ));
    }
    // Read first: what is listed is at least as new.
    let version = api.store.catalog_version().await?;
    if conditions::is_known(request.headers(), version)? {
        return Ok(answer::not_modified(version));
    }
    let part = part(&api.store, &query).await?;
    let body = part.finish(&query.include, &HashMap::new());
    Ok(answer::tagged(answer::json(StatusCode::OK, body), version))
}

async fn part(store: &impl RegistrationStore, query: &Query) -> Result<Part, Failure> {
    let mut part = Part::new(query.limit);
    let kinds = RegistrationType::ALL
        .into_iter()
        .filter(|kind| query.kind.is_none_or(|only| only == *kind))
        .filter(|kind| {
            query
                .cursor
                .as_ref()
                .is_none_or(|cursor| cursor.kind <= *kind)
        });
    for kind in kinds {
        let mut after = query
            .cursor
            .as_ref()
            .filter(|cursor| cursor.kind == kind)
            .map(|cursor| cursor.after.clone());
        loop {
            // One more than fits shows whether there is more.
            let wanted = query.limit - part.count() + 1;
            let page = store
                .list(kind, &query.selection, after.as_ref(), wanted)
                .await?;
            for entry in page.entries {
                if !part.take(entry) {
                    return Ok(part);
                }
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(part)
}

fn query(request: &Request) -> Result<Query, Failure> {
    let kind = request::parameter(request, "type", |kind| {
        kind.parse()
            .map_err(|error: registry::InvalidType| error.to_string())
    })?;
    let prefix = request::parameter(request, "prefix", |prefix| Ok(prefix.to_owned()))?;
    let function = request::parameter(request, "function", |function| {
        function
            .parse::<FunctionFilter>()
            .map_err(|error| error.to_string())
    })?;
    let cursor = request::parameter(request, "cursor", |cursor| {
        cursor.parse::<Cursor>().map_err(|error| error.to_string())
    })?;
    if let (Some(kind), Some(cursor)) = (kind, &cursor)
        && cursor.kind != kind
    {
        return Err(Failure::InvalidQuery {
            parameter: "cursor",
            message: format!("is that of a list of another type than {kind}"),
        });
    }
    Ok(Query {
        limit: request::limit(request, MAX_LIMIT)?,
        kind,
        selection: Selection {
            prefix,
            function,
            ..Selection::default()
        },
        include: details::included(request)?,
        cursor,
    })
}

/// The answer while it grows.
struct Part {
    limit: usize,
    entries: Vec<StoredRegistration>,
    /// The documents, separated by commas.
    documents: String,
    /// The length of `documents` inside a JSON string.
    bytes: usize,
    is_cut: bool,
}

impl Part {
    fn new(limit: usize) -> Self {
        Self {
            limit,
            entries: Vec::new(),
            documents: String::new(),
            bytes: 0,
            is_cut: false,
        }
    }

    fn count(&self) -> usize {
        self.entries.len()
    }

    /// Takes one more, if it fits. The first always does: a document is far smaller than an answer.
    fn take(&mut self, entry: StoredRegistration) -> bool {
        let document = entry.registration.to_json();
        let bytes = length_in_string(document.get());
        if self.count() == self.limit || (self.count() > 0 && self.bytes + bytes > MAX_BYTES) {
            self.is_cut = true;
            return false;
        }
        if self.count() > 0 {
            self.documents.push(',');
        }
        self.documents.push_str(document.get());
        self.bytes += bytes;
        self.entries.push(entry);
        true
    }

    fn finish(self, include: &[Include], health: &HashMap<LambdaArn, Health>) -> String {
        let mut body = format!(r#"{{"registrations":[{}]"#, self.documents);
        if !include.is_empty() {
            let details = self.entries.iter().map(|entry| {
                (
                    entry.registration.id().to_string(),
                    Details::of(entry, include, health),
                )
            });
            body.push_str(r#","details":"#);
            body.push_str(&details::by_id(details));
        }
        if let (true, Some(last)) = (self.is_cut, self.entries.last()) {
            // A cursor is base64url, so that it needs no escaping.
            let cursor = Cursor {
                kind: last.registration.kind(),
                after: last.registration.name.clone(),
            };
            body.push_str(r#","nextCursor":""#);
            body.push_str(&cursor.to_string());
            body.push('"');
        }
        body.push('}');
        body
    }
}

/// How long a text is inside a JSON string.
pub(crate) fn length_in_string(text: &str) -> usize {
    let escaped = text
        .bytes()
        .filter(|byte| matches!(byte, b'"' | b'\\') || byte.is_ascii_control())
        .count();
    text.len() + escaped
}
