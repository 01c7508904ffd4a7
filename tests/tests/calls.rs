//! What a registered function is sent, what becomes of its answer, and of every way in which it fails to give one.

use std::fmt::Write as _;

use anyhow::Result;
use local_cloud::{Fault, function_arn};
use serde_json::{Value, json};
use support::TestCloud;
use support::functions::{function, invocations, tool};

/// A cloud with functions that do what their command lines say.
async fn cloud(functions: &[(&str, &[&str])]) -> Result<TestCloud> {
    TestCloud::start_with(|config| {
        config.sample = false;
        config.tools = functions
            .iter()
            .map(|(name, words)| function(name, env!("CARGO_BIN_EXE_puppet"), words))
            .collect();
    })
    .await
}

/// The text of a tool's result, with the mark of a failed one.
async fn called(cloud: &TestCloud, name: &str) -> Result<String> {
    let params = json!({ "name": name, "arguments": { "secret": "s3cr3t" } });
    let answer = cloud.modern().call("tools/call", params).await?;
    let result = &answer["result"];
    let text = result["content"][0]["text"].as_str().unwrap_or("(no text)");
    Ok(if result["isError"] == true {
        format!("error: {text}")
    } else {
        format!("{answer}")
    })
}

#[tokio::test]
async fn a_function_gets_the_arguments_and_who_asked() -> Result<()> {
    let cloud = cloud(&[("echo", &["echo"])]).await?;
    cloud.register(&tool("echo", "echo")).await?;
    let params =
        json!({ "name": "echo", "arguments": { "n": 1.50, "deep": { "b": 2, "a": [null] } } });
    let answer = cloud.modern().call("tools/call", params.clone()).await?;
    let mut event = answer["result"]["structuredContent"]["event"].clone();
    event["extra"]["requestId"] = json!("(request id)");
    insta::assert_snapshot!(serde_json::to_string_pretty(&event)?);

    let (legacy, _) = cloud.legacy("2025-06-18").await?;
    let answer = legacy.call("tools/call", params).await?;
    assert_eq!(
        answer["result"]["structuredContent"]["event"]["args"]["deep"]["a"],
        json!([null])
    );
    assert_eq!(
        answer["result"]["structuredContent"]["event"]["extra"]["protocolVersion"],
        "2025-06-18"
    );
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn an_agentcore_function_gets_bare_arguments() -> Result<()> {
    let cloud = cloud(&[("echo", &["echo"])]).await?;
    let mut registration = tool("weather", "echo");
    registration["contract"] = json!("agentcore");
    cloud.register(&registration).await?;
    let params = json!({ "name": "weather", "arguments": { "city": "Berlin" } });
    let answer = cloud.modern().call("tools/call", params).await?;
    let seen = &answer["result"]["structuredContent"];
    assert_eq!(seen["event"], json!({ "city": "Berlin" }));
    let custom = &seen["clientContext"]["custom"];
    assert_eq!(
        custom["bedrockAgentCoreToolName"],
        "mcp-lambda-sam___weather"
    );
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn answers_of_every_shape_become_results() -> Result<()> {
    let answers: &[(&str, &[&str])] = &[
        (
            "envelope",
            &[
                "reply",
                r#"{"statusCode":200,"body":{"content":[{"type":"text","text":"a"}]}}"#,
            ],
        ),
        ("object", &["reply", r#"{"temperature":21.5}"#]),
        (
            "refusal",
            &["reply", r#"{"statusCode":404,"body":"no such city"}"#],
        ),
        ("not-json", &["reply", "<html>"]),
        (
            "wrong-shape",
            &["reply", r#"{"content":[{"type":"text"}]}"#],
        ),
        ("empty", &["reply", ""]),
    ];
    let cloud = cloud(answers).await?;
    let mut seen = String::new();
    for (name, _) in answers {
        cloud.register(&tool(name, name)).await?;
        writeln!(seen, "{name}: {}", called(&cloud, name).await?)?;
    }
    insta::assert_snapshot!(seen);
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn every_failure_is_explained_and_none_leaks() -> Result<()> {
    let failing: &[(&str, &[&str])] = &[
        ("raises", &["error", "ValueError"]),
        ("exits", &["exit"]),
        ("own-timeout", &["hang"]),
        ("too-big", &["big", "7000000"]),
    ];
    let cloud = cloud(failing).await?;
    let mut seen = String::new();
    for (name, _) in failing {
        cloud.register(&tool(name, name)).await?;
        writeln!(seen, "{name}: {}", called(&cloud, name).await?)?;
    }

    cloud
        .register_unseen(&tool("missing", "never-deployed"))
        .await?;
    writeln!(seen, "missing: {}", called(&cloud, "missing").await?)?;

    let mut impatient = tool("impatient", "own-timeout");
    impatient["invocation"] = json!({ "timeoutSeconds": 1 });
    cloud.register(&impatient).await?;
    writeln!(seen, "impatient: {}", called(&cloud, "impatient").await?)?;

    for (name, fault) in [
        ("throttled", Fault::Throttled),
        ("denied", Fault::Denied),
        ("service-error", Fault::ServiceError),
        ("connection", Fault::DropConnection),
    ] {
        cloud.register(&tool(name, "raises")).await?;
        cloud.cloud().host().inject("raises", 3, fault)?;
        writeln!(seen, "{name}: {}", called(&cloud, name).await?)?;
        // What a retry left over must not meet the next one.
        while !called(&cloud, name).await?.contains("failed while it ran") {}
    }
    insta::assert_snapshot!(seen);
    for leak in [
        "s3cr3t",
        "arn:aws",
        "000000000000",
        "ValueError",
        "exit status",
    ] {
        assert!(!seen.contains(leak), "{leak} was told to a client");
    }

    let answer = cloud
        .modern()
        .call("tools/call", json!({ "name": "unknown", "arguments": {} }))
        .await?;
    assert_eq!(
        answer["error"],
        json!({ "code": -32602, "message": "unknown tool: unknown" })
    );
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn arguments_that_do_not_fit_never_reach_the_function() -> Result<()> {
    let cloud = cloud(&[("echo", &["echo"])]).await?;
    let mut registration = tool("strict", "echo");
    registration["inputSchema"] = json!({
        "type": "object",
        "properties": { "n": { "type": "integer", "minimum": 1 }, "s": { "enum": ["a", "b"] } },
        "required": ["n"],
        "additionalProperties": false,
    });
    cloud.register(&registration).await?;
    let arguments = json!({ "n": "s3cr3t", "s": "s3cr3t", "other": 1 });
    let answer = cloud
        .modern()
        .call(
            "tools/call",
            json!({ "name": "strict", "arguments": arguments }),
        )
        .await?;
    insta::assert_snapshot!(
        answer["result"]["content"][0]["text"]
            .as_str()
            .unwrap_or_default()
    );
    let none = cloud
        .modern()
        .call("tools/call", json!({ "name": "strict" }))
        .await?;
    insta::assert_snapshot!(
        none["result"]["content"][0]["text"]
            .as_str()
            .unwrap_or_default()
    );
    assert_eq!(invocations(cloud.cloud(), "echo"), 0);
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn prompts_and_resources_fail_as_errors_of_the_protocol() -> Result<()> {
    let cloud = cloud(&[
        ("boom", &["error", "Boom"]),
        ("no", &["reply", r#"{"statusCode":403,"body":"s3cr3t"}"#]),
    ])
    .await?;
    cloud
        .register(
            &json!({ "type": "prompt", "name": "p", "lambdaArn": function_arn("boom"),
            "arguments": [{ "name": "topic", "required": true }] }),
        )
        .await?;
    cloud
        .register(
            &json!({ "type": "resource", "name": "r", "lambdaArn": function_arn("no"), "uri": "test://r" }),
        )
        .await?;
    let client = cloud.modern();
    let mut seen = String::new();
    for (method, params) in [
        (
            "prompts/get",
            json!({ "name": "p", "arguments": { "topic": "x" } }),
        ),
        ("prompts/get", json!({ "name": "p" })),
        (
            "prompts/get",
            json!({ "name": "p", "arguments": { "topic": "x", "tone": "y" } }),
        ),
        ("prompts/get", json!({ "name": "absent" })),
        ("resources/read", json!({ "uri": "test://r" })),
        ("resources/read", json!({ "uri": "test://absent" })),
    ] {
        writeln!(seen, "{}", client.call(method, params).await?["error"])?;
    }
    insta::assert_snapshot!(seen);
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn templates_are_matched_listed_and_read() -> Result<()> {
    let listed = r#"{"statusCode":200,"body":{"resources":[{"uri":"docs://a/1","name":"one"}]}}"#;
    let cloud = cloud(&[("echo", &["echo"]), ("lister", &["reply", listed])]).await?;
    cloud
        .register(
            &json!({ "type": "resource", "name": "by-id", "lambdaArn": function_arn("echo"),
            "uriTemplate": "docs://{section}/{id}", "mimeType": "application/json" }),
        )
        .await?;
    // As the original project registers resources: its functions list what is behind a template.
    cloud
        .register(&json!({ "type": "resource", "name": "original", "description": "d", "lambdaArn": function_arn("lister"),
            "parameters": { "uriTemplate": "original://{id}" } }))
        .await?;
    let client = cloud.modern();
    let read = client
        .call("resources/read", json!({ "uri": "docs://guide/a%20b" }))
        .await?;
    let contents = &read["result"]["contents"][0];
    assert_eq!(
        (contents["uri"].as_str(), contents["mimeType"].as_str()),
        (Some("docs://guide/a%20b"), Some("application/json"))
    );
    let seen: Value = serde_json::from_str(contents["text"].as_str().unwrap_or_default())?;
    assert_eq!(
        seen["event"]["variables"],
        json!({ "section": "guide", "id": "a b" })
    );
    assert_eq!(seen["event"]["action"], "read");

    let list = client.call("resources/list", json!({})).await?;
    assert_eq!(
        list["result"]["resources"],
        json!([{ "uri": "docs://a/1", "name": "one" }])
    );
    let templates = client.call("resources/templates/list", json!({})).await?;
    let names: Vec<_> = templates["result"]["resourceTemplates"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| &one["name"])
        .collect();
    assert_eq!(names, ["by-id", "original"]);
    cloud.shutdown().await;
    Ok(())
}
