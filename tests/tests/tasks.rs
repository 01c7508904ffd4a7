//! Calls that become tasks: what their clients see of them.

use std::time::Duration;

use anyhow::Result;
use futures_util::future::try_join_all;
use serde_json::{Value, json};
use support::TestCloud;
use support::functions::{function, tool};
use support::remote::Remote;
use support::tasks::{TaskClient, timeless};

/// A cloud with a tool `steps` that streams, and a tool `once` that doesn't; both are the test's to direct.
async fn cloud() -> Result<(TestCloud, Remote, TaskClient)> {
    let remote = Remote::new().await?;
    let address = remote.address();
    let puppet = env!("CARGO_BIN_EXE_puppet");
    let cloud = TestCloud::start_with(|config| {
        config.sample = false;
        // Workers and clients' calls share the function.
        config.max_concurrency = 50;
        config.tools = vec![
            function("steps", puppet, &["remote-stream", &address]),
            function("once", puppet, &["remote", &address]),
        ];
        for tool in &mut config.tools {
            tool.timeout = Duration::from_mins(1);
            tool.max_concurrency = 50;
        }
    })
    .await?;
    for (name, function, invocation) in [
        (
            "steps",
            "steps",
            json!({ "task": "optional", "stream": true }),
        ),
        ("once", "once", json!({ "task": "optional" })),
        ("only", "once", json!({ "task": "required" })),
        ("may", "once", json!({ "task": "function" })),
        ("never", "once", json!({})),
    ] {
        let mut registration = tool(name, function);
        registration["invocation"] = invocation;
        cloud.register(&registration).await?;
    }
    let client = TaskClient(cloud.modern());
    Ok((cloud, remote, client))
}

fn pretty(values: &[Value]) -> String {
    let seen: Vec<_> = values.iter().cloned().map(timeless).collect();
    format!("{:#}", Value::Array(seen))
}

