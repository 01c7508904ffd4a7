//! The list of all registrations, in parts.

use http::StatusCode;
use lambda_http::{Body, Request, RequestExt, Response};
use registry::{Cursor, RegistrationStore, RegistrationType, ResourceFilter};

use crate::answer::{self, Failure};

/// The most registrations in one answer, and how many there are unless the request says fewer.
const MAX_LIMIT: usize = 1000;

/// The most bytes of documents in one answer, as they stand in Lambda's response. That has at most 6 MB and holds the
/// body as a JSON string.
const MAX_BYTES: usize = 4 * 1000 * 1000;

struct Query {
    limit: usize,
    /// List only this type.
    kind: Option<RegistrationType>,
    cursor: Option<Cursor>,
}

/// `GET /register?limit=&cursor=&type=`: tools, resources and prompts, each by name.
pub(crate) async fn list(
    store: &impl RegistrationStore,
    request: &Request,
) -> Result<Response<Body>, Failure> {
    let query = query(request)?;
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
    'types: for kind in kinds {
        let mut after = query
            .cursor
            .as_ref()
            .filter(|cursor| cursor.kind == kind)
            .map(|cursor| cursor.after.clone());
        loop {
            // One more than fits shows whether there is more.
            let wanted = query.limit - part.count + 1;
            let page = store
                .list(kind, ResourceFilter::Any, after.as_ref(), wanted)
                .await?;
            for entry in page.entries {
                let place = Cursor {
                    kind,
                    after: entry.registration.name.clone(),
                };
                if !part.take(entry.registration.to_json().get(), place) {
                    break 'types;
                }
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(answer::json(StatusCode::OK, part.finish()))
}

fn query(request: &Request) -> Result<Query, Failure> {
    let parameters = request.query_string_parameters();
    let limit = match parameters.first("limit") {
        None => MAX_LIMIT,
        Some(limit) => limit
            .parse()
            .ok()
            .filter(|limit| (1..=MAX_LIMIT).contains(limit))
            .ok_or_else(|| Failure::InvalidQuery {
                parameter: "limit",
                message: format!("must be a whole number from 1 to {MAX_LIMIT}"),
            })?,
    };
    let kind = match parameters.first("type") {
        None => None,
        Some(kind) => Some(kind.parse().map_err(|error| Failure::InvalidQuery {
            parameter: "type",
            message: format!("{error}"),
        })?),
    };
    let cursor: Option<Cursor> = match parameters.first("cursor") {
        None | Some("") => None,
        Some(cursor) => Some(cursor.parse().map_err(|error: registry::InvalidCursor| {
            Failure::InvalidQuery {
                parameter: "cursor",
                message: error.to_string(),
            }
        })?),
    };
    if let (Some(kind), Some(cursor)) = (kind, &cursor)
        && cursor.kind != kind
    {
        return Err(Failure::InvalidQuery {
            parameter: "cursor",
            message: format!("is that of a list of another type than {kind}"),
        });
    }
    Ok(Query {
        limit,
        kind,
        cursor,
    })
}

/// The answer while it grows.
struct Part {
    limit: usize,
    count: usize,
    body: String,
    /// The length of `body` inside a JSON string.
    bytes: usize,
    last: Option<Cursor>,
    is_cut: bool,
}

impl Part {
    fn new(limit: usize) -> Self {
        Self {
            limit,
            count: 0,
            body: r#"{"registrations":["#.to_owned(),
            bytes: 0,
            last: None,
            is_cut: false,
        }
    }

    /// Takes one more, if it fits. The first always does: a document is far smaller than an answer.
    fn take(&mut self, document: &str, place: Cursor) -> bool {
        let bytes = length_in_string(document);
        if self.count == self.limit || (self.count > 0 && self.bytes + bytes > MAX_BYTES) {
            self.is_cut = true;
            return false;
        }
        if self.count > 0 {
            self.body.push(',');
        }
        self.body.push_str(document);
        self.bytes += bytes;
        self.count += 1;
        self.last = Some(place);
        true
    }

    fn finish(self) -> String {
        let mut body = self.body;
        body.push(']');
        if let (true, Some(last)) = (self.is_cut, self.last) {
            // A cursor is base64url, so that it needs no escaping.
            body.push_str(r#","nextCursor":""#);
            body.push_str(&last.to_string());
            body.push('"');
        }
        body.push('}');
        body
    }
}

fn length_in_string(text: &str) -> usize {
    let escaped = text
        .bytes()
        .filter(|byte| matches!(byte, b'"' | b'\\') || byte.is_ascii_control())
        .count();
    text.len() + escaped
}
