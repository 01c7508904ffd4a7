//! `POST /register:batch`: many changes at once, all of them or none.

use std::collections::BTreeMap;

use http::StatusCode;
use lambda_http::{Body, Request, Response};
use registry::{
    Action, Change, Fields, Operation, Precondition, Problems, Registration, RegistrationId,
    RegistrationStore, Written, json_text,
};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::conditions::{self, etag};
use crate::failure::Failure;
use crate::health::FunctionProbe;
use crate::{Api, answer, invocable, request};

/// The most operations. Each writes one item or two, and a transaction of `DynamoDB`'s has 100 of them.
pub(crate) const MAX_OPERATIONS: usize = 40;

/// The largest body that Lambda passes on.
pub(crate) const MAX_BODY: usize = 6 * 1024 * 1024;

#[derive(Serialize)]
struct Answer {
    results: Vec<Done>,
}

/// What became of one operation, as its own request would have been answered.
#[derive(Serialize)]
struct Done {
    id: String,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
}

pub(crate) async fn write(
    api: &Api<impl RegistrationStore, impl FunctionProbe>,
    request: &Request,
) -> Result<Response<Body>, Failure> {
    let body = request::body(request, MAX_BODY)?;
    let changes = changes(body).map_err(Failure::InvalidBatch)?;
    if !request::flag(request, "force", false)? {
        let places: Vec<_> = (0..changes.len())
            .map(|index| format!("operations[{index}].registration"))
            .collect();
        let registrations = places
            .iter()
            .zip(&changes)
            .filter_map(|(place, change)| Some((place.as_str(), change.operation.registration()?)));
        invocable::check(api, registrations).await?;
    }
    let author = request::author(request);
    let written = api.store.write(&changes, author.as_ref()).await;
    let written = written.map_err(Failure::BatchNotWritten)?;
    let answer = Answer {
        results: written.iter().map(done).collect(),
    };
    let body = serde_json::to_string(&answer).expect("strings and numbers always serialise");
    Ok(answer::json(StatusCode::OK, body))
}

fn done(written: &Written) -> Done {
    let status = match written.action {
        Action::Create => StatusCode::CREATED,
        Action::Replace | Action::Patch => StatusCode::OK,
        Action::Delete => StatusCode::NO_CONTENT,
    };
    Done {
        id: written.id.to_string(),
        status: status.as_u16(),
        etag: (written.action != Action::Delete).then(|| etag(written.revision)),
    }
}

/// The changes in a body, or everything that is wrong with it.
pub(crate) fn changes(body: &[u8]) -> Result<Vec<Change>, Problems> {
    let document = json_text(body, MAX_BODY)?;
    let mut problems = Problems::default();
    let changes = read(document, &mut problems);
    if problems.is_empty() {
        Ok(changes)
    } else {
        Err(problems)
    }
}

fn read(document: &RawValue, problems: &mut Problems) -> Vec<Change> {
    let Some(mut fields) = Fields::read(document, "", problems) else {
        return Vec::new();
    };
    let before = problems.len();
    let operations = fields.array("operations", problems);
    if operations.is_none() && problems.len() == before {
        problems.add("operations", "is required");
    }
    let operations = operations.unwrap_or_default();
    if operations.is_empty() && problems.len() == before {
        problems.add("operations", "is empty: name at least one operation");
    }
    fields.finish(&["operations"], |_| None, problems);
    if operations.len() > MAX_OPERATIONS {
        problems.add(
            "operations",
            format!(
                "holds {}: send at most {MAX_OPERATIONS} at once",
                operations.len()
            ),
        );
        return Vec::new();
    }
    let mut seen: BTreeMap<RegistrationId, usize> = BTreeMap::new();
    let mut changes = Vec::with_capacity(operations.len());
    for (index, (place, operation)) in operations.into_iter().enumerate() {
        let Some(change) = change(&place, operation, problems) else {
            continue;
        };
        let id = change.operation.id();
        match seen.get(&id) {
            Some(first) => problems.add(
                place,
                format!("changes {id}, as operations[{first}] does: keep one"),
            ),
            None => {
                seen.insert(id, index);
            }
        }
        changes.push(change);
    }
    changes
}

/// The word of an operation, and what it makes of a registration; nothing, where it needs none.
type Word = Option<fn(Registration) -> Operation>;

const WORDS: [(&str, Word); 4] = [
    ("create", Some(Operation::Create)),
    ("replace", Some(Operation::Replace)),
    ("put", Some(Operation::Put)),
    ("delete", None),
];

fn change(place: &str, operation: &RawValue, problems: &mut Problems) -> Option<Change> {
    let mut fields = Fields::read(operation, place, problems)?;
    let before = problems.len();
    let word = fields.choice("op", &WORDS, problems);
    if word.is_none() && problems.len() == before {
        problems.add(fields.path("op"), "is required");
    }
    let precondition = precondition(&mut fields, problems);
    let operation = if let Some(make) = word? {
        let registration = registration(&mut fields, problems);
        fields.finish(&["op", "registration", "ifMatch"], foreign, problems);
        make(registration?)
    } else {
        let id = id(&mut fields, problems);
        fields.finish(&["op", "id", "ifMatch"], foreign, problems);
        Operation::Delete(id?)
    };
    Some(Change {
        operation,
        precondition: precondition?,
    })
}

fn foreign(field: &str) -> Option<String> {
    match field {
        "id" => Some("is for `delete`: the registration has a type and a name".to_owned()),
        "registration" => Some("is not for `delete`, which takes an `id`".to_owned()),
        _ => None,
    }
}

fn registration(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Registration> {
    let place = fields.path("registration");
    let Some(document) = fields.take("registration") else {
        problems.add(place, "is required");
        return None;
    };
    Registration::parse(document.get().as_bytes())
        .map_err(|found| problems.add_all(&place, &found))
        .ok()
}

fn id(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<RegistrationId> {
    let place = fields.path("id");
    let before = problems.len();
    let Some(text) = fields.text("id", usize::MAX, problems) else {
        if problems.len() == before {
            problems.add(place, "is required");
        }
        return None;
    };
    text.parse()
        .map_err(|error: registry::InvalidId| problems.add(place, error.to_string()))
        .ok()
}

/// None if it can't be read, which is noted.
fn precondition(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Precondition> {
    let place = fields.path("ifMatch");
    let before = problems.len();
    let Some(text) = fields.text("ifMatch", usize::MAX, problems) else {
        return (problems.len() == before).then(Precondition::default);
    };
    let if_match = conditions::strong(&text);
    if if_match.is_none() {
        problems.add(place, conditions::MALFORMED);
    }
    Some(Precondition {
        if_match: Some(if_match?),
        if_none_match: None,
    })
}
