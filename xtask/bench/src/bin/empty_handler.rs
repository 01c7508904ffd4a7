//! An empty buffered `lambda_http` handler: the floor that cold starts are compared with.

use lambda_http::{Body, Error, Request, Response, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_http::run(service_fn(answer)).await
}

/// Answers everything with 200 and an empty JSON object.
async fn answer(_request: Request) -> Result<Response<Body>, Error> {
    Ok(Response::builder()
        .header("content-type", "application/json")
        .body(Body::Text("{}".to_owned()))?)
}
