//! Input that is none: every piece of it is answered, no function sees it, and the environment that answered goes on.

use std::fmt::Write as _;

use anyhow::Result;
use bytes::Bytes;
use http::Request;
use local_cloud::function_arn;
use serde_json::{Value, json};
use support::functions::{function, invocations, processes, tool};
use support::{Reply, TestCloud};

const MCP: &str = "default-mcp";
const REGISTRATION: &str = "default-registration";

async fn cloud() -> Result<TestCloud> {
    let cloud = TestCloud::start_with(|config| {
        config.sample = false;
        config.tools = vec![function("echo", env!("CARGO_BIN_EXE_puppet"), &["echo"])];
    })
    .await?;
    cloud.register(&tool("echo", "echo")).await?;
    Ok(cloud)
}

/// A request with a body of any bytes.
async fn post(cloud: &TestCloud, path: &str, body: impl Into<Bytes>) -> Result<Reply> {
    let request = Request::post(cloud.url(path)).header("content-type", "application/json");
    cloud.http().send(request.body(body.into())?).await
}

/// A reply as one line, long ones cut.
fn line(reply: &Reply) -> String {
    let text = String::from_utf8_lossy(&reply.body);
    let start: String = text.chars().take(200).collect();
    format!("{} {start}", reply.status.as_u16())
}

/// A call of `name`, with `arguments` as JSON text.
fn call(name: &str, arguments: &str) -> String {
    let name = json!(name);
    format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":{name},"arguments":{arguments}}}}}"#
    )
}

