//! Clients that listen: what they are told, and when it ends.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context, Result};
use local_cloud::function_arn;
use serde_json::{Value, json};
use support::TestCloud;
use support::events::EventStream;
use support::functions::{function, tool};
use support::mcp::modern_request;
use support::remote::Remote;
use support::tasks::{TaskClient, declared, timeless};

/// Long enough that only a stream without an end is cut off.
const PATIENCE: Duration = Duration::from_secs(30);

async fn cloud(stream_seconds: &str) -> Result<TestCloud> {
    TestCloud::start_with(|config| {
        config.sample = false;
        config.tools = vec![function("f", env!("CARGO_BIN_EXE_puppet"), &["echo"])];
        let seconds = stream_seconds.to_owned();
        config
            .parameters
            .insert("StreamSeconds".to_owned(), seconds);
    })
    .await
}

async fn listen(cloud: &TestCloud, notifications: Value) -> Result<EventStream> {
    let params = json!({ "notifications": notifications });
    let request = modern_request(&cloud.url("/mcp"), "subscriptions/listen", params)?;
    EventStream::open(cloud.http(), request).await
}

async fn next(stream: &mut EventStream) -> Result<Value> {
    let message = tokio::time::timeout(PATIENCE, stream.next()).await??;
    message.context("the stream has ended")
}

fn resource(name: &str, key: &str, uri: &str) -> Value {
    json!({ "type": "resource", "name": name, "lambdaArn": function_arn("f"), key: uri })
}

