//! One registration at a time.

use http::StatusCode;
use lambda_http::{Body, Request, Response};
use registry::{
    Author, CatalogVersion, Change, Operation, Precondition, Refusal, Registration, RegistrationId,
    RegistrationStore, Revisions, WriteError, Written,
};

use crate::details::{self, Details, Include};
use crate::failure::Failure;
use crate::health::FunctionProbe;
use crate::{Api, answer, conditions, invocable, request};

/// How often a patch is made anew because others changed this very registration meanwhile. What else they write the
/// store rides out itself, so that more than a few are many administrators with one registration.
const PATCH_ATTEMPTS: u32 = 5;

pub(crate) async fn create(
    api: &Api<impl RegistrationStore, impl FunctionProbe>,
    request: &Request,
) -> Result<Response<Body>, Failure> {
    let registration = registration(request)?;
    unless_forced(api, &registration, request).await?;
    let change = Operation::Create(registration.clone()).into();
    let written = write(api, change, request).await?;
    let response = answer::document(StatusCode::CREATED, &registration, written.revision);
    Ok(answer::located(response, &written.id))
}

pub(crate) async fn read(
    api: &Api<impl RegistrationStore, impl FunctionProbe>,
    id: &RegistrationId,
    request: &Request,
) -> Result<Response<Body>, Failure> {
    let include = details::included(request)?;
    let Some(stored) = api.store.get(id).await? else {
        return Err(Failure::NotRegistered(id.clone()));
    };
    // The revision says nothing of the function's health.
    let is_known = conditions::is_known(request.headers(), stored.revision)?;
    if is_known && !include.contains(&Include::Health) {
        return Ok(answer::not_modified(stored.revision));
    }
    if include.is_empty() {
        return Ok(answer::document(
            StatusCode::OK,
            &stored.registration,
            stored.revision,
        ));
    }
    let health = details::health(api, &include, [&stored]).await;
    let details = Details::of(&stored, &include, &health);
    let response = answer::json(StatusCode::OK, details::beside(&stored, &details));
    Ok(answer::tagged(response, stored.revision))
}

pub(crate) async fn replace(
    api: &Api<impl RegistrationStore, impl FunctionProbe>,
    id: &RegistrationId,
    request: &Request,
) -> Result<Response<Body>, Failure> {
    let precondition = conditions::of_write(request.headers())?;
    let registration = same_id(id, registration(request)?)?;
    unless_forced(api, &registration, request).await?;
    // To replace what is not there is a mistake, unless that is what was asked for.
    let is_creation = precondition.if_none_match == Some(Revisions::Any);
    let operation = if is_creation {
        Operation::Create(registration.clone())
    } else {
        Operation::Replace(registration.clone())
    };
    let change = Change {
        operation,
        precondition,
    };
    let written = write(api, change, request).await?;
    if is_creation {
        let response = answer::document(StatusCode::CREATED, &registration, written.revision);
        Ok(answer::located(response, id))
    } else {
        Ok(answer::document(
            StatusCode::OK,
            &registration,
            written.revision,
        ))
    }
}

/// `PATCH`: what the patch makes of the registration is written on the condition that this is still how it was read.
pub(crate) async fn patch(
    api: &Api<impl RegistrationStore, impl FunctionProbe>,
    id: &RegistrationId,
    request: &Request,
) -> Result<Response<Body>, Failure> {
    let wanted = conditions::of_write(request.headers())?;
    let patch = request::body(request, Registration::MAX_BYTES)?;
    let author = request::author(request);
    let mut attempt = 1;
    loop {
        let Some(stored) = api.store.get(id).await? else {
            return Err(absent(id, &wanted));
        };
        if !wanted.holds(Some(Some(stored.revision))) {
            return Err(not_at(id, Some(stored.revision)));
        }
        let patched = stored.registration.patched(patch);
        let registration = same_id(id, patched.map_err(Failure::Invalid)?)?;
        unless_forced(api, &registration, request).await?;
        let change = Change {
            operation: Operation::Patch(registration.clone()),
            precondition: Precondition::at(stored.revision),
        };
        match api.store.write(&[change], author.as_ref()).await {
            Ok(written) => {
                let revision = only(written).revision;
                return Ok(answer::document(StatusCode::OK, &registration, revision));
            }
            // Somebody else changed it meanwhile. The request's own conditions are looked at again as well.
            Err(WriteError::Refused(refused))
                if refused.iter().any(|refused| {
                    matches!(refused.refusal, Refusal::PreconditionFailed { .. })
                }) =>
            {
                if attempt == PATCH_ATTEMPTS {
                    return Err(Failure::NotWritten(WriteError::Conflict {
                        attempts: attempt,
                    }));
                }
                attempt += 1;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

pub(crate) async fn delete(
    api: &Api<impl RegistrationStore, impl FunctionProbe>,
    id: &RegistrationId,
    request: &Request,
) -> Result<Response<Body>, Failure> {
    let change = Change {
        operation: Operation::Delete(id.clone()),
        precondition: conditions::of_write(request.headers())?,
    };
    write(api, change, request).await?;
    Ok(answer::empty(StatusCode::NO_CONTENT))
}

async fn write(
    api: &Api<impl RegistrationStore, impl FunctionProbe>,
    change: Change,
    request: &Request,
) -> Result<Written, Failure> {
    let author: Option<Author> = request::author(request);
    Ok(only(api.store.write(&[change], author.as_ref()).await?))
}

/// That the registration can be called, unless the request says that it does not matter.
async fn unless_forced(
    api: &Api<impl RegistrationStore, impl FunctionProbe>,
    registration: &Registration,
    request: &Request,
) -> Result<(), Failure> {
    if request::flag(request, "force", false)? {
        return Ok(());
    }
    invocable::check(api, [("", registration)]).await
}

/// What was written for the only change.
fn only(mut written: Vec<Written>) -> Written {
    written.pop().expect("a store answers every change it made")
}

/// The registration in a body, in full or not at all.
fn registration(request: &Request) -> Result<Registration, Failure> {
    let body = request::body(request, Registration::MAX_BYTES)?;
    Registration::parse(body).map_err(Failure::Invalid)
}

/// A registration can't become another one.
fn same_id(id: &RegistrationId, registration: Registration) -> Result<Registration, Failure> {
    if registration.id() == *id {
        Ok(registration)
    } else {
        Err(Failure::OtherId {
            path: id.clone(),
            body: registration.id(),
        })
    }
}

/// That there is nothing to patch: said as the store says it of other changes.
fn absent(id: &RegistrationId, wanted: &Precondition) -> Failure {
    if wanted.if_match.is_some() {
        not_at(id, None)
    } else {
        Failure::NotRegistered(id.clone())
    }
}

fn not_at(id: &RegistrationId, revision: Option<CatalogVersion>) -> Failure {
    Failure::NotWritten(WriteError::Refused(vec![registry::Refused {
        change: 0,
        refusal: Refusal::PreconditionFailed {
            id: id.clone(),
            revision,
        },
    }]))
}
