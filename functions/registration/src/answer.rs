//! What requests are answered with, when it is not a failure.

use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, LOCATION};
use http::{HeaderName, HeaderValue, StatusCode};
use lambda_http::{Body, Response};
use registry::{CatalogVersion, Registration, RegistrationId};

use crate::conditions::etag;

/// A JSON answer that nobody may keep.
pub(crate) fn json(status: StatusCode, body: String) -> Response<Body> {
    let mut response = empty(status);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    *response.body_mut() = Body::Text(body);
    response
}

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The registration's document, at its revision.
pub(crate) fn document(
    status: StatusCode,
    registration: &Registration,
    revision: CatalogVersion,
) -> Response<Body> {
    let response = json(status, registration.to_json().get().to_owned());
    tagged(response, revision)
}

/// The answer with an entity tag.
pub(crate) fn tagged(mut response: Response<Body>, revision: CatalogVersion) -> Response<Body> {
    insert(&mut response, ETAG, &etag(revision));
    response
}

/// The answer with the place of what was created.
pub(crate) fn located(mut response: Response<Body>, id: &RegistrationId) -> Response<Body> {
    insert(&mut response, LOCATION, &format!("/register/{id}"));
    response
}

/// That the client has it already.
pub(crate) fn not_modified(revision: CatalogVersion) -> Response<Body> {
    tagged(empty(StatusCode::NOT_MODIFIED), revision)
}

fn insert(response: &mut Response<Body>, name: HeaderName, value: &str) {
    let value =
        HeaderValue::from_str(value).expect("ids and entity tags are visible ASCII characters");
    response.headers_mut().insert(name, value);
}
