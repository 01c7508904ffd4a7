//! `POST /register:validate`: what is wrong with documents, without writing any.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};

use http::StatusCode;
use lambda_http::{Body, Request, Response};
use registry::{
    Definition, Fields, Problems, Registration, RegistrationId, RegistrationName,
    RegistrationStore, RegistrationType, ResourceLocator, json_text,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::batch::MAX_BODY;
use crate::failure::Failure;
use crate::health::{FunctionProbe, Health};
use crate::listing::{self, MAX_BYTES};
use crate::{Api, answer, invocable, request};

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
    /// The state of its function, if that was to be checked: of one that clients see.
    #[serde(skip_serializing_if = "Option::is_none")]
    health: Option<Health>,
    /// How it would be stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    registration: Option<Box<RawValue>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Include {
    Registration,
}

pub(crate) async fn validate(
    api: &Api<impl RegistrationStore, impl FunctionProbe>,
    request: &Request,
) -> Result<Response<Body>, Failure> {
    let include = [("registration", Include::Registration)];
    let include = request::words(request, "include", &include)?;
    let asks_for_health = request::flag(request, "health", true)?;
    let body = request::body(request, MAX_BODY)?;
    let documents = documents(body).map_err(Failure::InvalidDocuments)?;
    let parsed = documents
        .iter()
        .map(|document| Registration::parse(document.get().as_bytes()));
    let parsed: Vec<_> = parsed.collect();
    let health = if asks_for_health {
        let registrations = parsed.iter().flatten();
        let functions = registrations.filter_map(invocable::function_of);
        api.checker.check(functions).await
    } else {
        HashMap::new()
    };
    let mut seen = Seen::default();
    let results: Vec<Verdict> = documents
        .into_iter()
        .zip(parsed)
        .enumerate()
        .map(|(index, (document, parsed))| {
            let (registration, mut problems) = match parsed {
                Ok(registration) => (Some(registration), Problems::default()),
                Err(problems) => (None, problems),
            };
            let id = match &registration {
                Some(registration) => Some(registration.id()),
                None => named(document),
            };
            seen.note(index, id.as_ref(), registration.as_ref(), &mut problems);
            let function = registration.as_ref().and_then(invocable::function_of);
            let health = function.and_then(|function| health.get(function)).cloned();
            problems.extend(
                health
                    .iter()
                    .filter_map(|health| invocable::problem("", health)),
            );
            let valid = problems.is_empty();
            let normalised = registration
                .filter(|_| valid && include.contains(&Include::Registration))
                .map(|registration| registration.to_json());
            Verdict {
                id: id.map(|id| id.to_string()),
                valid,
                problems,
                health,
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