async fn put(cloud: &TestCloud, id: &str, registration: &Value) -> Result<()> {
    let url = cloud.url(&format!("/register/{id}?force=true"));
    assert_eq!(cloud.http().put(&url, registration).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn two_clients_hear_each_what_they_asked_for() -> Result<()> {
    let cloud = cloud("240").await?;
    let lists = json!({ "toolsListChanged": true, "resourcesListChanged": true });
    let mut one = listen(&cloud, lists).await?;
    let mut other = listen(
        &cloud,
        json!({ "toolsListChanged": true, "promptsListChanged": true }),
    )
    .await?;
    let mut seen = vec![next(&mut one).await?, next(&mut other).await?];

    cloud.register_unseen(&tool("a", "f")).await?;
    seen.extend([next(&mut one).await?, next(&mut other).await?]);
    let prompt = json!({ "type": "prompt", "name": "a", "lambdaArn": function_arn("f") });
    cloud.register_unseen(&prompt).await?;
    seen.push(next(&mut other).await?);
    cloud
        .register_unseen(&resource("a", "uri", "test://a"))
        .await?;
    seen.push(next(&mut one).await?);
    let deleted = cloud.http().delete(&cloud.url("/register/tool-a")).await?;
    assert_eq!(deleted.status, 204);
    seen.extend([next(&mut one).await?, next(&mut other).await?]);
    insta::assert_snapshot!(format!("{:#}", Value::Array(seen)));
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_resource_is_updated_when_its_registration_is_written() -> Result<()> {
    let cloud = cloud("240").await?;
    cloud
        .register_unseen(&resource("a", "uri", "test://a"))
        .await?;
    cloud
        .register_unseen(&resource("rest", "uriTemplate", "test://rest/{id}"))
        .await?;
    let uris = ["test://a", "test://rest/1", "test://later", "not a uri"];
    let mut stream = listen(&cloud, json!({ "resourceSubscriptions": uris })).await?;
    let mut seen = vec![next(&mut stream).await?];
    // The same again is a write as well.
    put(&cloud, "resource-a", &resource("a", "uri", "test://a")).await?;
    seen.push(next(&mut stream).await?);
    put(
        &cloud,
        "resource-rest",
        &resource("rest", "uriTemplate", "test://rest/{id}"),
    )
    .await?;
    seen.push(next(&mut stream).await?);
    cloud.register_unseen(&tool("unheard", "f")).await?;
    cloud
        .register_unseen(&resource("later", "uri", "test://later"))
        .await?;
    seen.push(next(&mut stream).await?);
    let deleted = cloud
        .http()
        .delete(&cloud.url("/register/resource-a"))
        .await?;
    assert_eq!(deleted.status, 204);
    seen.push(next(&mut stream).await?);
    insta::assert_snapshot!(format!("{:#}", Value::Array(seen)));
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_stream_ends_in_order() -> Result<()> {
    let cloud = cloud("1").await?;
    let stream = listen(&cloud, json!({ "toolsListChanged": true })).await?;
    let messages = tokio::time::timeout(PATIENCE, stream.rest()).await??;
    // With nothing to hear of there is nothing to wait for.
    let idle = listen(&cloud, json!({})).await?;
    let at_once = tokio::time::timeout(PATIENCE, idle.rest()).await??;
    insta::assert_snapshot!(format!("{:#}", json!([messages, at_once])));
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn without_streams_nothing_is_offered() -> Result<()> {
    let cloud = cloud("0").await?;
    let client = cloud.modern();
    let discovered = client.call("server/discover", json!({})).await?;
    let refused = client
        .send(
            "subscriptions/listen",
            json!({ "notifications": { "toolsListChanged": true } }),
        )
        .await?;
    assert_eq!(refused.status, 404);
    let odd = client.call("subscriptions/listen", json!({})).await?;
    let (legacy, welcome) = cloud.legacy("2025-11-25").await?;
    let by_legacy = legacy
        .call("subscriptions/listen", json!({ "notifications": {} }))
        .await?;
    let capabilities = &discovered["result"]["capabilities"];
    insta::assert_snapshot!(format!(
        "{capabilities}\n{}\n{odd}\n{}\n{by_legacy}",
        refused.text()?,
        welcome["capabilities"]
    ));
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn odd_subscriptions_are_refused() -> Result<()> {
    let cloud = cloud("240").await?;
    let client = cloud.modern();
    let mut seen = String::new();
    for params in [
        json!({}),
        json!({ "notifications": 7 }),
        json!({ "notifications": { "toolsListChanged": "yes" } }),
        json!({ "notifications": { "taskIds": ["x"] } }),
    ] {
        let reply = client.send("subscriptions/listen", params).await?;
        writeln!(seen, "{} {}", reply.status, reply.text()?)?;
    }
    insta::assert_snapshot!(seen);
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_task_is_told_of_from_beginning_to_end() -> Result<()> {
    let remote = Remote::new().await?;
    let address = remote.address();
    let cloud = TestCloud::start_with(|config| {
        config.sample = false;
        let mut steps = function("steps", env!("CARGO_BIN_EXE_puppet"), &["remote", &address]);
        steps.timeout = Duration::from_mins(1);
        config.tools = vec![steps];
    })
    .await?;
    let mut registration = tool("steps", "steps");
    registration["invocation"] = json!({ "task": "required" });
    cloud.register(&registration).await?;
    let client = TaskClient(cloud.modern());
    let id = client.begin("steps", json!({})).await?;
    let unknown = "a".repeat(32);
    let params = json!({ "notifications": { "taskIds": [id, unknown, "odd"] } });
    let request = modern_request(&cloud.url("/mcp"), "subscriptions/listen", declared(params))?;
    let mut stream = EventStream::open(cloud.http(), request).await?;
    let mut seen = Vec::new();
    let acknowledged = next(&mut stream).await?;
    assert_eq!(
        acknowledged["params"]["notifications"],
        json!({ "taskIds": [id] })
    );
    seen.push(next(&mut stream).await?);
    let schema = json!({ "type": "object", "$comment": "kept", "properties": {} });
    let question = json!({ "message": "Who?", "requestedSchema": schema });
    let asks = json!({ "resultType": "input_required", "inputRequests": {
        "who": { "method": "elicitation/create", "params": question },
    } });
    remote.invoked().await?.answer(&asks).await?;
    let asked = next(&mut stream).await?;
    let shown = client.get(&id).await?;
    for key in ["taskId", "status", "inputRequests", "lastUpdatedAt"] {
        assert_eq!(asked["params"][key], shown[key]);
    }
    seen.push(asked);
    client
        .update(&id, json!({ "1.who": { "action": "decline" } }))
        .await?;
    remote.invoked().await?.answer(&json!("done")).await?;
    // The time in between may be too short to be seen.
    seen.extend(
        stream
            .rest()
            .await?
            .into_iter()
            .filter(|message| message["params"]["status"] != "working"),
    );
    let seen: Vec<_> = seen.into_iter().map(timeless).collect();
    insta::assert_snapshot!(format!("{:#}", Value::Array(seen)));
    cloud.shutdown().await;
    Ok(())
}
