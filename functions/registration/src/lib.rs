//! The function that administrators register tools, resources and prompts with.
//!
//! `/register` and `/register/{id}` behind a Function URL, and what belongs to them: [`router::Route`] names it all. A
//! request becomes a route, the route's handler asks the store, and every answer that has a body, good or bad, is JSON.

mod answer;
mod batch;
mod conditions;
mod details;
pub mod failure;
mod handlers;
mod history;
mod listing;
mod media_type;
mod origin;
mod request;
pub mod router;
pub mod settings;
mod validation;

use std::time::Instant;

use lambda_http::{Body, Request, RequestExt, Response};
use registry::RegistrationStore;

use crate::failure::Failure;
use crate::router::Route;

/// Answers one request and logs one line about it: neither body nor credentials.
pub async fn answer(store: &impl RegistrationStore, request: Request) -> Response<Body> {
    let started = Instant::now();
    let request_id = request
        .lambda_context_ref()
        .map(|context| context.request_id.clone())
        .unwrap_or_default();
    let method = request.method().clone();
    let path = request.raw_http_path().to_owned();
    let result = match origin::check(request.headers()).and_then(|()| router::route(&method, &path))
    {
        Ok(route) => dispatch(store, route, &request).await,
        Err(failure) => Err(failure),
    };
    let response = match result {
        Ok(response) => response,
        Err(failure) => failure.into_response(&request_id),
    };
    tracing::info!(
        requestId = request_id,
        method = %method,
        path,
        status = response.status().as_u16(),
        durationMs = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        "answered"
    );
    response
}

async fn dispatch(
    store: &impl RegistrationStore,
    route: Route,
    request: &Request,
) -> Result<Response<Body>, Failure> {
    match route {
        Route::Create => handlers::create(store, request).await,
        Route::List => listing::list(store, request).await,
        Route::Read(id) => handlers::read(store, &id, request).await,
        Route::Replace(id) => handlers::replace(store, &id, request).await,
        Route::Patch(id) => handlers::patch(store, &id, request).await,
        Route::Delete(id) => handlers::delete(store, &id, request).await,
        Route::Changes(id) => history::changes(store, &id, request).await,
        Route::Validate => validation::validate(request),
        Route::Batch => batch::write(store, request).await,
    }
}
