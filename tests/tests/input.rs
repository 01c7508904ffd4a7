//! Functions that ask the client something before they answer.

use std::fmt::Write as _;

use anyhow::Result;
use local_cloud::function_arn;
use serde_json::{Value, json};
use support::TestCloud;
use support::functions::{function, tool};

const QUESTIONS: &str = r#"{
    "who": { "method": "elicitation/create", "params": {
        "message": "Who?", "requestedSchema": {
            "type": "object", "$comment": "no type of any library knows this",
            "properties": {
                "name": { "type": "string", "minLength": 1 },
                "colours": { "type": "array", "items": { "anyOf": [{ "const": "r", "title": "Red" }] }, "default": ["r"] }
            },
            "required": ["name"]
        }
    } },
    "where": { "method": "roots/list", "params": {} }
}"#;

async fn cloud() -> Result<TestCloud> {
    let cloud = TestCloud::start_with(|config| {
        config.sample = false;
        config.tools = vec![function(
            "ask",
            env!("CARGO_BIN_EXE_puppet"),
            &["ask", QUESTIONS],
        )];
    })
    .await?;
    cloud.register(&tool("ask", "ask")).await?;
    cloud.register(&tool("other", "ask")).await?;
    let arn = function_arn("ask");
    let prompt =
        json!({ "type": "prompt", "name": "ask", "description": "Asks", "lambdaArn": arn });
    cloud.register(&prompt).await?;
    let resource = json!({
        "type": "resource", "name": "ask", "description": "Asks", "lambdaArn": arn, "uri": "test://ask",
    });
    cloud.register(&resource).await?;
    Ok(cloud)
}

fn capable(mut params: Value) -> Value {
    params["_meta"]["io.modelcontextprotocol/clientCapabilities"] =
        json!({ "elicitation": {}, "roots": {} });
    params
}

fn answers() -> Value {
    json!({
        "who": { "action": "accept", "content": { "name": "Ada" } },
        "where": { "roots": [{ "uri": "file:///x" }] },
        "nobody-asked": 1,
    })
}

/// Asks and answers: the first result, and the second.
async fn round_trip(cloud: &TestCloud, method: &str, params: Value) -> Result<(Value, Value)> {
    let mut first = cloud.modern().call(method, capable(params.clone())).await?;
    let mut again = params;
    again["requestState"] = first["result"]["requestState"].clone();
    again["inputResponses"] = answers();
    let second = cloud.modern().call(method, capable(again)).await?;
    first["result"]["requestState"] = json!("(sealed)");
    Ok((first, second))
}

#[tokio::test]
async fn every_primitive_can_ask() -> Result<()> {
    let cloud = cloud().await?;
    let mut seen = String::new();
    for (method, params) in [
        (
            "tools/call",
            json!({ "name": "ask", "arguments": { "n": 1 } }),
        ),
        ("prompts/get", json!({ "name": "ask" })),
        ("resources/read", json!({ "uri": "test://ask" })),
    ] {
        let (first, second) = round_trip(&cloud, method, params).await?;
        writeln!(seen, "{method}\n{first:#}\n{second:#}")?;
    }
    insta::assert_snapshot!(seen);
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn what_is_not_answered_is_asked_again() -> Result<()> {
    let cloud = cloud().await?;
    let first = cloud
        .modern()
        .call("tools/call", capable(json!({ "name": "ask" })))
        .await?;
    let one = json!({ "where": { "roots": [] } });
    let params = json!({ "name": "ask", "requestState": first["result"]["requestState"], "inputResponses": one });
    let second = cloud.modern().call("tools/call", capable(params)).await?;
    assert_eq!(second["result"]["resultType"], "input_required");
    let asked: Vec<_> = second["result"]["inputRequests"]
        .as_object()
        .unwrap()
        .keys()
        .collect();
    assert_eq!(asked, ["who"]);
    let other = json!({ "who": { "action": "decline" } });
    let params = json!({ "name": "ask", "requestState": second["result"]["requestState"], "inputResponses": other });
    let third = cloud.modern().call("tools/call", capable(params)).await?;
    assert_eq!(
        third["result"]["structuredContent"],
        json!({
            "inputResponses": { "where": { "roots": [] }, "who": { "action": "decline" } },
            "requestState": { "round": 1 },
        })
    );
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_state_serves_its_request_once() -> Result<()> {
    let cloud = cloud().await?;
    let ask = json!({ "name": "ask", "arguments": { "amount": 1 } });
    let first = cloud
        .modern()
        .call("tools/call", capable(ask.clone()))
        .await?;
    let state = first["result"]["requestState"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let back = |change: &dyn Fn(&mut Value)| {
        let mut params = ask.clone();
        params["requestState"] = json!(state);
        params["inputResponses"] = answers();
        change(&mut params);
        capable(params)
    };
    let mut seen = String::new();
    for (what, params) in [
        (
            "tampered",
            back(&|params| params["requestState"] = json!(format!("{state}-TAMPERED"))),
        ),
        (
            "other arguments",
            back(&|params| params["arguments"]["amount"] = json!(1000)),
        ),
        (
            "other tool",
            back(&|params| params["name"] = json!("other")),
        ),
        (
            "no result",
            back(&|params| params["inputResponses"]["where"] = json!(5)),
        ),
        (
            "not the form",
            back(&|params| params["inputResponses"]["who"]["content"] = json!({ "name": "" })),
        ),
        ("as asked", back(&|_| {})),
        ("replayed", back(&|_| {})),
    ] {
        let answer = cloud.modern().call("tools/call", params).await?;
        let said = match answer["error"].as_object() {
            Some(error) => json!(error).to_string(),
            None => answer["result"]["structuredContent"].to_string(),
        };
        writeln!(seen, "{what}: {said}")?;
    }
    insta::assert_snapshot!(seen);
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn nobody_is_asked_what_it_can_not_answer() -> Result<()> {
    let cloud = cloud().await?;
    let reply = cloud
        .modern()
        .send("tools/call", json!({ "name": "ask" }))
        .await?;
    let (legacy, _) = cloud.legacy("2025-06-18").await?;
    let by_legacy = legacy.call("tools/call", json!({ "name": "ask" })).await?;
    let prompt = legacy.call("prompts/get", json!({ "name": "ask" })).await?;
    insta::assert_snapshot!(format!(
        "{} {}\n{by_legacy}\n{prompt}",
        reply.status,
        reply.text()?
    ));
    cloud.shutdown().await;
    Ok(())
}