#[tokio::test]
async fn a_task_goes_from_working_to_completed() -> Result<()> {
    let (cloud, remote, client) = cloud().await?;
    let params =
        json!({ "name": "steps", "arguments": { "n": 1 }, "_meta": { "progressToken": 1 } });
    let created = client.call("tools/call", params).await?;
    let id = created["result"]["taskId"].as_str().unwrap_or_default();
    let mut seen = vec![created.clone(), client.get(id).await?];

    let mut invoked = remote.invoked().await?;
    assert_eq!(invoked.event["args"], json!({ "n": 1 }));
    assert_eq!(invoked.event["extra"]["task"], json!({ "id": id }));
    assert_eq!(invoked.event["extra"]["wantsProgress"], true);
    assert_eq!(invoked.event["extra"]["client"]["name"], "tests");
    invoked
        .say(&json!({ "type": "progress", "progress": 1, "total": 2 }))
        .await?;
    let said = |words: &'static str| move |task: &Value| task["statusMessage"] == words;
    seen.push(client.until(id, said("1 of 2")).await?);
    invoked
        .say(&json!({ "type": "log", "level": "warning", "data": "nearly there" }))
        .await?;
    seen.push(client.until(id, said("nearly there")).await?);
    invoked
        .answer(&json!({ "type": "result", "result": { "answer": 42 } }))
        .await?;
    seen.push(client.in_status(id, "completed").await?);
    insta::assert_snapshot!(pretty(&seen));
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn failures_of_the_tool_and_of_the_protocol_are_told_apart() -> Result<()> {
    let (cloud, remote, client) = cloud().await?;
    let mut seen = Vec::new();
    for answer in [
        json!({ "content": [{ "type": "text", "text": "no such city" }], "isError": true }),
        json!({ "resultType": "error", "error": { "code": -32050, "message": "on purpose", "data": 1 } }),
        json!({ "resultType": "task" }),
        json!({ "resultType": "input_required" }),
    ] {
        let id = client.begin("once", json!({})).await?;
        remote.invoked().await?.answer(&answer).await?;
        let ended = |task: &Value| task["status"] != "working";
        seen.push(client.until(&id, ended).await?);
    }
    insta::assert_snapshot!(pretty(&seen));
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_cancelled_task_stays_cancelled() -> Result<()> {
    let (cloud, remote, client) = cloud().await?;
    let id = client.begin("once", json!({})).await?;
    let invoked = remote.invoked().await?;
    let mut seen = vec![client.cancel(&id).await?, client.get(&id).await?];
    // The function does not know, and answers.
    invoked.answer(&json!("too late")).await?;
    // Its worker has dealt with the answer before the same environment, or another, serves the next task.
    let other = client.begin("once", json!({})).await?;
    remote.invoked().await?.answer(&json!("in time")).await?;
    client.in_status(&other, "completed").await?;
    seen.push(client.get(&id).await?);
    seen.push(client.cancel(&id).await?);
    seen.push(client.update(&id, json!({})).await?);
    insta::assert_snapshot!(pretty(&seen));
    cloud.shutdown().await;
    Ok(())
}

fn form(message: &str) -> Value {
    let name = json!({ "type": "string", "minLength": 1 });
    let schema = json!({
        "type": "object", "$comment": "kept", "properties": { "name": name }, "required": ["name"],
    });
    json!({ "method": "elicitation/create", "params": { "message": message, "requestedSchema": schema } })
}

#[tokio::test]
async fn what_a_function_asks_is_asked_through_the_task() -> Result<()> {
    let (cloud, remote, client) = cloud().await?;
    let id = client.begin("once", json!({ "n": 1 })).await?;
    let questions =
        json!({ "who": form("Who?"), "where": { "method": "roots/list", "params": {} } });
    let asks = |questions: Value, state: Value| json!({ "resultType": "input_required", "inputRequests": questions, "requestState": state });
    let first = asks(questions, json!({ "round": 1 }));
    remote.invoked().await?.answer(&first).await?;
    let mut seen = vec![client.in_status(&id, "input_required").await?];

    let ada = json!({ "action": "accept", "content": { "name": "Ada" } });
    for wrong in [
        json!({ "1.who": { "action": "accept", "content": { "name": "" } } }),
        json!({ "1.nobody": 7, "who": ada }),
        json!({ "1.where": { "roots": [] } }),
        json!({ "1.where": { "roots": [{ "uri": "file:///again" }] } }),
    ] {
        seen.push(client.update(&id, wrong).await?);
        seen.push(client.get(&id).await?["inputRequests"].take());
    }
    seen.push(client.update(&id, json!({ "1.who": ada })).await?);

    let invoked = remote.invoked().await?;
    assert_eq!(invoked.event["args"], json!({ "n": 1 }));
    assert_eq!(invoked.event["requestState"], json!({ "round": 1 }));
    assert_eq!(
        invoked.event["inputResponses"],
        json!({ "who": ada, "where": { "roots": [] } })
    );
    // The same key again is another question, and gets a key that was never used.
    let second = asks(json!({ "who": form("Really?") }), json!(2));
    invoked.answer(&second).await?;
    seen.push(client.in_status(&id, "input_required").await?["inputRequests"].take());
    let late = json!({ "1.who": { "action": "decline" }, "2.who": { "action": "cancel" } });
    seen.push(client.update(&id, late).await?);

    let invoked = remote.invoked().await?;
    assert_eq!(
        invoked.event["inputResponses"],
        json!({ "who": { "action": "cancel" } })
    );
    // A state without a question comes back at once.
    invoked.answer(&asks(json!({}), json!(3))).await?;
    let invoked = remote.invoked().await?;
    assert_eq!(invoked.event["requestState"], 3);
    invoked.answer(&json!("done")).await?;
    seen.push(client.in_status(&id, "completed").await?["result"].take());
    insta::assert_snapshot!(pretty(&seen));
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn nobody_is_asked_in_a_task_what_it_can_not_answer() -> Result<()> {
    let (cloud, remote, client) = cloud().await?;
    let id = client.begin("once", json!({})).await?;
    let question =
        json!({ "method": "sampling/createMessage", "params": { "messages": [], "maxTokens": 1 } });
    let asks = json!({ "resultType": "input_required", "inputRequests": { "q": question } });
    remote.invoked().await?.answer(&asks).await?;
    let failed = client.in_status(&id, "failed").await?;
    insta::assert_snapshot!(pretty(&[failed]));
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn clients_without_tasks_get_none() -> Result<()> {
    let (cloud, remote, _) = cloud().await?;
    let (plain, (legacy, welcome)) = (cloud.modern(), cloud.legacy("2025-11-25").await?);
    assert!(welcome["capabilities"].get("tasks").is_none());
    assert!(welcome["capabilities"].get("extensions").is_none());
    let call = |name: &str| json!({ "name": name, "arguments": {}, "task": { "ttl": 60_000 } });
    let mut seen = Vec::new();
    let (modern, legacy_answer, ()) = tokio::try_join!(
        plain.call("tools/call", call("once")),
        legacy.call("tools/call", call("once")),
        async {
            for _ in 0..2 {
                let invoked = remote.invoked().await?;
                assert!(invoked.event["extra"].get("task").is_none());
                invoked.answer(&json!("at once")).await?;
            }
            Ok(())
        }
    )?;
    seen.extend([modern, legacy_answer]);
    seen.push(plain.call("tools/call", call("only")).await?);
    seen.push(legacy.call("tools/call", call("only")).await?);
    for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
        let params = json!({ "taskId": "gate-test", "inputResponses": {} });
        let reply = plain.send(method, params.clone()).await?;
        assert_eq!(reply.status, 400);
        seen.push(reply.json()?);
        seen.push(legacy.call(method, params).await?);
    }
    insta::assert_snapshot!(pretty(&seen));
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_function_can_decide_to_become_a_task() -> Result<()> {
    let (cloud, remote, client) = cloud().await?;
    let params = json!({ "name": "may", "arguments": { "n": 1 } });
    let mut seen = Vec::new();
    // At once.
    let (answer, ()) = tokio::try_join!(client.call("tools/call", params.clone()), async {
        remote.invoked().await?.answer(&json!("at once")).await
    })?;
    seen.push(answer);
    // After a question, which is asked before there is a task.
    let asks = json!({ "resultType": "input_required", "inputRequests": { "who": form("Who?") } });
    let (mut first, ()) = tokio::try_join!(client.call("tools/call", params.clone()), async {
        remote.invoked().await?.answer(&asks).await
    })?;
    let mut again = params.clone();
    again["requestState"] = first["result"]["requestState"].take();
    let ada = json!({ "action": "accept", "content": { "name": "Ada" } });
    again["inputResponses"] = json!({ "who": ada });
    seen.push(first);
    let (second, ()) = tokio::try_join!(client.call("tools/call", again), async {
        let invoked = remote.invoked().await?;
        assert!(invoked.event["extra"].get("task").is_none());
        let task = json!({ "resultType": "task", "requestState": { "step": 2 } });
        invoked.answer(&task).await
    })?;
    let id = second["result"]["taskId"].as_str().unwrap_or_default();
    let invoked = remote.invoked().await?;
    assert_eq!(invoked.event["extra"]["task"]["id"], id);
    assert_eq!(invoked.event["args"], json!({ "n": 1 }));
    assert_eq!(invoked.event["inputResponses"], json!({ "who": ada }));
    assert_eq!(invoked.event["requestState"], json!({ "step": 2 }));
    invoked.answer(&json!("as a task")).await?;
    seen.extend([second.clone(), client.in_status(id, "completed").await?]);
    // Not for a client that knows no tasks, and not without a registration that allows it.
    let task = json!({ "resultType": "task" });
    let plain = cloud.modern();
    let (refused, ()) = tokio::try_join!(plain.call("tools/call", params), async {
        remote.invoked().await?.answer(&task).await
    })?;
    let never = json!({ "name": "never", "arguments": {} });
    let (not_allowed, ()) = tokio::try_join!(client.call("tools/call", never), async {
        remote.invoked().await?.answer(&task).await
    })?;
    seen.extend([refused, not_allowed]);
    insta::assert_snapshot!(pretty(&seen));
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn large_arguments_and_results_arrive_whole() -> Result<()> {
    let (cloud, remote, client) = cloud().await?;
    let text = "a long way – ".repeat(100_000);
    let id = client.begin("once", json!({ "text": text })).await?;
    let invoked = remote.invoked().await?;
    assert!(invoked.event["args"]["text"] == text.as_str());
    let state = json!({ "text": text });
    let asks = json!({
        "resultType": "input_required", "requestState": state, "inputRequests": { "who": form("Who?") },
    });
    invoked.answer(&asks).await?;
    client.in_status(&id, "input_required").await?;
    client
        .update(&id, json!({ "1.who": { "action": "decline" } }))
        .await?;
    let invoked = remote.invoked().await?;
    assert!(invoked.event["requestState"] == state);
    invoked.answer(&json!(text)).await?;
    let done = client.in_status(&id, "completed").await?;
    assert!(done["result"]["content"][0]["text"] == text.as_str());
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn many_tasks_at_once_each_get_their_own_result() -> Result<()> {
    let (cloud, remote, client) = cloud().await?;
    let begun = (0..20).map(|n| client.begin("once", json!({ "n": n })));
    let answering = async {
        for _ in 0..20 {
            let invoked = remote.invoked().await?;
            let answer = json!({ "n": invoked.event["args"]["n"] });
            invoked.answer(&answer).await?;
        }
        anyhow::Ok(())
    };
    let (ids, ()) = tokio::try_join!(try_join_all(begun), answering)?;
    for (n, id) in ids.iter().enumerate() {
        let done = client.in_status(id, "completed").await?;
        assert_eq!(done["result"]["structuredContent"], json!({ "n": n }));
    }
    cloud.shutdown().await;
    Ok(())
}
