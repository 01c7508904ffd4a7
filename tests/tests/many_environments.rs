//! Sessions whose every request meets another execution environment, and which nothing else may notice.

use anyhow::{Context, Result};
use http::Method;
use local_cloud::Reuse;
use serde_json::{Value, json};
use support::TestCloud;
use support::functions::{function, kill_all, tool};
use support::sessions::{SessionClient, SseClient, next, notification, request, rest};

const ROOTS: &str = r#"{"where":{"method":"roots/list","params":{}}}"#;

async fn cloud(reuse: Reuse) -> Result<TestCloud> {
    let cloud = TestCloud::start_with(|config| {
        config.reuse = reuse;
        config.tools = vec![function(
            "ask",
            env!("CARGO_BIN_EXE_puppet"),
            &["ask", ROOTS],
        )];
    })
    .await?;
    cloud.register(&tool("ask", "ask")).await?;
    Ok(cloud)
}

/// Everything that a session remembers, with `between` done between its requests.
async fn whole_life(cloud: &TestCloud, version: &str, between: impl AsyncFn()) -> Result<()> {
    let client = SessionClient::open(cloud, version, json!({ "roots": {} })).await?;
    between().await;
    let initialized = notification("notifications/initialized", json!({}));
    assert_eq!(client.post(&initialized).await?.status, 202);
    between().await;
    for (method, params) in [
        ("logging/setLevel", json!({ "level": "error" })),
        ("resources/subscribe", json!({ "uri": "test://a" })),
        ("resources/unsubscribe", json!({ "uri": "test://a" })),
    ] {
        let answer = client.call(method, params).await?;
        assert_eq!(answer["result"], json!({}), "{version} {method}");
        between().await;
    }
    let mut stream = client
        .begin(json!(1), "tools/call", json!({ "name": "ask" }))
        .await?;
    let question = next(&mut stream).await?;
    // The environment that asked waits meanwhile: this reply meets another one.
    assert_eq!(
        client
            .reply(&question, json!({ "roots": [] }))
            .await?
            .status,
        202
    );
    let answer = rest(stream).await?.pop().context("no answer")?;
    let told = &answer["result"]["structuredContent"]["inputResponses"];
    assert_eq!(
        *told,
        json!({ "where": { "roots": [] } }),
        "{version} {answer}"
    );
    between().await;
    assert_eq!(rest(client.listen(None).await?).await?, [] as [Value; 0]);
    between().await;
    let ended = client.send(client.prepare(Method::DELETE, None)?).await?;
    assert_eq!(ended.status, 204);
    between().await;
    assert_eq!(
        client
            .post(&request(json!(1), "ping", json!({})))
            .await?
            .status,
        404
    );
    Ok(())
}

#[tokio::test]
async fn no_two_requests_of_a_session_meet_the_same_environment() -> Result<()> {
    let cloud = cloud(Reuse::Never).await?;
    for version in ["2025-03-26", "2025-06-18", "2025-11-25"] {
        whole_life(&cloud, version, async || {}).await?;
    }
    let mut client = SseClient::connect(&cloud, json!({ "roots": {} })).await?;
    client
        .post(&request(json!(1), "tools/call", json!({ "name": "ask" })))
        .await?;
    let question = client.message().await?;
    client
        .post(&json!({ "jsonrpc": "2.0", "id": question["id"], "result": { "roots": [] } }))
        .await?;
    assert_eq!(client.message().await?["result"]["isError"], false);
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn environments_may_die_between_any_two_requests() -> Result<()> {
    let cloud = cloud(Reuse::Always).await?;
    for version in ["2025-03-26", "2025-11-25"] {
        let kill = async || kill_all(cloud.cloud(), "default-mcp").await;
        whole_life(&cloud, version, kill).await?;
    }
    // A stream's environment too: the client comes back, and the session is the same.
    let mut client = SseClient::connect(&cloud, json!({})).await?;
    for _ in 0..3 {
        kill_all(cloud.cloud(), "default-mcp").await;
        client
            .post(&request(json!("waits"), "tools/list", json!({})))
            .await?;
        kill_all(cloud.cloud(), "default-mcp").await;
        let last = client.last_event.clone();
        client = SseClient::open(&cloud, None, Some(&last)).await?;
        assert_eq!(client.message().await?["id"], "waits");
    }
    cloud.shutdown().await;
    Ok(())
}
