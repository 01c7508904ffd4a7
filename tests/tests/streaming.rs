//! What a streaming function says reaches the client while it runs, as far as the client asked for it.

use anyhow::Result;
use serde_json::{Value, json};
use support::TestCloud;
use support::functions::{function, tool};

const FRAMES: &str = concat!(
    "{\"type\":\"progress\",\"progress\":1,\"total\":2,\"message\":\"half\"}\n",
    "{\"type\":\"log\",\"level\":\"debug\",\"data\":\"fine\"}\n",
    "{\"type\":\"log\",\"level\":\"error\",\"logger\":\"disk\",\"data\":{\"free\":0}}\n",
    "{\"type\":\"progress\",\"progress\":1}\n",
    "{\"type\":\"progress\",\"progress\":2,\"total\":2}\n",
    "{\"type\":\"result\",\"result\":{\"temperature\":21.5}}\n",
);

async fn cloud(functions: &[(&str, &[&str])]) -> Result<TestCloud> {
    let cloud = TestCloud::start_with(|config| {
        config.sample = false;
        config.tools = functions
            .iter()
            .map(|(name, words)| function(name, env!("CARGO_BIN_EXE_puppet"), words))
            .collect();
    })
    .await?;
    for (name, _) in functions {
        let mut registration = tool(name, name);
        registration["invocation"] = json!({ "stream": true });
        cloud.register(&registration).await?;
    }
    Ok(cloud)
}

#[tokio::test]
async fn a_client_hears_what_it_asked_for() -> Result<()> {
    let cloud = cloud(&[("steps", &["stream", FRAMES])]).await?;
    let plain = json!({ "name": "steps" });
    let progress = json!({ "name": "steps", "_meta": { "progressToken": 7 } });
    let everything = json!({ "name": "steps", "_meta": {
        "progressToken": "p", "io.modelcontextprotocol/logLevel": "info",
    } });
    let mut seen = Vec::new();
    for params in [plain, progress, everything] {
        let reply = cloud.modern().send("tools/call", params).await?;
        seen.push(json!({
            "contentType": reply.header("content-type"), "messages": reply.messages()?,
        }));
    }
    let (legacy, _) = cloud.legacy("2025-06-18").await?;
    let params = json!({ "name": "steps", "_meta": { "progressToken": 1 } });
    let reply = legacy.send("tools/call", params).await?;
    seen.push(
        json!({ "contentType": reply.header("content-type"), "messages": reply.messages()? }),
    );
    insta::assert_snapshot!(serde_json::to_string_pretty(&seen)?);
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn streams_of_every_kind_end_in_a_result() -> Result<()> {
    let functions: &[(&str, &[&str])] = &[
        ("just-returns", &["reply", "{\n  \"a\": 1\n}"]),
        ("no-frames", &["stream", "\"text\""]),
        (
            "no-result",
            &["stream", "{\"type\":\"progress\",\"progress\":1}\n"],
        ),
        (
            "nonsense",
            &[
                "stream",
                "{\"type\":\"progress\",\"progress\":1}\nnonsense\n",
            ],
        ),
        (
            "no-line-break",
            &[
                "stream",
                "{\"type\":\"result\",\"result\":{\"statusCode\":422,\"body\":\"no\"}}",
            ],
        ),
        (
            "on-purpose",
            &[
                "stream",
                "{\"type\":\"result\",\"result\":{\"resultType\":\"error\",\"error\":{\"code\":-32050,\"message\":\"m\",\"data\":1}}}",
            ],
        ),
        ("raises", &["error", "ValueError"]),
        ("exits", &["exit"]),
        ("hangs", &["hang"]),
        ("too-big", &["big", "7000000"]),
    ];
    let cloud = cloud(functions).await?;
    let mut seen = Value::Null;
    for (name, _) in functions {
        let answer = cloud.call_tool(name, json!({})).await?;
        let mut said = answer
            .get("error")
            .or(answer.get("result"))
            .cloned()
            .unwrap_or_default();
        said.as_object_mut().map(|said| said.remove("_meta"));
        seen[*name] = said;
    }
    insta::assert_snapshot!(serde_json::to_string_pretty(&seen)?);
    cloud.shutdown().await;
    Ok(())
}
