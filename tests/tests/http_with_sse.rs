//! 2024-11-05: one stream, and a mailbox that clients post into.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use http::Request;
use local_cloud::Auth;
use serde_json::{Value, json};
use support::functions::{function, kill_all, tool};
use support::remote::Remote;
use support::sessions::{SseClient, initialize, notification, request};
use support::signing::Signer;
use support::{Reply, TestCloud};

const ROOTS: &str = r#"{"where":{"method":"roots/list","params":{}}}"#;

async fn cloud(remote: Option<&Remote>) -> Result<TestCloud> {
    let cloud = TestCloud::start_with(|config| {
        config.sample = false;
        let puppet = env!("CARGO_BIN_EXE_puppet");
        config.tools = vec![
            function("ask", puppet, &["ask", ROOTS]),
            function("echo", puppet, &["echo"]),
            function("big", puppet, &["big", "1000000"]),
        ];
        if let Some(remote) = remote {
            let address = remote.address();
            let mut steps = function("steps", puppet, &["remote-stream", &address]);
            steps.timeout = Duration::from_mins(1);
            config.tools.push(steps);
        }
    })
    .await?;
    for name in ["ask", "echo", "big"] {
        cloud.register(&tool(name, name)).await?;
    }
    if remote.is_some() {
        let mut steps = tool("steps", "steps");
        steps["invocation"] = json!({ "stream": true });
        cloud.register(&steps).await?;
    }
    Ok(cloud)
}

fn line(reply: &Reply) -> Result<String> {
    Ok(format!("{} {}", reply.status.as_u16(), reply.text()?))
}

fn call(id: impl Into<Value>, name: &str, arguments: &Value) -> Value {
    request(
        id.into(),
        "tools/call",
        json!({ "name": name, "arguments": arguments }),
    )
}

