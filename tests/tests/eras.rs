//! What each revision of the protocol gets: its handshake, its headers, its errors.

use std::fmt::Write as _;

use anyhow::Result;
use bytes::Bytes;
use http::{Method, Request};
use local_cloud::function_arn;
use serde_json::{Value, json};
use support::functions::{function, invocations, tool};
use support::http::json_request;
use support::mcp::modern_request;
use support::{Reply, TestCloud};

/// The revisions that begin with a handshake.
const LEGACY: [&str; 3] = ["2025-03-26", "2025-06-18", "2025-11-25"];

/// A cloud with a tool, a prompt, a resource and a template, all of one function.
async fn cloud() -> Result<TestCloud> {
    let cloud = TestCloud::start_with(|config| {
        config.sample = false;
        config.tools = vec![function("echo", env!("CARGO_BIN_EXE_puppet"), &["echo"])];
    })
    .await?;
    let arn = function_arn("echo");
    for registration in [
        tool("echo", "echo"),
        json!({ "type": "tool", "name": "routed", "lambdaArn": arn, "inputSchema": {
            "type": "object",
            "properties": {
                "region": { "type": "string", "x-mcp-header": "Region" },
                "shard": { "type": "integer", "x-mcp-header": "Shard" },
            },
        } }),
        json!({ "type": "prompt", "name": "greet", "lambdaArn": arn, "arguments": [{ "name": "who" }] }),
        json!({ "type": "resource", "name": "page", "lambdaArn": arn, "uri": "test://page" }),
        json!({ "type": "resource", "name": "pages", "lambdaArn": arn, "uriTemplate": "test://pages/{id}" }),
    ] {
        cloud.register(&registration).await?;
    }
    Ok(cloud)
}

/// A reply as one line.
fn line(reply: &Reply) -> Result<String> {
    Ok(format!("{} {}", reply.status.as_u16(), reply.text()?))
}

/// A well-formed request of the stateless revision, after `change` had its way with its body.
fn request(
    cloud: &TestCloud,
    method: &str,
    params: Value,
    change: impl FnOnce(&mut Value),
) -> Result<Request<Bytes>> {
    let (parts, body) = modern_request(&cloud.url("/mcp"), method, params)?.into_parts();
    let mut body = serde_json::from_slice(&body)?;
    change(&mut body);
    Ok(Request::from_parts(parts, body.to_string().into()))
}

