//! The workers of tasks: what is done once, whatever dies or arrives twice, and for whom.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context, Result};
use http::Method;
use local_cloud::{Auth, Config, EnvironmentState, Fault};
use serde_json::{Value, json};
use support::TestCloud;
use support::functions::{function, tool};
use support::http::json_request;
use support::mcp::modern_request;
use support::remote::Remote;
use support::signing::Signer;
use support::table::set_in_task;
use support::tasks::{TaskClient, declared, timeless};

/// The function under test, in the local cloud.
const MCP: &str = "default-mcp";
/// In the past, whatever unit it is in.
const LONG_AGO: u64 = 1;

/// A cloud with a tool `once`, and one, `again`, that says it may be run again; the test directs both.
async fn cloud(change: impl FnOnce(&mut Config)) -> Result<(TestCloud, Remote, TaskClient)> {
    let remote = Remote::new().await?;
    let address = remote.address();
    let cloud = TestCloud::start_with(|config| {
        config.sample = false;
        let puppet = env!("CARGO_BIN_EXE_puppet");
        let mut once = function("once", puppet, &["remote", &address]);
        once.timeout = Duration::from_mins(1);
        config.tools = vec![once];
        change(config);
    })
    .await?;
    for (name, annotations) in [
        ("once", json!({})),
        ("again", json!({ "idempotentHint": true })),
    ] {
        let mut registration = tool(name, "once");
        registration["invocation"] = json!({ "task": "required" });
        registration["annotations"] = annotations;
        if cloud.cloud().users().len() == 1 {
            cloud.register(&registration).await?;
        }
    }
    let client = TaskClient(cloud.modern());
    Ok((cloud, remote, client))
}

/// Invokes the function as the Lambda API does, and waits for its answer.
async fn invoke(cloud: &TestCloud, event: &Value) -> Result<String> {
    let endpoint = &cloud.cloud().endpoints().lambda_endpoint;
    let url = format!("{endpoint}/2015-03-31/functions/{MCP}/invocations");
    let reply = cloud
        .http()
        .send(json_request(Method::POST, &url, event)?)
        .await?;
    Ok(reply.text()?.to_owned())
}

/// Kills the environments that are at work.
fn kill_busy(cloud: &TestCloud) -> usize {
    let host = cloud.cloud().host();
    let environments = host.environments(MCP);
    let busy = environments
        .iter()
        .filter(|one| one.state == EnvironmentState::Busy);
    busy.filter(|one| host.kill_environment(MCP, one.pid))
        .count()
}

