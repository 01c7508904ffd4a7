//! One registration at a time.

use http::StatusCode;
use lambda_http::{Body, Request, Response};
use registry::{Registration, RegistrationId, RegistrationStore};

use crate::answer::{self, Failure};
use crate::media_type::may_be_json;

pub(crate) async fn create(
    store: &impl RegistrationStore,
    request: &Request,
) -> Result<Response<Body>, Failure> {
    let registration = registration(request)?;
    store.create(&registration).await?;
    Ok(answer::document(StatusCode::CREATED, &registration, true))
}

pub(crate) async fn read(
    store: &impl RegistrationStore,
    id: &RegistrationId,
) -> Result<Response<Body>, Failure> {
    match store.get(id).await? {
        Some(stored) => Ok(answer::document(
            StatusCode::OK,
            &stored.registration,
            false,
        )),
        None => Err(Failure::NotRegistered(id.clone())),
    }
}

pub(crate) async fn replace(
    store: &impl RegistrationStore,
    id: &RegistrationId,
    request: &Request,
) -> Result<Response<Body>, Failure> {
    let registration = registration(request)?;
    if registration.id() != *id {
        return Err(Failure::OtherId {
            path: id.clone(),
            body: registration.id(),
        });
    }
    store.replace(&registration).await?;
    Ok(answer::document(StatusCode::OK, &registration, false))
}

pub(crate) async fn delete(
    store: &impl RegistrationStore,
    id: &RegistrationId,
) -> Result<Response<Body>, Failure> {
    store.delete(id).await?;
    Ok(answer::empty(StatusCode::NO_CONTENT))
}

/// The registration in a body, in full or not at all.
fn registration(request: &Request) -> Result<Registration, Failure> {
    if !may_be_json(request.headers()) {
        return Err(Failure::UnsupportedMediaType);
    }
    let body: &[u8] = request.body();
    if body.len() > Registration::MAX_BYTES {
        return Err(Failure::TooLarge);
    }
    Registration::parse(body).map_err(Failure::Invalid)
}
