//! What an administrator changes is what the very next request of every client meets.

use anyhow::Result;
use futures_util::future::try_join_all;
use local_cloud::function_arn;
use serde_json::{Value, json};
use support::TestCloud;
use support::functions::{function, tool};

/// Clients that ask at the same time, so that several environments answer.
const CLIENTS: usize = 6;

async fn cloud() -> Result<TestCloud> {
    TestCloud::start_with(|config| {
        config.sample = false;
        let puppet = env!("CARGO_BIN_EXE_puppet");
        config.tools = vec![
            function("one", puppet, &["reply", "\"from one\""]),
            function("two", puppet, &["reply", "\"from two\""]),
        ];
    })
    .await
}

/// What every client gets for a request; they all have to get the same.
async fn asked(cloud: &TestCloud, method: &str, params: &Value) -> Result<Value> {
    let client = cloud.modern();
    let asked = (0..CLIENTS).map(|_| client.call(method, params.clone()));
    let mut answers = try_join_all(asked).await?;
    answers.dedup();
    assert_eq!(answers.len(), 1, "{method}: {answers:?}");
    Ok(answers.remove(0))
}

async fn put(cloud: &TestCloud, id: &str, registration: &Value) -> Result<()> {
    let url = cloud.url(&format!("/register/{id}"));
    let reply = cloud.http().put(&url, registration).await?;
    assert_eq!(reply.status, 200, "{}", reply.text()?);
    Ok(())
}

async fn delete(cloud: &TestCloud, id: &str) -> Result<()> {
    let url = cloud.url(&format!("/register/{id}"));
    assert_eq!(cloud.http().delete(&url).await?.status, 204);
    Ok(())
}

