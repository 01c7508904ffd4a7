//! Sessions of 2025: what they are good for, who may use them, and when they end.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context, Result};
use http::Method;
use local_cloud::{Auth, function_arn};
use serde_json::{Value, json};
use support::functions::{function, invocations, tool};
use support::remote::Remote;
use support::sessions::{SessionClient, initialize, next, notification, request, rest};
use support::signing::Signer;
use support::table::set_in_session;
use support::{Reply, TestCloud};

/// The revisions with sessions of streamable HTTP.
const VERSIONS: [&str; 3] = ["2025-03-26", "2025-06-18", "2025-11-25"];

/// Everything that can be asked: forms with all kinds of fields, a URL, the model, the roots.
const QUESTIONS: &str = r#"{
    "form": { "method": "elicitation/create", "params": { "message": "Who?", "requestedSchema": {
        "type": "object", "$comment": "no type of any library knows this",
        "properties": {
            "name": { "type": "string", "minLength": 1, "default": "Ada" },
            "age": { "type": "integer", "minimum": 0, "default": 7 },
            "rate": { "type": "number", "default": 0.5 },
            "sure": { "type": "boolean", "default": true },
            "old": { "type": "string", "enum": ["a", "b"], "enumNames": ["A", "B"], "default": "b" },
            "one": { "type": "string", "oneOf": [{ "const": "x", "title": "X" }], "default": "x" },
            "some": { "type": "array", "items": { "anyOf": [{ "const": "r", "title": "Red" }] }, "default": ["r"] }
        },
        "required": ["name"]
    } } },
    "model": { "method": "sampling/createMessage", "params": {
        "messages": [{ "role": "user", "content": { "type": "text", "text": "Say hi" } }], "maxTokens": 5
    } },
    "where": { "method": "roots/list", "params": {} }
}"#;

fn capabilities() -> Value {
    json!({ "elicitation": {}, "sampling": {}, "roots": {} })
}

fn answer_to(method: &str) -> Value {
    match method {
        "elicitation/create" => json!({ "action": "accept", "content": {
            "name": "Eve", "age": 3, "rate": 1.5, "sure": false, "old": "a", "one": "x", "some": [],
        } }),
        "sampling/createMessage" => json!({
            "role": "assistant", "content": { "type": "text", "text": "hi" }, "model": "m",
        }),
        _ => json!({ "roots": [{ "uri": "file:///x" }] }),
    }
}

async fn cloud() -> Result<TestCloud> {
    let cloud = TestCloud::start_with(|config| {
        config.sample = false;
        let puppet = env!("CARGO_BIN_EXE_puppet");
        config.tools = vec![
            function("ask", puppet, &["ask", QUESTIONS]),
            function("echo", puppet, &["echo"]),
        ];
    })
    .await?;
    for registration in [
        tool("ask", "ask"),
        tool("echo", "echo"),
        json!({ "type": "prompt", "name": "ask", "lambdaArn": function_arn("ask") }),
        json!({ "type": "resource", "name": "ask", "lambdaArn": function_arn("ask"), "uri": "test://ask" }),
    ] {
        cloud.register(&registration).await?;
    }
    Ok(cloud)
}

fn line(reply: &Reply) -> Result<String> {
    Ok(format!("{} {}", reply.status.as_u16(), reply.text()?))
}

