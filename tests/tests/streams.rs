//! Streams of sessions of 2025: what is told on them, and how a client that lost one goes on.

use std::time::Duration;

use anyhow::{Context, Result};
use http::Method;
use local_cloud::function_arn;
use serde_json::{Value, json};
use support::TestCloud;
use support::functions::{function, kill_all, tool};
use support::remote::Remote;
use support::sessions::{SessionClient, next, rest};

/// A cloud with a streaming tool `steps` whose function does what the test says.
async fn cloud(remote: &Remote) -> Result<TestCloud> {
    let address = remote.address();
    let cloud = TestCloud::start_with(|config| {
        config.sample = false;
        let words = ["remote-stream", &address];
        let mut steps = function("steps", env!("CARGO_BIN_EXE_puppet"), &words);
        steps.timeout = Duration::from_mins(1);
        config.tools = vec![steps];
    })
    .await?;
    let mut registration = tool("steps", "steps");
    registration["invocation"] = json!({ "stream": true });
    cloud.register(&registration).await?;
    Ok(cloud)
}

fn steps() -> Value {
    json!({ "name": "steps", "_meta": { "progressToken": "p" } })
}

fn progress(number: u64) -> Value {
    json!({ "type": "progress", "progress": number })
}

fn log(level: &str) -> Value {
    json!({ "type": "log", "level": level, "data": level })
}

fn result() -> Value {
    json!({ "type": "result", "result": "done" })
}

