//! What is known of a registration beside its document, where a request asks for it (`?include=`).

use std::collections::HashMap;

use lambda_http::Request;
use registry::{LambdaArn, RegistrationStore, StoredRegistration};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::conditions::etag;
use crate::failure::Failure;
use crate::health::{FunctionProbe, Health};
use crate::{Api, request};

/// What can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Include {
    /// The entity tag, and the times of the first and the last write.
    Etag,
    /// Whether its function could be invoked now.
    Health,
}

/// What was asked for.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Details {
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    health: Option<Health>,
}

/// What a request asks for.
pub(crate) fn included(request: &Request) -> Result<Vec<Include>, Failure> {
    let known = [("etag", Include::Etag), ("health", Include::Health)];
    request::words(request, "include", &known)
}

/// The health of the functions of these registrations, if it is asked for.
pub(crate) async fn health<'a>(
    api: &Api<impl RegistrationStore, impl FunctionProbe>,
    include: &[Include],
    entries: impl IntoIterator<Item = &'a StoredRegistration>,
) -> HashMap<LambdaArn, Health> {
    if !include.contains(&Include::Health) {
        return HashMap::new();
    }
    let functions = entries
        .into_iter()
        .map(|entry| &entry.registration.lambda_arn);
    api.checker.check(functions).await
}

impl Details {
    /// These details of a registration.
    pub(crate) fn of(
        stored: &StoredRegistration,
        include: &[Include],
        health: &HashMap<LambdaArn, Health>,
    ) -> Self {
        let tagged = include.contains(&Include::Etag);
        Self {
            etag: tagged.then(|| etag(stored.revision)),
            created_at: tagged.then(|| stored.created_at.clone()),
            updated_at: tagged.then(|| stored.updated_at.clone()),
            health: health.get(&stored.registration.lambda_arn).cloned(),
        }
    }

    fn to_json(&self) -> Value {
        serde_json::to_value(self).expect("strings always serialise")
    }
}

/// The details of several registrations, as one JSON object.
pub(crate) fn by_id(details: impl Iterator<Item = (String, Details)>) -> String {
    let members: Map<String, Value> = details.map(|(id, one)| (id, one.to_json())).collect();
    Value::Object(members).to_string()
}

/// A registration's document with its details beside it.
pub(crate) fn beside(stored: &StoredRegistration, details: &Details) -> String {
    format!(
        r#"{{"registration":{},"details":{}}}"#,
        stored.registration.to_json().get(),
        details.to_json()
    )
}