#[tokio::test]
async fn tools_change_at_once() -> Result<()> {
    let cloud = cloud().await?;
    let call = json!({ "name": "changing", "arguments": { "n": 1 } });
    let unknown = json!({ "code": -32602, "message": "unknown tool: changing" });
    for _ in 0..3 {
        assert_eq!(
            asked(&cloud, "tools/list", &json!({})).await?["result"]["tools"],
            json!([])
        );
        assert_eq!(asked(&cloud, "tools/call", &call).await?["error"], unknown);

        cloud.register(&tool("changing", "one")).await?;
        let list = asked(&cloud, "tools/list", &json!({})).await?;
        assert_eq!(list["result"]["tools"][0]["description"], "A puppet");
        let answer = asked(&cloud, "tools/call", &call).await?;
        assert_eq!(answer["result"]["content"][0]["text"], "from one");

        let mut changed = tool("changing", "two");
        changed["description"] = json!("Another puppet");
        put(&cloud, "tool-changing", &changed).await?;
        let list = asked(&cloud, "tools/list", &json!({})).await?;
        assert_eq!(list["result"]["tools"][0]["description"], "Another puppet");
        let answer = asked(&cloud, "tools/call", &call).await?;
        assert_eq!(answer["result"]["content"][0]["text"], "from two");

        changed["inputSchema"] =
            json!({ "type": "object", "properties": { "n": { "type": "string" } } });
        put(&cloud, "tool-changing", &changed).await?;
        assert_eq!(
            asked(&cloud, "tools/call", &call).await?["result"]["isError"],
            true
        );

        delete(&cloud, "tool-changing").await?;
    }
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn resources_move_at_once() -> Result<()> {
    let cloud = cloud().await?;
    let read = async |uri: &str| {
        let answer = asked(&cloud, "resources/read", &json!({ "uri": uri })).await?;
        let text = answer["result"]["contents"][0]["text"].as_str();
        anyhow::Ok(text.map_or_else(|| answer["error"]["code"].to_string(), str::to_owned))
    };
    let resource = |function: &str, key: &str, uri: &str| {
        let arn = function_arn(function);
        json!({ "type": "resource", "name": "moving", "lambdaArn": arn, key: uri })
    };
    assert_eq!(read("test://a").await?, "-32602");
    cloud.register(&resource("one", "uri", "test://a")).await?;
    assert_eq!(read("test://a").await?, "from one");

    put(
        &cloud,
        "resource-moving",
        &resource("two", "uri", "test://b"),
    )
    .await?;
    assert_eq!(read("test://a").await?, "-32602");
    assert_eq!(read("test://b").await?, "from two");

    put(
        &cloud,
        "resource-moving",
        &resource("one", "uriTemplate", "test://{id}"),
    )
    .await?;
    assert_eq!(read("test://a").await?, "from one");
    assert_eq!(read("test://b").await?, "from one");
    let list = asked(&cloud, "resources/list", &json!({})).await?;
    assert_eq!(list["result"]["resources"], json!([]));
    let list = asked(&cloud, "resources/templates/list", &json!({})).await?;
    assert_eq!(
        list["result"]["resourceTemplates"][0]["uriTemplate"],
        "test://{id}"
    );

    // The URI that was left is free for another one, which comes before any template.
    let other = json!({
        "type": "resource", "name": "other", "lambdaArn": function_arn("two"), "uri": "test://a",
    });
    cloud.register(&other).await?;
    assert_eq!(read("test://a").await?, "from two");
    delete(&cloud, "resource-other").await?;
    assert_eq!(read("test://a").await?, "from one");
    delete(&cloud, "resource-moving").await?;
    assert_eq!(read("test://a").await?, "-32602");
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn prompts_change_at_once() -> Result<()> {
    let cloud = cloud().await?;
    let get = json!({ "name": "changing" });
    let prompt = |function: &str, is_required: bool| {
        let arguments = json!([{ "name": "topic", "required": is_required }]);
        let arn = function_arn(function);
        json!({ "type": "prompt", "name": "changing", "lambdaArn": arn, "arguments": arguments })
    };
    cloud.register(&prompt("one", false)).await?;
    let answer = asked(&cloud, "prompts/get", &get).await?;
    assert_eq!(
        answer["result"]["messages"][0]["content"]["text"],
        "from one"
    );
    put(&cloud, "prompt-changing", &prompt("two", true)).await?;
    let answer = asked(&cloud, "prompts/get", &get).await?;
    assert_eq!(answer["error"]["code"], -32602);
    let list = asked(&cloud, "prompts/list", &json!({})).await?;
    assert_eq!(
        list["result"]["prompts"][0]["arguments"][0]["required"],
        true
    );
    delete(&cloud, "prompt-changing").await?;
    let list = asked(&cloud, "prompts/list", &json!({})).await?;
    assert_eq!(list["result"]["prompts"], json!([]));
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn administrators_at_the_same_time_lose_nothing() -> Result<()> {
    let cloud = cloud().await?;
    // Of those who register the same name one succeeds, and all others are told.
    let url = cloud.url("/register");
    let contended = tool("contended", "one");
    let posts = (0..CLIENTS).map(|_| cloud.http().post(&url, &contended));
    let mut outcomes: Vec<_> = try_join_all(posts)
        .await?
        .iter()
        .map(|reply| reply.status.as_u16())
        .collect();
    outcomes.sort_unstable();
    assert_eq!(outcomes[0], 201);
    assert!(
        outcomes[1..]
            .iter()
            .all(|status| [409, 503].contains(status)),
        "{outcomes:?}"
    );

    let names: Vec<_> = (0..20).map(|number| format!("t-{number:02}")).collect();
    let registered = names.iter().map(async |name| {
        loop {
            let reply = cloud.http().post(&url, &tool(name, "one")).await?;
            match reply.status.as_u16() {
                429 | 503 => {}
                status => return anyhow::Ok(status),
            }
        }
    });
    let outcomes = try_join_all(registered).await?;
    assert!(outcomes.iter().all(|status| *status == 201), "{outcomes:?}");
    let list = asked(&cloud, "tools/list", &json!({})).await?;
    let listed: Vec<_> = list["result"]["tools"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|tool| tool["name"].as_str())
        .collect();
    assert_eq!(listed[0], "contended");
    assert_eq!(listed[1..], names);
    cloud.shutdown().await;
    Ok(())
}