#[tokio::test]
async fn a_client_hears_the_levels_that_it_set() -> Result<()> {
    let remote = Remote::new().await?;
    let cloud = cloud(&remote).await?;
    let client = SessionClient::open(&cloud, "2025-06-18", json!({})).await?;
    let mut seen = Vec::new();
    for level in [None, Some("error"), Some("debug")] {
        if let Some(level) = level {
            let set = client.call("logging/setLevel", json!({ "level": level }));
            assert_eq!(set.await?["result"], json!({}));
        }
        let talk = async {
            let mut invoked = remote.invoked().await?;
            for level in ["debug", "info", "critical"] {
                invoked.say(&log(level)).await?;
            }
            invoked.say(&progress(1)).await?;
            invoked.answer(&result()).await
        };
        let stream = async { rest(client.begin(json!(1), "tools/call", steps()).await?).await };
        let (talked, messages) = tokio::join!(talk, stream);
        talked?;
        let told: Vec<_> = messages?
            .iter()
            .map(|message| match message["method"].as_str() {
                Some("notifications/message") => message["params"]["level"].clone(),
                Some(method) => json!(method),
                None => json!("result"),
            })
            .collect();
        seen.push(json!({ "set": level, "told": told }));
    }
    insta::assert_json_snapshot!(seen);
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_lost_stream_goes_on_where_it_was_left() -> Result<()> {
    let remote = Remote::new().await?;
    let cloud = cloud(&remote).await?;
    for version in ["2025-03-26", "2025-11-25"] {
        let client = SessionClient::open(&cloud, version, json!({})).await?;
        let begun = client.begin(json!("r"), "tools/call", steps());
        let talk = async {
            let mut invoked = remote.invoked().await?;
            invoked.say(&progress(1)).await?;
            anyhow::Ok(invoked)
        };
        let (stream, invoked) = tokio::join!(begun, talk);
        let (mut stream, mut invoked) = (stream?, invoked?);
        let first = stream.next_event().await?.context("no event")?;
        // The first is empty, for a client that knows such events, so that it can come back whatever happens.
        assert_eq!(first.data.is_none(), version == "2025-11-25", "{first:?}");
        let last = if first.data.is_none() {
            stream.next_event().await?.context("no event")?.id
        } else {
            first.id.clone()
        };
        drop(stream);
        invoked.say(&progress(2)).await?;
        let mut again = client.listen(Some(&last)).await?;
        assert_eq!(next(&mut again).await?["params"]["progress"], 2);
        invoked.say(&progress(3)).await?;
        assert_eq!(next(&mut again).await?["params"]["progress"], 3);
        invoked.answer(&result()).await?;
        let answer = next(&mut again).await?;
        assert_eq!(
            (&answer["id"], &answer["result"]["isError"]),
            (&json!("r"), &json!(false))
        );
        assert_eq!(rest(again).await?, [] as [Value; 0]);
        // It is told again to who asks again.
        let whole = rest(client.listen(Some(&last)).await?).await?;
        assert_eq!(whole.len(), 3, "{whole:?}");
    }
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_function_can_let_its_client_go() -> Result<()> {
    let remote = Remote::new().await?;
    let cloud = cloud(&remote).await?;
    let client = SessionClient::open(&cloud, "2025-11-25", json!({})).await?;
    let talk = async {
        let mut invoked = remote.invoked().await?;
        invoked
            .say(&json!({ "type": "detach", "retryMs": 500 }))
            .await?;
        anyhow::Ok(invoked)
    };
    let (stream, invoked) = tokio::join!(client.begin(json!(1), "tools/call", steps()), talk);
    let (mut stream, mut invoked) = (stream?, invoked?);
    let mut events = Vec::new();
    while let Some(event) = stream.next_event().await? {
        events.push(event);
    }
    let retries: Vec<_> = events.iter().map(|event| event.retry).collect();
    assert_eq!(retries, [Some(1000), Some(500)]);
    // The call goes on while nobody listens.
    invoked.say(&progress(1)).await?;
    invoked.answer(&result()).await?;
    let messages = rest(client.listen(Some(&events[0].id)).await?).await?;
    assert_eq!(messages[0]["params"]["progress"], 1);
    assert_eq!(messages[1]["result"]["isError"], false, "{messages:?}");
    assert_eq!(messages.len(), 2);

    // Where nobody can come back, nobody is let go.
    let talk = async {
        let mut invoked = remote.invoked().await?;
        invoked.say(&json!({ "type": "detach" })).await?;
        invoked.answer(&result()).await
    };
    let older = SessionClient::open(&cloud, "2025-06-18", json!({})).await?;
    let (answered, talked) = tokio::join!(older.call("tools/call", steps()), talk);
    talked?;
    assert_eq!(answered?["result"]["isError"], false);
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn an_answer_whose_environment_died_is_an_error() -> Result<()> {
    let remote = Remote::new().await?;
    let cloud = cloud(&remote).await?;
    let client = SessionClient::open(&cloud, "2025-11-25", json!({})).await?;
    let talk = async {
        let mut invoked = remote.invoked().await?;
        invoked.say(&progress(1)).await?;
        anyhow::Ok(invoked)
    };
    let (stream, _invoked) = tokio::join!(client.begin(json!(1), "tools/call", steps()), talk);
    let mut stream = stream?;
    let first = stream.next_event().await?.context("no event")?;
    next(&mut stream).await?;
    kill_all(cloud.cloud(), "default-mcp").await;
    let (call, _) = first.id.rsplit_once('-').context("no number")?;
    let until = 1;
    support::table::set(
        &cloud,
        &client.id,
        &format!("stream#{call}"),
        "aliveUntil",
        until,
    )
    .await?;
    let messages = rest(client.listen(Some(&first.id)).await?).await?;
    assert_eq!(messages.len(), 2, "{messages:?}");
    assert_eq!(
        (&messages[1]["id"], &messages[1]["error"]["code"]),
        (&json!(1), &json!(-32603))
    );
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_client_with_nothing_to_wait_for_is_told_what_changed_and_sent_away() -> Result<()> {
    let cloud = TestCloud::start().await?;
    for version in ["2025-03-26", "2025-11-25"] {
        let client = SessionClient::open(&cloud, version, json!({})).await?;
        let mut quiet = client.listen(None).await?;
        let event = quiet.next_event().await?.context("nothing")?;
        assert_eq!((event.retry, event.data), (Some(30_000), None));
        assert_eq!(event.id.is_empty(), version == "2025-03-26");
        assert_eq!(quiet.next_event().await?, None);

        let name = version.replace('-', "");
        cloud.register(&tool(&name, "mcp-tool-hello")).await?;
        let changed = json!({ "jsonrpc": "2.0", "method": "notifications/tools/list_changed" });
        // With the id of what it was told last, or without: then by what it was told last.
        let last = Some(event.id.as_str()).filter(|id| !id.is_empty());
        assert_eq!(rest(client.listen(last).await?).await?, [changed]);
        assert_eq!(rest(client.listen(None).await?).await?, [] as [Value; 0]);
    }
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_subscriber_is_told_while_its_stream_lasts() -> Result<()> {
    let cloud = TestCloud::start().await?;
    let resource = |name: &str| json!({ "type": "resource", "name": name, "lambdaArn": function_arn("mcp-tool-hello"), "uri": format!("test://{name}") });
    cloud.register(&resource("a")).await?;
    let client = SessionClient::open(&cloud, "2025-11-25", json!({})).await?;
    for uri in ["test://a", "test://later"] {
        let subscribed = client.call("resources/subscribe", json!({ "uri": uri }));
        assert_eq!(subscribed.await?["result"], json!({}));
    }
    let put = async |name: &str| -> Result<()> {
        let url = cloud.url(&format!("/register/resource-{name}"));
        assert_eq!(cloud.http().put(&url, &resource(name)).await?.status, 200);
        Ok(())
    };
    let list = json!({ "jsonrpc": "2.0", "method": "notifications/resources/list_changed" });
    let updated = |name: &str| json!({ "jsonrpc": "2.0", "method": "notifications/resources/updated", "params": { "uri": format!("test://{name}") } });
    // What happens before the stream is opened counts.
    put("a").await?;
    let mut stream = client.listen(None).await?;
    assert_eq!(
        [next(&mut stream).await?, next(&mut stream).await?],
        [list.clone(), updated("a")]
    );
    cloud.register(&resource("later")).await?;
    assert_eq!(
        [next(&mut stream).await?, next(&mut stream).await?],
        [list.clone(), updated("later")]
    );
    cloud.register(&resource("unheard")).await?;
    assert_eq!(next(&mut stream).await?, list);
    // What is subscribed to meanwhile counts as well, and what no longer is doesn't.
    client
        .call("resources/subscribe", json!({ "uri": "test://unheard" }))
        .await?;
    client
        .call("resources/unsubscribe", json!({ "uri": "test://a" }))
        .await?;
    put("a").await?;
    assert_eq!(next(&mut stream).await?, list);
    put("unheard").await?;
    assert_eq!(
        [next(&mut stream).await?, next(&mut stream).await?],
        [list.clone(), updated("unheard")]
    );
    // A session that ends takes its stream along.
    let ended = client.send(client.prepare(Method::DELETE, None)?).await?;
    assert_eq!(ended.status, 204);
    assert_eq!(rest(stream).await?, [] as [Value; 0]);
    cloud.shutdown().await;
    Ok(())
}
