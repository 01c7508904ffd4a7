//! Functions written for Amazon Bedrock AgentCore Gateway work as they are.

use std::fmt::Write as _;

use anyhow::Result;
use local_cloud::function_arn;
use serde_json::{Value, json};
use support::TestCloud;
use support::functions::function;

/// The function behind all tools here.
const TARGET: &str = "orders";

async fn cloud(tools: &[&str]) -> Result<TestCloud> {
    let cloud = TestCloud::start_with(|config| {
        config.sample = false;
        let program = env!("CARGO_BIN_EXE_agentcore-target");
        config.tools = vec![function(TARGET, program, &[])];
    })
    .await?;
    for tool in tools {
        cloud
            .register(&json!({
                "type": "tool", "name": tool, "description": "About orders", "contract": "agentcore",
                "lambdaArn": function_arn(TARGET),
            }))
            .await?;
    }
    Ok(cloud)
}

/// What a client gets, in the order of the tools.
async fn results(cloud: &TestCloud, tools: &[&str]) -> Result<String> {
    let mut seen = String::new();
    for tool in tools {
        let answer = cloud.call_tool(tool, json!({ "orderId": "A-1" })).await?;
        let mut result = answer["result"].clone();
        if let Some(result) = result.as_object_mut() {
            result.remove("_meta");
        }
        writeln!(seen, "{tool}: {result}")?;
    }
    Ok(seen)
}

#[tokio::test]
async fn one_function_serves_many_tools_and_whatever_it_returns_is_the_result() -> Result<()> {
    let tools = [
        "get_order",
        "list_orders",
        "describe",
        "mcp_result",
        "api_result",
        "forgotten",
    ];
    let cloud = cloud(&tools).await?;
    insta::assert_snapshot!(results(&cloud, &tools).await?);
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn tools_may_keep_the_names_they_had_in_the_gateway() -> Result<()> {
    let tools = ["OrderTarget___get_order", "OrderTarget___describe"];
    let cloud = cloud(&tools).await?;
    insta::assert_snapshot!(results(&cloud, &tools).await?);
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn arguments_reach_the_function_bare_and_in_every_era() -> Result<()> {
    let cloud = cloud(&["describe"]).await?;
    let params = json!({ "name": "describe", "arguments": { "nested": { "n": [1, null] } } });
    let modern = cloud.modern().call("tools/call", params.clone()).await?;
    let (legacy, _) = cloud.legacy("2025-06-18").await?;
    let legacy = legacy.call("tools/call", params).await?;
    for answer in [modern, legacy] {
        assert_eq!(
            answer["result"]["content"][0]["text"],
            Value::from(r#"mcp-lambda-sam was asked with {"nested":{"n":[1,null]}}"#)
        );
    }
    cloud.shutdown().await;
    Ok(())
}