#[tokio::test]
async fn an_order_that_arrives_twice_is_carried_out_once() -> Result<()> {
    let (cloud, remote, client) = cloud(|_| {}).await?;
    let id = client.begin("once", json!({})).await?;
    let invoked = remote.invoked().await?;
    let order = |turn: u32| json!({ "mcpTask": { "id": id, "turn": turn } });
    // While it is carried out, when it is done, and one that nobody gave.
    assert_eq!(invoke(&cloud, &order(1)).await?, "null");
    invoked.answer(&json!("done")).await?;
    let done = client.in_status(&id, "completed").await?;
    for turn in [1, 2] {
        assert_eq!(invoke(&cloud, &order(turn)).await?, "null");
    }
    assert_eq!(client.get(&id).await?, done);
    // Whatever else had been invoked would have come before this.
    let other = client.begin("once", json!({ "other": true })).await?;
    let invoked = remote.invoked().await?;
    assert_eq!(invoked.event["extra"]["task"]["id"], other);
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn no_client_can_give_an_order() -> Result<()> {
    let (cloud, remote, client) = cloud(|_| {}).await?;
    // A task that waits for its next order.
    let id = client.begin("once", json!({})).await?;
    let question = json!({ "method": "roots/list", "params": {} });
    let asks = json!({ "resultType": "input_required", "inputRequests": { "q": question } });
    remote.invoked().await?.answer(&asks).await?;
    let waiting = client.in_status(&id, "input_required").await?;
    let order = json!({ "mcpTask": { "id": id, "turn": 2 } });
    let mut seen = String::new();
    for path in ["/", "/mcp"] {
        let reply = cloud.http().post(&cloud.url(path), &order).await?;
        writeln!(seen, "{} {}", reply.status, reply.text()?)?;
    }
    assert_eq!(client.get(&id).await?, waiting);
    insta::assert_snapshot!(seen);
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_task_whose_worker_died_fails_and_is_not_run_again() -> Result<()> {
    let (cloud, remote, client) = cloud(|_| {}).await?;
    let id = client.begin("once", json!({})).await?;
    let invoked = remote.invoked().await?;
    assert_eq!(kill_busy(&cloud), 1);
    // Nobody can know that the worker is dead, until it has said nothing for a while.
    assert_eq!(client.get(&id).await?["status"], "working");
    set_in_task(&cloud, &id, "leaseUntil", LONG_AGO).await?;
    let failed = client.get(&id).await?;
    invoked.answer(&json!("nobody hears this")).await?;
    let other = client.begin("once", json!({})).await?;
    let invoked = remote.invoked().await?;
    assert_eq!(invoked.event["extra"]["task"]["id"], other);
    assert_eq!(client.get(&id).await?, failed);
    insta::assert_snapshot!(format!("{:#}", timeless(failed)));
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_task_that_may_be_run_again_is() -> Result<()> {
    let (cloud, remote, client) = cloud(|_| {}).await?;
    let id = client.begin("again", json!({ "n": 1 })).await?;
    for _ in 0..2 {
        let _unanswered = remote.invoked().await?;
        assert_eq!(kill_busy(&cloud), 1);
        set_in_task(&cloud, &id, "leaseUntil", LONG_AGO).await?;
        assert_eq!(client.get(&id).await?["status"], "working");
    }
    let invoked = remote.invoked().await?;
    assert_eq!(invoked.event["args"], json!({ "n": 1 }));
    invoked.answer(&json!("at last")).await?;
    let done = client.in_status(&id, "completed").await?;
    assert_eq!(done["result"]["content"][0]["text"], "at last");

    // It has an end, though.
    let id = client.begin("again", json!({})).await?;
    for status in ["working", "working", "failed"] {
        let _unanswered = remote.invoked().await?;
        assert_eq!(kill_busy(&cloud), 1);
        set_in_task(&cloud, &id, "leaseUntil", LONG_AGO).await?;
        assert_eq!(client.get(&id).await?["status"], status);
    }
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn answers_survive_the_environment_that_took_them() -> Result<()> {
    let (cloud, remote, client) = cloud(|_| {}).await?;
    let id = client.begin("again", json!({})).await?;
    let question = json!({ "method": "roots/list", "params": {} });
    let asks = json!({ "resultType": "input_required", "inputRequests": { "q": question }, "requestState": 7 });
    remote.invoked().await?.answer(&asks).await?;
    client.in_status(&id, "input_required").await?;
    let roots = json!({ "roots": [] });
    client.update(&id, json!({ "1.q": roots })).await?;
    for attempt in 0..2 {
        let invoked = remote.invoked().await?;
        assert_eq!(invoked.event["inputResponses"], json!({ "q": roots }));
        assert_eq!(invoked.event["requestState"], 7);
        if attempt == 0 {
            assert_eq!(kill_busy(&cloud), 1);
            set_in_task(&cloud, &id, "leaseUntil", LONG_AGO).await?;
            client.get(&id).await?;
        }
    }
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_worker_that_never_came_is_sent_for_again() -> Result<()> {
    let (cloud, remote, client) = cloud(|config| config.max_concurrency = 2).await?;
    let id = client.begin("once", json!({})).await?;
    let invoked = remote.invoked().await?;
    let question = json!({ "method": "roots/list", "params": {} });
    let asks = json!({ "resultType": "input_required", "inputRequests": { "q": question } });
    invoked.answer(&asks).await?;
    client.in_status(&id, "input_required").await?;
    // The order for the next turn does not get through; the answers are taken nevertheless.
    let host = cloud.cloud().host();
    host.inject(MCP, 1, Fault::Denied)?;
    let taken = client
        .update(&id, json!({ "1.q": { "roots": [] } }))
        .await?;
    assert_eq!(taken["result"]["resultType"], "complete");
    assert_eq!(client.get(&id).await?["status"], "working");
    set_in_task(&cloud, &id, "sentAt", LONG_AGO).await?;
    client.get(&id).await?;
    remote.invoked().await?.answer(&json!("done")).await?;
    client.in_status(&id, "completed").await?;
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_task_that_can_not_be_begun_is_none() -> Result<()> {
    let (cloud, remote, client) = cloud(|_| {}).await?;
    let host = cloud.cloud().host();
    let mut seen = String::new();
    for fault in [Fault::Denied, Fault::ServiceError] {
        host.inject(MCP, 1, fault)?;
        let answer = client
            .call("tools/call", json!({ "name": "once", "arguments": {} }))
            .await?;
        writeln!(seen, "{fault:?}: {}", answer["error"])?;
    }
    let id = client.begin("once", json!({})).await?;
    let invoked = remote.invoked().await?;
    assert_eq!(invoked.event["extra"]["task"]["id"], id);
    insta::assert_snapshot!(seen);
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn an_expired_task_is_unknown() -> Result<()> {
    let (cloud, remote, client) = cloud(|_| {}).await?;
    let id = client.begin("once", json!({})).await?;
    let invoked = remote.invoked().await?;
    set_in_task(&cloud, &id, "expiresAt", LONG_AGO).await?;
    invoked.answer(&json!("too late")).await?;
    let mut seen = vec![client.get(&id).await?];
    seen.push(client.get("gate-test").await?);
    seen.push(client.update(&id, json!({})).await?["error"].take());
    seen.push(client.cancel(&id).await?["error"].take());
    insta::assert_snapshot!(format!("{:#}", Value::Array(seen)));
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_task_is_its_callers_own() -> Result<()> {
    let (cloud, remote, _) = cloud(|config| {
        config.auth = Auth::Iam;
        config.users = vec!["ada".to_owned(), "eve".to_owned()];
    })
    .await?;
    let signers: Vec<_> = cloud
        .cloud()
        .users()
        .iter()
        .map(|user| {
            let keys = &user.credentials;
            let token = keys.session_token.as_deref();
            Signer::new(&keys.access_key_id, &keys.secret_access_key, token)
        })
        .collect();
    let mut registration = tool("once", "once");
    registration["invocation"] = json!({ "task": "required" });
    let register = json_request(Method::POST, &cloud.url("/register"), &registration)?;
    let registered = cloud.http().send(signers[0].sign(register)?).await?;
    assert_eq!(registered.status, 201);
    let call = async |who: usize, method: &str, params: Value| -> Result<Value> {
        let request = modern_request(&cloud.url("/mcp"), method, declared(params))?;
        cloud
            .http()
            .send(signers[who].sign(request)?)
            .await?
            .messages()?
            .pop()
            .context("no message")
    };
    let begun = call(0, "tools/call", json!({ "name": "once", "arguments": {} })).await?;
    let id = begun["result"]["taskId"].as_str().context("no task")?;
    let invoked = remote.invoked().await?;
    let principal = invoked.event["extra"]["principal"].as_str();
    assert!(principal.is_some_and(|arn| arn.ends_with("/ada")));
    let mut seen = Vec::new();
    for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
        let params = json!({ "taskId": id, "inputResponses": {} });
        seen.push(call(1, method, params).await?["error"].take());
    }
    // Nor does anyone else hear of it.
    let listened = call(
        1,
        "subscriptions/listen",
        json!({ "notifications": { "taskIds": [id] } }),
    );
    let listened = listened.await?;
    assert_eq!(listened["result"]["resultType"], "complete");
    invoked.answer(&json!("for Ada")).await?;
    loop {
        let task = call(0, "tasks/get", json!({ "taskId": id })).await?;
        if task["result"]["status"] == "completed" {
            break;
        }
        tokio::task::yield_now().await;
    }
    insta::assert_snapshot!(format!("{:#}", Value::Array(seen)));
    cloud.shutdown().await;
    Ok(())
}