#[tokio::test]
async fn a_session_from_beginning_to_end() -> Result<()> {
    let cloud = cloud(None).await?;
    let mut client = SseClient::open(&cloud, None, None).await?;
    let (path, session) = client.endpoint.split_once('=').context("no session")?;
    assert_eq!((path, session.len()), ("/message?sessionId", 32));
    let mut seen = String::new();
    for message in [
        request(json!("early"), "ping", json!({})),
        request(json!("too early"), "tools/list", json!({})),
        request(json!("odd"), "initialize", json!({})),
        initialize("2024-11-05", json!({ "roots": {} })),
        request(json!("example"), "example", json!({ "input": "hello" })),
        request(
            json!("modern"),
            "tools/list",
            json!({ "_meta": { "io.modelcontextprotocol/protocolVersion": "2026-07-28" } }),
        ),
        request(json!("bad"), "tools/call", json!({ "name": 7 })),
        request(
            json!("level"),
            "logging/setLevel",
            json!({ "level": "error" }),
        ),
        request(json!("unknown"), "tools/call", json!({ "name": "absent" })),
    ] {
        client
            .post(&notification("notifications/initialized", json!({})))
            .await?;
        client.post(&message).await?;
        writeln!(seen, "{}", client.message().await?)?;
    }
    insta::assert_snapshot!(seen);
    let called = client.call("tools/call", json!({ "name": "echo" })).await?;
    let extra = &called["result"]["structuredContent"]["event"]["extra"];
    assert_eq!(extra["protocolVersion"], "2024-11-05", "{called}");
    assert_eq!(extra["logLevel"], "error");
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn what_is_no_message_is_refused_and_the_session_lives_on() -> Result<()> {
    let cloud = cloud(None).await?;
    let mut client = SseClient::connect(&cloud, json!({})).await?;
    let mut seen = String::new();
    let long = "x".repeat(300);
    for body in [
        "{".to_owned(),
        "[]".to_owned(),
        "7".to_owned(),
        r#"{"jsonrpc":"2.0","id":1}"#.to_owned(),
        r#"{"id":1,"method":"ping"}"#.to_owned(),
        request(json!(long), "ping", json!({})).to_string(),
    ] {
        writeln!(seen, "{}", line(&client.send(body).await?)?)?;
    }
    let known = client.endpoint.clone();
    for endpoint in [
        "/message",
        "/message?sessionId=session-123",
        &format!("/message?sessionId={}", "A".repeat(32)),
    ] {
        endpoint.clone_into(&mut client.endpoint);
        let ping = request(json!(1), "ping", json!({})).to_string();
        writeln!(seen, "{}", line(&client.send(ping).await?)?)?;
        let large = call(1, "echo", &json!({ "x": "x".repeat(100_000) })).to_string();
        assert_eq!(client.send(large).await?.status, 404);
    }
    client.endpoint = known;
    let taken = client
        .send(request(json!(1), "ping", json!({})).to_string())
        .await?;
    writeln!(seen, "{}", line(&taken)?)?;
    writeln!(seen, "{}", client.message().await?)?;
    insta::assert_snapshot!(seen);
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn nothing_is_lost_and_nothing_is_out_of_order() -> Result<()> {
    const CALLS: u64 = 300;
    let cloud = cloud(None).await?;
    let mut client = SseClient::connect(&cloud, json!({})).await?;
    // One after the other: they are begun in that order, and pings are answered at once.
    for number in 0..20 {
        client
            .post(&request(json!(number), "ping", json!({})))
            .await?;
    }
    for number in 0..20 {
        assert_eq!(client.message().await?["id"], number);
    }
    // All at once.
    let messages: Vec<_> = (0..CALLS)
        .map(|number| {
            request(
                json!(number),
                "tools/call",
                json!({ "name": "absent", "arguments": { "n": number } }),
            )
        })
        .collect();
    let posts = messages.iter().map(|message| async {
        loop {
            let reply = client.send(message.to_string()).await?;
            match reply.status.as_u16() {
                202 => return anyhow::Ok(()),
                // More than there may be at a time, or than there are environments here: as a client would, again.
                429 | 503 => tokio::task::yield_now().await,
                _ => anyhow::bail!("{}", line(&reply)?),
            }
        }
    });
    futures_util::future::try_join_all(posts).await?;
    let mut answered = Vec::new();
    for _ in 0..CALLS {
        let message = client.message().await?;
        answered.extend(message["id"].as_u64());
    }
    answered.sort_unstable();
    assert_eq!(answered, (0..CALLS).collect::<Vec<_>>());
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn messages_may_be_large() -> Result<()> {
    let cloud = cloud(None).await?;
    let mut client = SseClient::connect(&cloud, json!({})).await?;
    let text = "x".repeat(1_000_000);
    client
        .post(&call(1, "echo", &json!({ "text": text })))
        .await?;
    let echoed = client.message().await?;
    let args = &echoed["result"]["structuredContent"]["event"]["args"];
    assert_eq!(args["text"].as_str(), Some(&*text));
    client.post(&call(2, "big", &json!({}))).await?;
    let big = client.message().await?;
    let content = big["result"]["content"][0]["text"].as_str();
    assert!(content.is_some_and(|content| content.len() >= 1_000_000));
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_client_is_asked_told_and_can_call_off() -> Result<()> {
    let remote = Remote::new().await?;
    let cloud = cloud(Some(&remote)).await?;
    let mut client = SseClient::connect(&cloud, json!({ "roots": {} })).await?;
    client.post(&call("ask", "ask", &json!({}))).await?;
    let question = client.message().await?;
    assert_eq!(question["method"], "roots/list");
    // Replies to what was never asked change nothing.
    for id in [
        json!(0),
        json!("odd"),
        json!(format!("{}-0", "A".repeat(32))),
    ] {
        client
            .post(&json!({ "jsonrpc": "2.0", "id": id, "result": { "roots": "no" } }))
            .await?;
    }
    client
        .post(&json!({ "jsonrpc": "2.0", "id": question["id"], "result": { "roots": [] } }))
        .await?;
    let answer = client.message().await?;
    let told = &answer["result"]["structuredContent"]["inputResponses"];
    assert_eq!(*told, json!({ "where": { "roots": [] } }), "{answer}");

    client
        .post(&request(
            json!("off"),
            "tools/call",
            json!({ "name": "steps", "_meta": { "progressToken": 1 } }),
        ))
        .await?;
    let mut invoked = remote.invoked().await?;
    invoked
        .say(&json!({ "type": "progress", "progress": 1 }))
        .await?;
    assert_eq!(client.message().await?["method"], "notifications/progress");
    client
        .post(&notification(
            "notifications/cancelled",
            json!({ "requestId": "off" }),
        ))
        .await?;
    let pong = client.call("ping", json!({})).await?;
    assert_eq!(pong["id"], "ping");
    // The id is free again, and nothing comes of what was called off.
    invoked
        .answer(&json!({ "type": "result", "result": "late" }))
        .await?;
    client.post(&call("off", "echo", &json!({}))).await?;
    let again = client.message().await?;
    assert!(
        again["result"]["structuredContent"]["event"].is_object(),
        "{again}"
    );
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_client_is_told_of_changes() -> Result<()> {
    let cloud = cloud(None).await?;
    let mut client = SseClient::connect(&cloud, json!({})).await?;
    let resource = json!({ "type": "resource", "name": "a", "lambdaArn": local_cloud::function_arn("echo"), "uri": "test://a" });
    let subscribed = client
        .call("resources/subscribe", json!({ "uri": "test://a" }))
        .await?;
    assert_eq!(subscribed["result"], json!({}));
    cloud.register(&resource).await?;
    let told = [client.message().await?, client.message().await?];
    let methods = told.map(|message| message["method"].to_string());
    assert_eq!(
        methods,
        [
            "\"notifications/resources/list_changed\"",
            "\"notifications/resources/updated\""
        ]
    );
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_lost_stream_goes_on_in_the_same_session() -> Result<()> {
    let remote = Remote::new().await?;
    let cloud = cloud(Some(&remote)).await?;
    let client = SseClient::connect(&cloud, json!({})).await?;
    client.post(&call("slow", "steps", &json!({}))).await?;
    let invoked = remote.invoked().await?;
    let (last, endpoint) = (client.last_event.clone(), client.endpoint.clone());
    // The connection is lost, and nobody tells the environment.
    drop(client);
    let mut again = SseClient::open(&cloud, None, Some(&last)).await?;
    assert_eq!(again.endpoint, endpoint);
    again
        .post(&request(json!("quick"), "ping", json!({})))
        .await?;
    assert_eq!(again.message().await?["id"], "quick");
    invoked
        .answer(&json!({ "type": "result", "result": "done" }))
        .await?;
    let answer = again.message().await?;
    assert_eq!(answer["id"], "slow");
    assert_eq!(answer["result"]["isError"], false, "{answer}");
    // What was sent is sent again to who did not get it.
    let mut replayed = SseClient::open(&cloud, None, Some(&last)).await?;
    let mut ids = [replayed.message().await?, replayed.message().await?]
        .map(|message| message["id"].to_string());
    ids.sort();
    assert_eq!(ids, ["\"quick\"", "\"slow\""]);
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn what_a_dead_environment_had_begun_is_answered_with_an_error() -> Result<()> {
    let remote = Remote::new().await?;
    let cloud = cloud(Some(&remote)).await?;
    let client = SseClient::connect(&cloud, json!({})).await?;
    client.post(&call("lost", "steps", &json!({}))).await?;
    let _invoked = remote.invoked().await?;
    kill_all(cloud.cloud(), "default-mcp").await;
    let last = client.last_event.clone();
    let mut again = SseClient::open(&cloud, None, Some(&last)).await?;
    let answer = again.message().await?;
    assert_eq!(
        (&answer["id"], &answer["error"]["code"]),
        (&json!("lost"), &json!(-32603))
    );
    assert_eq!(again.call("ping", json!({})).await?["result"], json!({}));
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_stream_ends_in_order_and_messages_wait_for_the_next() -> Result<()> {
    let cloud = TestCloud::start_with(|config| {
        let seconds = ("StreamSeconds".to_owned(), "1".to_owned());
        config.parameters.extend([seconds]);
    })
    .await?;
    let mut client = SseClient::connect(&cloud, json!({})).await?;
    while client.stream.next_event().await?.is_some() {}
    client
        .post(&request(json!("later"), "ping", json!({})))
        .await?;
    let mut again = SseClient::open(&cloud, None, Some(&client.last_event)).await?;
    assert_eq!(again.message().await?["id"], "later");
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn somebody_else_has_no_part_in_a_stream() -> Result<()> {
    let cloud = TestCloud::start_with(|config| {
        config.auth = Auth::Iam;
        config.users = vec!["ann".to_owned(), "bob".to_owned()];
    })
    .await?;
    let signer = |user: usize| Signer::with(&cloud.cloud().users()[user].credentials);
    let (ann, bob) = (signer(0), signer(1));
    let mut hers = SseClient::open(&cloud, Some(ann), None).await?;
    let ping = request(json!(1), "ping", json!({})).to_string();
    let mut his = SseClient::open(&cloud, Some(bob.clone()), None).await?;
    let own = std::mem::replace(&mut his.endpoint, hers.endpoint.clone());
    assert_eq!(his.send(ping.clone()).await?.status, 404);
    assert_eq!(
        his.send(call(1, "echo", &json!({ "x": "x".repeat(9000) })).to_string())
            .await?
            .status,
        404
    );
    let take_over = Request::get(cloud.url("/sse")).header("last-event-id", &hers.last_event);
    let take_over = bob.sign(take_over.body(Bytes::new())?)?;
    assert_eq!(cloud.http().send(take_over).await?.status, 404);
    his.endpoint = own;
    for client in [&mut hers, &mut his] {
        assert_eq!(client.send(ping.clone()).await?.status, 202);
        assert_eq!(client.message().await?["id"], 1);
    }
    cloud.shutdown().await;
    Ok(())
}