fn nested(depth: usize) -> String {
    format!(r#"{{"a":{}{}}}"#, "[".repeat(depth), "]".repeat(depth))
}

#[tokio::test]
async fn bodies_that_are_no_messages_are_explained() -> Result<()> {
    let cloud = cloud().await?;
    let before = processes(cloud.cloud(), MCP);
    let long = "x".repeat(100_000);
    let bodies: Vec<(&str, Bytes)> = vec![
        ("nothing", "".into()),
        ("truncated", r#"{"jsonrpc":"2.0","id":1,"method":"tools/li"#.into()),
        ("not UTF-8", (&b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\xfe\"}"[..]).into()),
        ("a number", "42".into()),
        ("null", "null".into()),
        ("an empty batch", "[]".into()),
        ("no version", r#"{"id":1,"method":"ping"}"#.into()),
        ("another version", r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#.into()),
        ("no method", r#"{"jsonrpc":"2.0","id":1}"#.into()),
        ("method is a number", r#"{"jsonrpc":"2.0","id":1,"method":1}"#.into()),
        ("method and result", r#"{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}"#.into()),
        ("id is null", r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#.into()),
        ("id is a fraction", r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#.into()),
        ("id is an object", r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#.into()),
        ("id has 65 bits", r#"{"jsonrpc":"2.0","id":18446744073709551616,"method":"ping"}"#.into()),
        ("id has 64 bits", r#"{"jsonrpc":"2.0","id":18446744073709551615,"method":"ping"}"#.into()),
        ("two methods", r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/list"}"#.into()),
        ("two ids", r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#.into()),
        ("two params", r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo"},"params":{"name":"echo"}}"#.into()),
        ("two names", r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"absent","name":"echo"}}"#.into()),
        ("params is a list", r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":["echo"]}"#.into()),
        ("name is a number", r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":1}}"#.into()),
        ("name is missing", r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}"#.into()),
        ("arguments is a list", call("echo", "[]").into()),
        ("arguments is a text", call("echo", "\"{}\"").into()),
        ("cursor is a number", r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":1}}"#.into()),
        ("_meta is a number", r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":1}}"#.into()),
        ("initialize without params", r#"{"jsonrpc":"2.0","id":1,"method":"initialize"}"#.into()),
        ("a reply to no question", r#"{"jsonrpc":"2.0","id":1,"result":{}}"#.into()),
        ("unknown method", r#"{"jsonrpc":"2.0","id":1,"method":"tools/destroy"}"#.into()),
        ("10,000 deep", "[".repeat(10_000).into()),
        ("10,000 deep and closed", nested(10_000).into()),
        ("10,000 deep arguments", call("echo", &nested(10_000)).into()),
        ("long method", format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{long}"}}"#).into()),
        ("long tool", call(&long, "{}").into()),
        ("no tool", call("", "{}").into()),
        ("a slash", call("echo/../echo", "{}").into()),
        ("dots", call("..", "{}").into()),
        ("emoji", call("\u{1f525}", "{}").into()),
        ("NUL", call("echo\0", "{}").into()),
    ];
    let mut seen = String::new();
    for (label, body) in bodies {
        let reply = post(&cloud, "/mcp", body).await?;
        assert_eq!(reply.header("content-type"), "application/json", "{label}");
        assert!(reply.json()?["error"]["code"].is_i64(), "{label}");
        writeln!(seen, "{label}: {}", line(&reply))?;
        let after = post(
            &cloud,
            "/mcp",
            r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#,
        )
        .await?;
        assert_eq!(after.status, 200, "after {label}");
        assert_eq!(processes(cloud.cloud(), MCP), before, "after {label}");
    }
    insta::assert_snapshot!(seen);
    assert_eq!(invocations(cloud.cloud(), "echo"), 0);
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn what_is_odd_but_right_arrives() -> Result<()> {
    let cloud = cloud().await?;
    let long = "x".repeat(1_000_000);
    for id in [
        json!(i64::MIN),
        json!(i64::MAX),
        json!(""),
        json!(long),
        json!("\u{1f525}\0"),
    ] {
        let ping = json!({ "jsonrpc": "2.0", "id": id, "method": "ping" });
        let reply = post(&cloud, "/mcp", ping.to_string()).await?;
        assert_eq!(reply.json()?["id"], id);
    }
    let reply = post(&cloud, "/mcp", call("echo", &nested(100))).await?;
    let args = &reply.json()?["result"]["structuredContent"]["event"]["args"];
    assert_eq!(args.to_string(), nested(100));

    // What fits into a request, and with what is added no longer into an invocation.
    let reply = post(
        &cloud,
        "/mcp",
        call("echo", &json!({ "a": "x".repeat(6_291_345) }).to_string()),
    )
    .await?;
    let result = &reply.json()?["result"];
    assert_eq!(result["isError"], true);
    insta::assert_snapshot!(result["content"][0]["text"].as_str().unwrap_or_default(), @"the arguments for tool `echo` are too large (at most 6 MB)");
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn requests_that_are_no_mcp_are_refused() -> Result<()> {
    let cloud = cloud().await?;
    let before = processes(cloud.cloud(), MCP);
    let mut seen = String::new();
    for (header, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("origin", "http://localhost.evil.example"),
        ("content-type", "text/plain"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("content-type", ""),
        ("accept", "text/html"),
        ("accept", "application/json"),
        ("mcp-protocol-version", "2019-01-01"),
        ("mcp-protocol-version", "\u{e9}"),
    ] {
        let mut request = Request::post(cloud.url("/mcp"))
            .header("content-type", "application/json")
            .body(Bytes::from(call("echo", "{}")))?;
        request.headers_mut().insert(header, value.parse()?);
        let reply = cloud.http().send(request).await?;
        writeln!(seen, "{header}: {value}: {}", line(&reply))?;
    }
    for path in [
        "/sse",
        "/mcp/../register",
        "/MCP",
        "//mcp",
        "/mcp%2F",
        "/%2e%2e",
    ] {
        let reply = post(&cloud, path, call("echo", "{}")).await?;
        writeln!(seen, "{path}: {}", line(&reply))?;
    }
    let large = call("echo", &json!({ "a": "x".repeat(7_000_000) }).to_string());
    let reply = post(&cloud, "/mcp", large).await?;
    writeln!(seen, "7 MB: {}", line(&reply))?;
    insta::assert_snapshot!(seen);
    assert_eq!(processes(cloud.cloud(), MCP), before);
    assert_eq!(invocations(cloud.cloud(), "echo"), 0);
    cloud.shutdown().await;
    Ok(())
}

/// Bodies that are no registrations, each with what is wrong with it.
fn broken_registrations() -> Vec<(&'static str, Bytes)> {
    let with = |key: &str, value: Value| {
        let mut registration = tool("broken", "echo");
        registration[key] = value;
        Bytes::from(registration.to_string())
    };
    let property = |schema: Value| json!({ "type": "object", "properties": { "a": schema } });
    vec![
        ("nothing", "".into()),
        ("truncated", r#"{"type":"tool","name":"bro"#.into()),
        (
            "not UTF-8",
            (&b"{\"type\":\"tool\",\"name\":\"\xff\"}"[..]).into(),
        ),
        ("a list", "[]".into()),
        ("10,000 deep", "[".repeat(10_000).into()),
        ("a slash", with("name", json!("a/b"))),
        ("dots", with("name", json!(".."))),
        ("emoji", with("name", json!("\u{1f525}"))),
        ("a long name", with("name", json!("x".repeat(129)))),
        ("a bucket", with("lambdaArn", json!("arn:aws:s3:::bucket"))),
        (
            "a remote $ref",
            with(
                "inputSchema",
                property(json!({ "$ref": "https://evil.example/s.json" })),
            ),
        ),
        (
            "a file's $ref",
            with(
                "inputSchema",
                property(json!({ "$ref": "file:///etc/passwd" })),
            ),
        ),
        (
            "a remote $dynamicRef",
            with(
                "inputSchema",
                property(json!({ "$dynamicRef": "https://evil.example/s" })),
            ),
        ),
        (
            "a remote $schema",
            with(
                "inputSchema",
                json!({ "$schema": "http://169.254.169.254/", "type": "object" }),
            ),
        ),
        (
            "a list's schema",
            with("inputSchema", json!({ "type": "array" })),
        ),
        (
            "a huge pattern",
            with(
                "inputSchema",
                property(json!({ "pattern": "((a{1000}){1000}){1000}" })),
            ),
        ),
        (
            "a header that is none",
            with(
                "inputSchema",
                property(json!({ "type": "string", "x-mcp-header": "a b" })),
            ),
        ),
        ("an unknown field", with("lambdaARN", json!("arn"))),
        ("too large", with("description", json!("x".repeat(300_000)))),
        ("7 MB", with("description", json!("x".repeat(7_000_000)))),
    ]
}

#[tokio::test]
async fn broken_registrations_leave_nothing_behind() -> Result<()> {
    let cloud = cloud().await?;
    let before = processes(cloud.cloud(), REGISTRATION);
    let bodies = broken_registrations();
    let mut seen = String::new();
    for (label, body) in bodies {
        let reply = post(&cloud, "/register", body).await?;
        let mut text = line(&reply);
        if let Some(id) = text.find(r#","requestId""#) {
            text.truncate(id);
        }
        writeln!(seen, "{label}: {text}")?;
        assert_eq!(
            processes(cloud.cloud(), REGISTRATION),
            before,
            "after {label}"
        );
    }
    insta::assert_snapshot!(seen);
    let list = cloud.http().get(&cloud.url("/register")).await?.json()?;
    assert_eq!(
        list["registrations"].as_array().map(Vec::len),
        Some(1),
        "{list}"
    );
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_schema_that_refers_to_itself_is_as_deep_as_what_it_checks() -> Result<()> {
    let cloud = cloud().await?;
    let recursive = json!({ "type": "object", "properties": { "a": { "$ref": "#" } } });
    let mut registration =
        json!({ "type": "tool", "name": "recursive", "lambdaArn": function_arn("echo") });
    registration["inputSchema"] = recursive;
    cloud.register(&registration).await?;
    let deep = (0..100).fold(json!({}), |inner, _| json!({ "a": inner }));
    let answer = cloud.call_tool("recursive", deep).await?;
    assert_eq!(answer["result"]["isError"], false);
    cloud.shutdown().await;
    Ok(())
}
