//! The function that administrators register tools, resources and prompts with.
//!
//! `/register` and `/register/{id}` behind a Function URL, and what belongs to them: [`router::Route`] names it all. A
//! request becomes a route, the route's handler asks the store, and every answer that has a body, good or bad, is JSON.

mod answer;
mod batch;
mod conditions;
mod description;
mod details;
pub mod failure;
mod handlers;
pub mod health;
mod history;
mod invocable;
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
use crate::health::{Checker, FunctionProbe};
use crate::router::Route;

/// The registration API over a store, and what it asks about functions.
#[derive(Debug)]
pub struct Api<S, P> {
    store: S,
    checker: Checker<P>,
}

impl<S: RegistrationStore, P: FunctionProbe> Api<S, P> {
    /// The API over these.
    pub fn new(store: S, checker: Checker<P>) -> Self {
        Self { store, checker }
    }

    /// Answers one request and logs one line about it: neither body nor credentials.
    pub async fn answer(&self, request: Request) -> Response<Body> {
        let started = Instant::now();
        let request_id = request
            .lambda_context_ref()
            .map(|context| context.request_id.clone())
            .unwrap_or_default();
        let method = request.method().clone();
        let path = request.raw_http_path().to_owned();
        let route = origin::check(request.headers()).and_then(|()| router::route(&method, &path));
        let result = match route {
            Ok(route) => self.dispatch(route, &request).await,
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

    async fn dispatch(&self, route: Route, request: &Request) -> Result<Response<Body>, Failure> {
        match route {
            Route::Create => handlers::create(self, request).await,
            Route::List => listing::list(self, request).await,
            Route::Read(id) => handlers::read(self, &id, request).await,
            Route::Replace(id) => handlers::replace(self, &id, request).await,
            Route::Patch(id) => handlers::patch(self, &id, request).await,
            Route::Delete(id) => handlers::delete(self, &id, request).await,
            Route::Changes(id) => history::changes(&self.store, &id, request).await,
            Route::Validate => validation::validate(self, request).await,
            Route::Batch => batch::write(self, request).await,
            Route::Description => Ok(description::answer()),
        }
    }
}
