//! `GET /openapi.json`: the API described, for programs.

use http::StatusCode;
use lambda_http::{Body, Response};

use crate::answer;

/// `OpenAPI` 3.1. Written by hand, and held against the handlers by the tests.
const OPENAPI: &str = include_str!("../openapi.json");

pub(crate) fn answer() -> Response<Body> {
    answer::json(StatusCode::OK, OPENAPI.to_owned())
}
