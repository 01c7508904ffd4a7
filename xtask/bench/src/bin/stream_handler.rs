//! An empty streaming `lambda_http` handler as it ships: what the MCP function's streamed answers are compared with.

use lambda_http::{Body, Error, Request, Response, run_with_streaming_response, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run_with_streaming_response(service_fn(answer)).await
}

/// Answers everything with 200 and an empty JSON object.
async fn answer(_request: Request) -> Result<Response<Body>, Error> {
    Ok(Response::builder()
        .header("content-type", "application/json")
        .body(Body::Text("{}".to_owned()))?)
}
