//! A function that a fresh local cloud registers three times: as a tool, a resource and a prompt.
//!
//! It is an example for tool authors. A registered function gets a JSON event and answers with the MCP result for it,
//! under `body` beside a `statusCode`. `extra` in the event tells for which registration it was called, so that one
//! function can serve many.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        Ok::<_, Error>(answer(&event.payload))
    }))
    .await
}

/// The answer to one event. A `statusCode` of 400 or more says that the call failed, and `body` why.
fn answer(event: &Value) -> Value {
    let kind = event["extra"]["registration"]["type"].as_str();
    let result = match kind {
        Some("tool") => hello(&event["args"]),
        Some("resource") => read(event),
        Some("prompt") => greet(&event["args"]),
        _ => Err("extra.registration.type must be tool, resource or prompt"),
    };
    match result {
        Ok(body) => json!({"statusCode": 200, "body": body}),
        Err(problem) => json!({"statusCode": 400, "body": problem}),
    }
}

/// The tool `hello`: a `CallToolResult`. The arguments have been checked against the registered schema by now.
fn hello(args: &Value) -> Result<Value, &'static str> {
    let name = args["name"].as_str().ok_or("name must be a string")?;
    let greeting = format!("Hello, {name}!");
    Ok(json!({
        "content": [{"type": "text", "text": greeting}],
        "structuredContent": {"greeting": greeting},
    }))
}

/// The resource `hello-text`: a `ReadResourceResult`.
fn read(event: &Value) -> Result<Value, &'static str> {
    if event["action"] != "read" {
        return Err("this resource can be read and does nothing else");
    }
    let content = json!({"uri": event["uri"], "mimeType": "text/plain", "text": "Hello from a Lambda function!"});
    Ok(json!({"contents": [content]}))
}

/// The prompt `greet`: a `GetPromptResult`.
fn greet(args: &Value) -> Result<Value, &'static str> {
    let name = args["name"].as_str().ok_or("name must be a string")?;
    let text = format!("Write a short, warm greeting for {name}.");
    Ok(json!({
        "description": "A greeting to write",
        "messages": [{"role": "user", "content": {"type": "text", "text": text}}],
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(kind: &str, event: Value) -> String {
        let mut event = event;
        event["extra"] = json!({"registration": {"type": kind, "name": "x"}});
        answer(&event).to_string()
    }

    #[test]
    fn each_kind_gets_its_result() {
        insta::assert_snapshot!(call("tool", json!({"args": {"name": "Ada"}})), @r#"{"statusCode":200,"body":{"content":[{"type":"text","text":"Hello, Ada!"}],"structuredContent":{"greeting":"Hello, Ada!"}}}"#);
        insta::assert_snapshot!(call("resource", json!({"action": "read", "uri": "sample://greeting", "variables": {}})), @r#"{"statusCode":200,"body":{"contents":[{"uri":"sample://greeting","mimeType":"text/plain","text":"Hello from a Lambda function!"}]}}"#);
        insta::assert_snapshot!(call("prompt", json!({"args": {"name": "Ada"}})), @r#"{"statusCode":200,"body":{"description":"A greeting to write","messages":[{"role":"user","content":{"type":"text","text":"Write a short, warm greeting for Ada."}}]}}"#);
    }

    #[test]
    fn anything_else_is_a_400() {
        for (kind, event) in [
            ("tool", json!({"args": {}})),
            ("prompt", json!({})),
            ("resource", json!({"action": "list"})),
            ("other", json!({})),
        ] {
            let answer = call(kind, event);
            assert!(
                answer.starts_with(r#"{"statusCode":400,"body":""#),
                "{answer}"
            );
        }
    }
}