#[tokio::test]
async fn the_stateless_revision_is_complete() -> Result<()> {
    let cloud = cloud().await?;
    let mut seen = String::new();
    for (method, params) in [
        ("server/discover", json!({})),
        ("tools/list", json!({})),
        ("resources/list", json!({})),
        ("resources/templates/list", json!({})),
        ("prompts/list", json!({})),
        ("tools/call", json!({ "name": "absent" })),
        ("resources/read", json!({ "uri": "test://absent" })),
        ("prompts/get", json!({ "name": "absent" })),
        ("tools/list", json!({ "cursor": "invented" })),
        // Not of this revision, or not of this server.
        ("ping", json!({})),
        ("logging/setLevel", json!({ "level": "info" })),
        ("resources/subscribe", json!({ "uri": "test://page" })),
        ("no/such/method", json!({})),
    ] {
        let reply = cloud.modern().send(method, params).await?;
        writeln!(seen, "{method}: {}", line(&reply)?)?;
    }
    insta::assert_snapshot!(seen);

    let client = cloud.modern();
    let call = client.call("tools/call", json!({ "name": "echo" })).await?;
    assert_eq!(call["result"]["resultType"], "complete");
    let read = client
        .call("resources/read", json!({ "uri": "test://page" }))
        .await?;
    assert_eq!(read["result"]["contents"][0]["uri"], "test://page");
    assert_eq!(read["result"]["cacheScope"], "private");
    let prompt = client
        .call("prompts/get", json!({ "name": "greet" }))
        .await?;
    assert_eq!(prompt["result"]["messages"][0]["role"], "user");
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn headers_repeat_the_body_or_the_request_is_refused() -> Result<()> {
    let cloud = cloud().await?;
    let mut seen = String::new();
    let call = json!({ "name": "routed", "arguments": { "region": "eu", "shard": 5 } });
    let sound = [
        ("mcp-protocol-version", Some("2026-07-28")),
        ("mcp-method", Some("tools/call")),
        ("mcp-name", Some("routed")),
        ("mcp-param-region", Some("eu")),
        ("mcp-param-shard", Some("5")),
    ];
    for (header, value) in [
        ("mcp-protocol-version", None),
        ("mcp-protocol-version", Some("2025-11-25")),
        ("mcp-protocol-version", Some("2099-01-01")),
        ("mcp-method", None),
        ("mcp-method", Some("tools/list")),
        ("mcp-name", None),
        ("mcp-name", Some("echo")),
        ("mcp-param-region", None),
        ("mcp-param-region", Some("us")),
        ("mcp-param-shard", Some("6")),
    ] {
        let mut request = request(&cloud, "tools/call", call.clone(), |_| {})?;
        for (name, value) in sound.into_iter().chain([(header, value)]) {
            request.headers_mut().remove(name);
            if let Some(value) = value {
                request.headers_mut().insert(name, value.parse()?);
            }
        }
        let reply = cloud.http().send(request).await?;
        let value = value.unwrap_or("(none)");
        writeln!(seen, "{header}: {value} -> {}", line(&reply)?)?;
    }
    insta::assert_snapshot!(seen);
    assert_eq!(invocations(cloud.cloud(), "echo"), 0);

    for name in ["routed", "=?base64?cm91dGVk?="] {
        let mut request = request(&cloud, "tools/call", call.clone(), |_| {})?;
        for (name, value) in sound {
            let value = value.unwrap_or_default();
            request.headers_mut().insert(name, value.parse()?);
        }
        request.headers_mut().insert("mcp-name", name.parse()?);
        let reply = cloud.http().send(request).await?;
        let args = &reply.json()?["result"]["structuredContent"]["event"]["args"];
        assert_eq!(*args, json!({ "region": "eu", "shard": 5 }), "{name}");
    }
    // Those of the older revisions repeat nothing.
    let (legacy, _) = cloud.legacy("2025-11-25").await?;
    let answer = legacy.call("tools/call", call).await?;
    assert_eq!(answer["result"]["isError"], false, "{answer}");
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_stateless_request_says_who_asks_in_which_revision() -> Result<()> {
    const VERSION: &str = "io.modelcontextprotocol/protocolVersion";
    let cloud = cloud().await?;
    let mut seen = String::new();
    for method in ["tools/list", "server/discover"] {
        let without = |key: &'static str| {
            request(&cloud, method, json!({}), move |body| {
                if let Some(meta) = body["params"]["_meta"].as_object_mut() {
                    meta.remove(key);
                }
            })
        };
        let mut unknown = request(&cloud, method, json!({}), |body| {
            body["params"]["_meta"][VERSION] = json!("2099-01-01");
        })?;
        let header = unknown.headers_mut();
        header.insert("mcp-protocol-version", "2099-01-01".parse()?);
        for (label, request) in [
            ("no version", without(VERSION)?),
            (
                "no capabilities",
                without("io.modelcontextprotocol/clientCapabilities")?,
            ),
            (
                "no _meta",
                request(&cloud, method, json!({}), |body| body["params"] = json!({}))?,
            ),
            (
                "_meta is a list",
                request(&cloud, method, json!({}), |body| {
                    body["params"]["_meta"] = json!([]);
                })?,
            ),
            ("unknown version", unknown),
        ] {
            let reply = cloud.http().send(request).await?;
            writeln!(seen, "{method}, {label}: {}", line(&reply)?)?;
        }
    }
    insta::assert_snapshot!(seen);
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn every_handshake_leads_to_everything() -> Result<()> {
    let cloud = cloud().await?;
    for version in LEGACY {
        let (client, initialized) = cloud.legacy(version).await?;
        let changes = json!({ "listChanged": true });
        assert_eq!(
            initialized["capabilities"],
            json!({
                "completions": {}, "logging": {}, "prompts": changes, "tools": changes,
                "resources": { "listChanged": true, "subscribe": true },
            }),
            "{version}"
        );
        let mut seen = String::new();
        for (method, params) in [
            ("ping", json!({})),
            ("tools/list", json!({})),
            ("resources/list", json!({})),
            ("resources/templates/list", json!({})),
            ("prompts/list", json!({})),
            ("tools/call", json!({ "name": "absent" })),
            ("resources/read", json!({ "uri": "test://absent" })),
            ("tools/list", json!({ "cursor": "invented" })),
            ("no/such/method", json!({})),
        ] {
            let reply = client.send(method, params).await?;
            writeln!(seen, "{method}: {}", line(&reply)?)?;
        }
        insta::allow_duplicates! { insta::assert_snapshot!("every_handshake", seen) };
        for (method, params, path) in [
            ("tools/call", json!({ "name": "echo" }), "/content/0/text"),
            (
                "resources/read",
                json!({ "uri": "test://pages/7" }),
                "/contents/0/text",
            ),
            (
                "prompts/get",
                json!({ "name": "greet" }),
                "/messages/0/content/text",
            ),
        ] {
            let answer = client.call(method, params).await?;
            let text = answer["result"].pointer(path).and_then(Value::as_str);
            assert!(
                text.is_some_and(|text| text.contains(version)),
                "{version} {answer}"
            );
        }
    }
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_handshake_in_another_revision_settles_on_one_that_is_spoken() -> Result<()> {
    let cloud = TestCloud::start().await?;
    for (asked, settled) in [
        ("2024-11-05", "2024-11-05"),
        ("2026-07-28", "2025-11-25"),
        ("2099-01-01", "2025-11-25"),
        ("nonsense", "2025-11-25"),
    ] {
        let params = json!({
            "protocolVersion": asked,
            "capabilities": {},
            "clientInfo": { "name": "tests", "version": "1.0.0" },
        });
        let body = json!({ "jsonrpc": "2.0", "id": "a", "method": "initialize", "params": params });
        let reply = cloud.http().post(&cloud.url("/mcp"), &body).await?;
        let answer = reply.json()?;
        assert_eq!(answer["id"], "a");
        assert_eq!(answer["result"]["protocolVersion"], settled, "{asked}");
    }
    // What came of it is a header of everything that follows; without one it is the first revision that had none.
    let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
    let reply = cloud.http().post(&cloud.url("/mcp"), &ping).await?;
    assert_eq!(reply.json()?["result"], json!({}));
    let mut request = json_request(Method::POST, &cloud.url("/mcp"), &ping)?;
    let version = "2099-01-01".parse()?;
    request
        .headers_mut()
        .insert("mcp-protocol-version", version);
    insta::assert_snapshot!(line(&cloud.http().send(request).await?)?, @r#"400 {"jsonrpc":"2.0","id":1,"error":{"code":-32022,"message":"this revision of the protocol is not spoken here","data":{"supported":["2024-11-05","2025-03-26","2025-06-18","2025-11-25","2026-07-28"],"requested":"2099-01-01"}}}"#);
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn notifications_are_taken_and_nothing_else_without_an_id() -> Result<()> {
    let cloud = cloud().await?;
    for method in [
        "notifications/initialized",
        "notifications/cancelled",
        "notifications/roots/list_changed",
        "notifications/of/the/future",
        "tools/call",
    ] {
        let params = json!({ "name": "echo", "requestId": 7 });
        let request = request(&cloud, method, params.clone(), |body| {
            if let Some(body) = body.as_object_mut() {
                body.remove("id");
            }
        })?;
        let stateless = cloud.http().send(request).await?;
        let body = json!({ "jsonrpc": "2.0", "method": method, "params": params });
        let legacy = cloud.http().post(&cloud.url("/mcp"), &body).await?;
        for reply in [stateless, legacy] {
            assert_eq!(
                (reply.status.as_u16(), reply.text()?),
                (202, ""),
                "{method}"
            );
        }
    }
    assert_eq!(invocations(cloud.cloud(), "echo"), 0);
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn batches_are_of_one_revision() -> Result<()> {
    let cloud = cloud().await?;
    let message = |id: Value, method: &str| json!({ "jsonrpc": "2.0", "id": id, "method": method });
    let notification = json!({ "jsonrpc": "2.0", "method": "notifications/roots/list_changed" });
    let call = json!({
        "jsonrpc": "2.0", "id": "call", "method": "tools/call",
        "params": { "name": "echo", "arguments": { "n": 1 } },
    });
    let batches = [
        json!([
            message(json!(1), "ping"),
            notification,
            7,
            [],
            message(json!(2), "no/such/method"),
            message(json!(3), "initialize"),
        ]),
        json!([notification, notification]),
        json!([]),
        Value::Array(vec![message(json!(1), "ping"); 65]),
    ];
    let mut seen = String::new();
    for batch in &batches {
        let reply = cloud.http().post(&cloud.url("/mcp"), batch).await?;
        writeln!(seen, "{}", line(&reply)?)?;
    }
    insta::assert_snapshot!(seen);

    let batch = json!([call, message(json!("ping"), "ping")]);
    for (version, is_taken) in [
        ("2025-03-26", true),
        ("2025-06-18", false),
        ("2025-11-25", false),
        ("2026-07-28", false),
    ] {
        let mut request = json_request(Method::POST, &cloud.url("/mcp"), &batch)?;
        request
            .headers_mut()
            .insert("mcp-protocol-version", version.parse()?);
        let reply = cloud.http().send(request).await?;
        let answers = reply.json()?;
        if is_taken {
            let args = &answers[0]["result"]["structuredContent"]["event"]["args"];
            assert_eq!(
                (&answers[0]["id"], args),
                (&json!("call"), &json!({ "n": 1 }))
            );
            assert_eq!(
                answers[1],
                json!({ "jsonrpc": "2.0", "id": "ping", "result": {} })
            );
        } else {
            assert_eq!(
                (reply.status.as_u16(), &answers["error"]["code"]),
                (400, &json!(-32600))
            );
        }
    }
    assert_eq!(invocations(cloud.cloud(), "echo"), 1);
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn methods_other_than_post_are_for_sessions() -> Result<()> {
    let cloud = TestCloud::start().await?;
    for path in ["/mcp", "/"] {
        for (method, session, status) in [
            (Method::GET, None, 405),
            (Method::DELETE, None, 405),
            (Method::GET, Some("1868a90c"), 404),
            (Method::DELETE, Some("1868a90c"), 404),
            (Method::PUT, Some("1868a90c"), 405),
            (Method::OPTIONS, None, 405),
        ] {
            let mut request = Request::builder()
                .method(&method)
                .uri(cloud.url(path))
                .header("accept", "text/event-stream");
            if let Some(session) = session {
                request = request.header("mcp-session-id", session);
            }
            let reply = cloud.http().send(request.body(Bytes::new())?).await?;
            assert_eq!(reply.status, status, "{method} {path} {session:?}");
            if status == 405 {
                assert_eq!(reply.header("allow"), "GET, POST, DELETE");
            }
            assert_eq!(reply.json()?["error"]["code"], -32600);
        }
        let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
        let mut request = json_request(Method::POST, &cloud.url(path), &ping)?;
        let session = "1868a90c".parse()?;
        request.headers_mut().insert("mcp-session-id", session);
        assert_eq!(cloud.http().send(request).await?.status, 404, "{path}");
        // Where there are no sessions, what is said of them doesn't matter.
        let mut request = modern_request(&cloud.url(path), "tools/list", json!({}))?;
        let headers = request.headers_mut();
        headers.insert("mcp-session-id", "1868a90c".parse()?);
        headers.insert("last-event-id", "7".parse()?);
        let reply = cloud.http().send(request).await?;
        assert_eq!(reply.status, 200, "{path}");
        assert_eq!(reply.header("mcp-session-id"), "");
    }
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn without_streams_sessions_promise_none() -> Result<()> {
    let cloud = TestCloud::start_with(|config| {
        let none = ("StreamSeconds".to_owned(), "0".to_owned());
        config.parameters.extend([none]);
    })
    .await?;
    let (client, initialized) = cloud.legacy("2025-11-25").await?;
    assert_eq!(
        initialized["capabilities"],
        json!({ "completions": {}, "logging": {}, "prompts": {}, "resources": {}, "tools": {} })
    );
    let subscribed = client.call("resources/subscribe", json!({ "uri": "a:b" }));
    assert_eq!(subscribed.await?["error"]["code"], -32601);
    for (method, path, status) in [
        (Method::GET, "/mcp", 405),
        (Method::GET, "/sse", 404),
        (Method::POST, "/message?sessionId=a", 404),
    ] {
        let request = Request::builder().method(&method).uri(cloud.url(path));
        let request = request.header("mcp-session-id", "x").body(Bytes::new())?;
        assert_eq!(cloud.http().send(request).await?.status, status, "{path}");
    }
    cloud.shutdown().await;
    Ok(())
}
