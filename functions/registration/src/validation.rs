//! `POST /register:validate`: what is wrong with documents, without writing any.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use http::StatusCode;
use lambda_http::{Body, Request, Response};
use registry::{
    Definition, Fields, Problems, Registration, RegistrationId, RegistrationName, RegistrationType,
    ResourceLocator, json_text,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::answer;
use crate::batch::MAX_BODY;
use crate::failure::Failure;
use crate::listing::{self, MAX_BYTES};
use crate::request;

/// The most documents at once.
const MAX_DOCUMENTS: usize = 1000;

#[derive(Serialize)]
struct Answer {
    valid: bool,
    results: Vec<Verdict>,
}

/// What is to be said of one document.
#[derive(Serialize)]
struct Verdict {
    /// What it would be registered as, as far as that can be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    valid: bool,
    problems: Problems,
    /// How it would be stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    registration: Option<Box<RawValue>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Include {
    Registration,
}

pub(crate) fn validate(request: &Request) -> Result<Response<Body>, Failure> {
    let include = request::words(
        request,
        "include",
        &[("registration", Include::Registration)],
    )?;
    let body = request::body(request, MAX_BODY)?;
    let documents = documents(body).map_err(Failure::Invalid)?;
    let mut seen = Seen::default();
    let results: Vec<Verdict> = documents
        .into_iter()
        .enumerate()
        .map(|(index, document)| {
            let parsed = Registration::parse(document.get().as_bytes());
            let (registration, mut problems) = match parsed {
                Ok(registration) => (Some(registration), Problems::default()),
                Err(problems) => (None, problems),
            };
            let id = match &registration {
                Some(registration) => Some(registration.id()),
                None => named(document),
            };
            seen.note(index, id.as_ref(), registration.as_ref(), &mut problems);
            let valid = problems.is_empty();
            let normalised = registration
                .filter(|_| valid && include.contains(&Include::Registration))
                .map(|registration| registration.to_json());
            Verdict {
                id: id.map(|id| id.to_string()),
                valid,
                problems,
                registration: normalised,
            }
        })
        .collect();
    let answer = Answer {
        valid: results.iter().all(|result| result.valid),
        results,
    };
    let body = serde_json::to_string(&answer).expect("strings and JSON texts always serialise");
    if listing::length_in_string(&body) > MAX_BYTES {
        return Err(Failure::AnswerTooLarge);
    }
    Ok(answer::json(StatusCode::OK, body))
}

/// The documents of a body: one, an array of them, or an object with such an array.
fn documents(body: &[u8]) -> Result<Vec<&RawValue>, Problems> {
    let body = json_text(body, MAX_BODY)?;
    let mut problems = Problems::default();
    let documents = if body.get().starts_with('[') {
        let documents: Result<Vec<&RawValue>, _> = serde_json::from_str(body.get());
        documents.map_err(|error| Problems::one("", error.to_string()))?
    } else {
        let mut fields = Fields::read(body, "", &mut problems).ok_or(problems.clone())?;
        match fields.array("registrations", &mut problems) {
            None if problems.is_empty() => vec![body],
            None => return Err(problems),
            Some(documents) => {
                fields.finish(&["registrations"], |_| None, &mut problems);
                documents
                    .into_iter()
                    .map(|(_, document)| document)
                    .collect()
            }
        }
    };
    if documents.len() > MAX_DOCUMENTS {
        problems.add(
            "registrations",
            format!(
                "holds {}: send at most {MAX_DOCUMENTS} at once",
                documents.len()
            ),
        );
    }
    if problems.is_empty() {
        Ok(documents)
    } else {
        Err(problems)
    }
}

/// The id of a document that is wrong elsewhere.
fn named(document: &RawValue) -> Option<RegistrationId> {
    #[derive(Deserialize)]
    struct Named {
        #[serde(rename = "type")]
        kind: RegistrationType,
        name: String,
    }
    let named: Named = serde_json::from_str(document.get()).ok()?;
    Some(RegistrationId {
        kind: named.kind,
        name: RegistrationName::try_from(named.name).ok()?,
    })
}

/// What earlier documents would take: no other may have it.
#[derive(Default)]
struct Seen {
    ids: BTreeMap<RegistrationId, usize>,
    uris: BTreeMap<String, usize>,
}

impl Seen {
    fn note(
        &mut self,
        index: usize,
        id: Option<&RegistrationId>,
        registration: Option<&Registration>,
        problems: &mut Problems,
    ) {
        if let Some(id) = id {
            match self.ids.entry(id.clone()) {
                Entry::Occupied(first) => problems.add(
                    "name",
                    format!("{id} stands in registrations[{}] already", first.get()),
                ),
                Entry::Vacant(place) => {
                    place.insert(index);
                }
            }
        }
        let Some(Definition::Resource(resource)) = registration.map(|one| &one.definition) else {
            return;
        };
        if let ResourceLocator::Uri(uri) = &resource.locator {
            match self.uris.entry(uri.clone()) {
                Entry::Occupied(first) => problems.add(
                    "uri",
                    format!("is that of registrations[{}] already", first.get()),
                ),
                Entry::Vacant(place) => {
                    place.insert(index);
                }
            }
        }
    }
}
