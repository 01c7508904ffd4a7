//! Suggestions for arguments of prompts and variables of resource templates.

use std::fmt::Write as _;

use anyhow::Result;
use local_cloud::function_arn;
use serde_json::{Value, json};
use support::TestCloud;
use support::functions::function;

#[tokio::test]
async fn arguments_and_variables_are_completed() -> Result<()> {
    let cloud = TestCloud::start_with(|config| {
        config.sample = false;
        let puppet = env!("CARGO_BIN_EXE_puppet");
        config.tools = vec![
            function("list", puppet, &["reply", r#"["a","b"]"#]),
            function(
                "mcp",
                puppet,
                &["reply", r#"{"completion":{"values":["x"],"total":9}}"#],
            ),
            function("odd", puppet, &["reply", r#"{"values":[1]}"#]),
        ];
    })
    .await?;
    let prompt = |name: &str, function: &str, completions: Value| {
        json!({
            "type": "prompt", "name": name, "description": "d", "lambdaArn": function_arn(function),
            "arguments": [{ "name": "city" }, { "name": "free" }], "completions": completions,
        })
    };
    let cities = json!({ "city": ["Paris", "park", "Berlin"] });
    cloud.register(&prompt("cities", "list", cities)).await?;
    cloud
        .register(&prompt("asked", "list", json!({ "city": "function" })))
        .await?;
    cloud
        .register(&prompt("mcp", "mcp", json!({ "city": "function" })))
        .await?;
    cloud
        .register(&prompt("odd", "odd", json!({ "city": "function" })))
        .await?;
    let template = json!({
        "type": "resource", "name": "items", "description": "d", "lambdaArn": function_arn("list"),
        "uriTemplate": "test://items/{id}", "completions": { "id": ["1", "12", "2"] },
    });
    cloud.register(&template).await?;

    let mut seen = String::new();
    let by_prompt = |name: &str| json!({ "type": "ref/prompt", "name": name });
    let by_uri = |uri: &str| json!({ "type": "ref/resource", "uri": uri });
    for (of, argument, value) in [
        (by_prompt("cities"), "city", "PAR"),
        (by_prompt("cities"), "free", ""),
        (by_prompt("cities"), "none", ""),
        (by_prompt("missing"), "city", ""),
        (by_prompt("asked"), "city", "a"),
        (by_prompt("mcp"), "city", ""),
        (by_prompt("odd"), "city", ""),
        (by_uri("test://items/{id}"), "id", "1"),
        (by_uri("test://unknown/{id}"), "id", "1"),
    ] {
        let params = json!({ "ref": of, "argument": { "name": argument, "value": value } });
        let answer = cloud.modern().call("completion/complete", params).await?;
        let said = answer
            .get("error")
            .unwrap_or(&answer["result"]["completion"]);
        writeln!(seen, "{of} {argument}={value}: {said}")?;
    }
    let (legacy, handshake) = cloud.legacy("2025-11-25").await?;
    let params =
        json!({ "ref": by_prompt("cities"), "argument": { "name": "city", "value": "b" } });
    let answer = legacy.call("completion/complete", params).await?;
    write!(seen, "{}\n{answer}\n", handshake["capabilities"])?;
    insta::assert_snapshot!(seen);
    cloud.shutdown().await;
    Ok(())
}
