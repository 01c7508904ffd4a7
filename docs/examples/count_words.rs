//! Counts the words of a text. Deployed as `bootstrap` on the runtime `provided.al2023`.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(answer)).await
}

/// An object is the tool's structured result, and its text.
async fn answer(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let text = event.payload["args"]["text"].as_str().unwrap_or_default();
    Ok(json!({ "words": text.split_whitespace().count(), "characters": text.chars().count() }))
}