#[tokio::test]
async fn every_primitive_can_ask_in_every_revision() -> Result<()> {
    let cloud = cloud().await?;
    for version in VERSIONS {
        let client = SessionClient::open(&cloud, version, capabilities()).await?;
        let mut seen = String::new();
        for (method, params) in [
            ("tools/call", json!({ "name": "ask" })),
            ("prompts/get", json!({ "name": "ask" })),
            ("resources/read", json!({ "uri": "test://ask" })),
        ] {
            let mut stream = client.begin(json!(method), method, params).await?;
            let mut asked = Vec::new();
            for _ in 0..3 {
                asked.push(next(&mut stream).await?);
            }
            asked.sort_by_key(|question| question["method"].to_string());
            for question in &mut asked {
                let answer = answer_to(question["method"].as_str().unwrap_or_default());
                let reply = client.reply(question, answer.clone()).await?;
                assert_eq!(line(&reply)?, "202 ");
                let again = client.reply(question, answer).await?;
                assert_eq!(again.status, 400, "{}", again.text()?);
                question["id"] = json!("(unguessable)");
            }
            writeln!(
                seen,
                "{method}\n{:#}\n{:#}",
                json!(asked),
                json!(rest(stream).await?)
            )?;
        }
        insta::allow_duplicates! { insta::assert_snapshot!("every_primitive", seen) };
    }
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_session_says_what_it_offers() -> Result<()> {
    let cloud = cloud().await?;
    let client = SessionClient::open(&cloud, "2025-06-18", capabilities()).await?;
    let mut seen = format!("{:#}\n", client.initialized["capabilities"]);
    for (method, params) in [
        ("ping", json!({})),
        ("logging/setLevel", json!({ "level": "loud" })),
        ("logging/setLevel", json!({ "level": "error" })),
        ("resources/subscribe", json!({})),
        ("resources/subscribe", json!({ "uri": "u".repeat(3000) })),
        ("no/such/method", json!({})),
        ("tools/call", json!({ "name": 7 })),
    ] {
        let reply = client.post(&request(json!(1), method, params)).await?;
        writeln!(seen, "{method}: {}", line(&reply)?)?;
    }
    insta::assert_snapshot!(seen);
    let called = client.call("tools/call", json!({ "name": "echo" })).await?;
    let extra = &called["result"]["structuredContent"]["event"]["extra"];
    assert_eq!(extra["protocolVersion"], "2025-06-18");
    assert_eq!(
        extra["client"],
        json!({ "name": "tests", "version": "1.0.0" })
    );
    assert_eq!(extra["clientCapabilities"], capabilities());
    assert_eq!(extra["logLevel"], "error");
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_session_has_an_end() -> Result<()> {
    let cloud = cloud().await?;
    let ping = request(json!(1), "ping", json!({}));
    let mut seen = String::new();
    let ended = SessionClient::open(&cloud, "2025-11-25", json!({})).await?;
    assert_eq!(ended.post(&ping).await?.status, 200);
    let gone = ended.send(ended.prepare(Method::DELETE, None)?).await?;
    writeln!(seen, "ended: {}", line(&gone)?)?;
    let expired = SessionClient::open(&cloud, "2025-11-25", json!({})).await?;
    set_in_session(&cloud, &expired.id, "expiresAt", 1).await?;
    let mut invented = expired.clone();
    invented.id = "A".repeat(32);
    let mut odd = expired.clone();
    odd.id = "$deployment".to_owned();
    for (what, client) in [
        ("ended", &ended),
        ("expired", &expired),
        ("invented", &invented),
        ("odd", &odd),
    ] {
        writeln!(seen, "{what}: {}", line(&client.post(&ping).await?)?)?;
        for method in [Method::GET, Method::DELETE] {
            let reply = client.send(client.prepare(method.clone(), None)?).await?;
            writeln!(seen, "{what}, {method}: {}", line(&reply)?)?;
        }
    }
    // One that is used lives on.
    let renewed = SessionClient::open(&cloud, "2025-11-25", json!({})).await?;
    let soon = std::time::SystemTime::now() + Duration::from_hours(1);
    let soon = soon.duration_since(std::time::UNIX_EPOCH)?.as_secs();
    set_in_session(&cloud, &renewed.id, "expiresAt", soon).await?;
    assert_eq!(renewed.post(&ping).await?.status, 200);
    let until = support::table::get_in_session(&cloud, &renewed.id, "expiresAt").await?;
    assert!(until > soon + 20 * 3600, "{until}");
    insta::assert_snapshot!(seen);
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn what_disagrees_with_the_session_is_refused() -> Result<()> {
    let cloud = cloud().await?;
    let client = SessionClient::open(&cloud, "2025-06-18", capabilities()).await?;
    let mut seen = String::new();
    let ping = request(json!(1), "ping", json!({}));
    for version in ["2025-03-26", "2099-01-01", "2025-06-18"] {
        let mut request = client.prepare(Method::POST, Some(&ping))?;
        let headers = request.headers_mut();
        headers.insert("mcp-protocol-version", version.parse()?);
        writeln!(seen, "{version}: {}", line(&client.send(request).await?)?)?;
    }
    let other = "B".repeat(32);
    let long = "x".repeat(300);
    for (what, message) in [
        (
            "a reply to nothing",
            json!({ "jsonrpc": "2.0", "id": 7, "result": {} }),
        ),
        (
            "a reply to an invented question",
            json!({ "jsonrpc": "2.0", "id": format!("{other}-0"), "result": {} }),
        ),
        (
            "an error without an id",
            json!({ "jsonrpc": "2.0", "error": { "code": 1, "message": "m" } }),
        ),
        ("a batch", json!([ping])),
        ("a long id", request(json!(long), "ping", json!({}))),
        (
            "nothing called off",
            notification("notifications/cancelled", json!({})),
        ),
        (
            "something called off",
            notification("notifications/cancelled", json!({ "requestId": 99 })),
        ),
        (
            "a notification",
            notification("notifications/initialized", json!({})),
        ),
    ] {
        writeln!(seen, "{what}: {}", line(&client.post(&message).await?)?)?;
    }
    for last in ["odd", &format!("{other}-0"), "lists-1.2"] {
        let mut request = client.prepare(Method::GET, None)?;
        request.headers_mut().insert("last-event-id", last.parse()?);
        writeln!(
            seen,
            "last event {last}: {}",
            line(&client.send(request).await?)?
        )?;
    }
    let large = initialize(
        "2025-06-18",
        json!({ "experimental": { "x": { "y": "z".repeat(20_000) } } }),
    );
    let reply = cloud.http().post(&cloud.url("/mcp"), &large).await?;
    writeln!(seen, "a talkative client: {}", line(&reply)?)?;
    insta::assert_snapshot!(seen);
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn somebody_else_has_no_part_in_a_session() -> Result<()> {
    let cloud = TestCloud::start_with(|config| {
        config.auth = Auth::Iam;
        config.users = vec!["ann".to_owned(), "bob".to_owned()];
        config.sample = false;
        config.tools = vec![function(
            "ask",
            env!("CARGO_BIN_EXE_puppet"),
            &["ask", r#"{"where":{"method":"roots/list","params":{}}}"#],
        )];
    })
    .await?;
    let signer = |user: usize| Signer::with(&cloud.cloud().users()[user].credentials);
    let (ann, bob) = (signer(0), signer(1));
    let registration = support::http::json_request(
        Method::POST,
        &cloud.cloud().endpoints().registration_url,
        &tool("ask", "ask"),
    )?;
    let registered = cloud.http().send(ann.sign(registration)?).await?;
    assert_eq!(registered.status, 201);
    let hers = SessionClient::open_as(&cloud, Some(ann), "2025-11-25", capabilities()).await?;
    let his =
        SessionClient::open_as(&cloud, Some(bob.clone()), "2025-11-25", capabilities()).await?;
    let mut stream = hers
        .begin(json!(1), "tools/call", json!({ "name": "ask" }))
        .await?;
    let primed = stream.next_event().await?.context("no event")?;
    let question = next(&mut stream).await?;
    let roots = json!({ "roots": [] });
    // With her session, he is nobody; in his own, nobody asked.
    let as_her = hers.used_by(bob);
    assert_eq!(as_her.reply(&question, roots.clone()).await?.status, 404);
    assert_eq!(his.reply(&question, roots.clone()).await?.status, 400);
    for (client, status) in [(&as_her, 404), (&his, 400)] {
        let mut request = client.prepare(Method::GET, None)?;
        request
            .headers_mut()
            .insert("last-event-id", primed.id.parse()?);
        assert_eq!(client.send(request).await?.status, status);
    }
    for message in [
        request(json!(2), "ping", json!({})),
        notification("notifications/cancelled", json!({ "requestId": 1 })),
    ] {
        assert_eq!(as_her.post(&message).await?.status, 404);
    }
    let delete = as_her.prepare(Method::DELETE, None)?;
    assert_eq!(as_her.send(delete).await?.status, 404);
    assert_eq!(hers.reply(&question, roots).await?.status, 202);
    let answered = rest(stream).await?;
    assert_eq!(answered[0]["result"]["isError"], false, "{answered:?}");
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_client_that_refuses_or_cannot_is_explained() -> Result<()> {
    let cloud = cloud().await?;
    let client = SessionClient::open(&cloud, "2025-11-25", capabilities()).await?;
    let mut stream = client
        .begin(json!(1), "tools/call", json!({ "name": "ask" }))
        .await?;
    let question = next(&mut stream).await?;
    let refusal =
        json!({ "jsonrpc": "2.0", "id": question["id"], "error": { "code": -1, "message": "no" } });
    assert_eq!(client.post(&refusal).await?.status, 202);
    let answered = rest(stream).await?.pop().context("no answer")?;
    assert_eq!(answered["result"]["isError"], true, "{answered}");
    let without = SessionClient::open(&cloud, "2025-11-25", json!({})).await?;
    let explained = without.call("tools/call", json!({ "name": "ask" })).await?;
    insta::assert_snapshot!(explained, @r#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"tool `ask` needs a client that declared the capability for elicitation and sampling and roots"}],"isError":true}}"#);
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn batches_are_answered_on_one_stream() -> Result<()> {
    let cloud = cloud().await?;
    let client = SessionClient::open(&cloud, "2025-03-26", capabilities()).await?;
    let batch = json!([
        request(json!(1), "ping", json!({})),
        notification("notifications/roots/list_changed", json!({})),
        request(
            json!(2),
            "tools/call",
            json!({ "name": "echo", "arguments": { "n": 1 } })
        ),
        request(json!(3), "no/such/method", json!({})),
    ]);
    let reply = client.post(&batch).await?;
    let ids: Vec<_> = reply
        .messages()?
        .iter()
        .map(|message| message["id"].clone())
        .collect();
    assert_eq!(ids, [json!(1), json!(2), json!(3)]);
    let none = client
        .post(&json!([notification(
            "notifications/initialized",
            json!({})
        )]))
        .await?;
    assert_eq!(line(&none)?, "202 ");
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_large_reply_arrives_whole() -> Result<()> {
    let cloud = cloud().await?;
    let client = SessionClient::open(&cloud, "2025-11-25", capabilities()).await?;
    let mut stream = client
        .begin(json!(1), "tools/call", json!({ "name": "ask" }))
        .await?;
    let text = "x".repeat(1_000_000);
    for _ in 0..3 {
        let question = next(&mut stream).await?;
        let method = question["method"].as_str().unwrap_or_default();
        let mut answer = answer_to(method);
        if method == "sampling/createMessage" {
            answer["content"]["text"] = json!(text);
        }
        assert_eq!(client.reply(&question, answer).await?.status, 202);
    }
    let answered = rest(stream).await?.pop().context("no answer")?;
    let responses = &answered["result"]["structuredContent"]["inputResponses"];
    assert_eq!(responses["model"]["content"]["text"].as_str(), Some(&*text));
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_call_can_be_called_off() -> Result<()> {
    let remote = Remote::new().await?;
    let address = remote.address();
    let cloud = TestCloud::start_with(|config| {
        config.sample = false;
        let mut steps = function("steps", env!("CARGO_BIN_EXE_puppet"), &["remote", &address]);
        steps.timeout = Duration::from_mins(1);
        config.tools = vec![steps];
    })
    .await?;
    cloud.register(&tool("steps", "steps")).await?;
    let client = SessionClient::open(&cloud, "2025-06-18", json!({})).await?;
    let call = request(json!("a"), "tools/call", json!({ "name": "steps" }));
    let call = client.post(&call);
    let cancel = async {
        let invoked = remote.invoked().await?;
        let off = notification("notifications/cancelled", json!({ "requestId": "a" }));
        assert_eq!(client.post(&off).await?.status, 202);
        anyhow::Ok(invoked)
    };
    let (reply, invoked) = tokio::join!(call, cancel);
    let reply = reply?;
    assert_eq!((reply.status.as_u16(), reply.text()?), (200, ""));
    invoked?.answer(&json!("too late")).await?;
    assert_eq!(invocations(cloud.cloud(), "steps"), 1);
    cloud.shutdown().await;
    Ok(())
}
