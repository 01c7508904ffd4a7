//! Registering over HTTP: as the original project's users do it, and what is answered when it does not work.

use std::fmt::Write as _;

use anyhow::Result;
use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};
use support::functions::{function, invocations, tool};
use support::{Reply, TestCloud};

async fn cloud() -> Result<TestCloud> {
    TestCloud::start_with(|config| {
        config.sample = false;
        config.tools = vec![function("echo", env!("CARGO_BIN_EXE_puppet"), &["echo"])];
    })
    .await
}

/// Status and the word for the error.
fn refused(reply: &Reply) -> Result<(u16, String)> {
    let error = &reply.json()?["error"];
    let is_whole = error["message"].is_string() && error["requestId"].is_string();
    assert!(is_whole, "{error}");
    let code = error["code"].as_str().unwrap_or_default();
    Ok((reply.status.as_u16(), code.to_owned()))
}

#[tokio::test]
async fn the_original_projects_example_works_to_the_letter() -> Result<()> {
    let cloud = cloud().await?;
    let example = r#"{
        "type": "tool",
        "name": "example",
        "description": "Example tool",
        "lambdaArn": "arn:aws:lambda:region:account:function:name",
        "parameters": {
          "input": "string"
        }
      }"#;
    let request = Request::post(cloud.url("/register"))
        .header("content-type", "application/json")
        .body(Bytes::from(example))?;
    let created = cloud.http().send(request).await?;
    assert_eq!(created.status, 201);
    assert_eq!(created.header("location"), "/register/tool-example");
    insta::assert_snapshot!(created.text()?, @r#"{"id":"tool-example","type":"tool","name":"example","description":"Example tool","lambdaArn":"arn:aws:lambda:region:account:function:name","inputSchema":{"type":"object","properties":{"input":{"type":"string"}},"required":["input"]},"contract":"native","invocation":{"stream":false,"task":"forbidden"}}"#);
    let one = cloud.url("/register/tool-example");
    assert_eq!(cloud.http().get(&one).await?.json()?, created.json()?);

    let mut update: Value = serde_json::from_str(example)?;
    update["lambdaArn"] = tool("example", "echo")["lambdaArn"].clone();
    let updated = cloud.http().put(&one, &update).await?;
    assert_eq!(updated.status, 200);
    let answer = cloud.call_tool("example", json!({ "input": "x" })).await?;
    let args = &answer["result"]["structuredContent"]["event"]["args"];
    assert_eq!(*args, json!({ "input": "x" }));
    let answer = cloud.call_tool("example", json!({ "input": 7 })).await?;
    assert_eq!(answer["result"]["isError"], true);
    assert_eq!(invocations(cloud.cloud(), "echo"), 1);

    let list = cloud.http().get(&cloud.url("/register")).await?;
    assert_eq!(list.json()?, json!({ "registrations": [updated.json()?] }));
    let deleted = cloud.http().delete(&one).await?;
    assert_eq!((deleted.status.as_u16(), deleted.text()?), (204, ""));
    assert_eq!(refused(&cloud.http().delete(&one).await?)?.0, 404);
    assert_eq!(refused(&cloud.http().get(&one).await?)?.0, 404);
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_conflict_changes_nothing() -> Result<()> {
    let cloud = cloud().await?;
    cloud.register(&tool("taken", "echo")).await?;
    let one = cloud.url("/register/tool-taken");
    let before = cloud.http().get(&one).await?.json()?;

    let mut other = tool("taken", "echo");
    other["description"] = json!("Another one");
    let reply = cloud.http().post(&cloud.url("/register"), &other).await?;
    assert_eq!(refused(&reply)?, (409, "already_registered".to_owned()));
    other["name"] = json!("renamed");
    let reply = cloud.http().put(&one, &other).await?;
    assert_eq!(refused(&reply)?, (400, "id_mismatch".to_owned()));
    let absent = cloud.url("/register/tool-renamed");
    let reply = cloud.http().put(&absent, &other).await?;
    assert_eq!(refused(&reply)?, (404, "not_registered".to_owned()));

    let resource = |name: &str| {
        let mut resource = tool(name, "echo");
        resource["type"] = json!("resource");
        resource["uri"] = json!("test://taken");
        resource
    };
    cloud.register(&resource("first")).await?;
    let reply = cloud
        .http()
        .post(&cloud.url("/register"), &resource("second"))
        .await?;
    assert_eq!(refused(&reply)?, (409, "uri_taken".to_owned()));

    assert_eq!(cloud.http().get(&one).await?.json()?, before);
    let list = cloud.http().get(&cloud.url("/register")).await?.json()?;
    let ids: Vec<_> = list["registrations"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| &one["id"])
        .collect();
    assert_eq!(ids, ["tool-taken", "resource-first"]);
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn what_can_not_be_done_says_so() -> Result<()> {
    let cloud = cloud().await?;
    cloud.register(&tool("a", "echo")).await?;
    let json = "application/json";
    let large = json!({ "description": "x".repeat(300_000) }).to_string();
    let mut seen = String::new();
    for (method, path, content_type, body) in [
        (Method::PATCH, "/register", json, "{}"),
        (Method::DELETE, "/register", json, ""),
        (Method::POST, "/register/tool-a", json, "{}"),
        (Method::OPTIONS, "/register/tool-a", json, ""),
        (Method::POST, "/register", "text/plain", "{}"),
        (
            Method::PUT,
            "/register/tool-a",
            "application/x-www-form-urlencoded",
            "{}",
        ),
        (Method::POST, "/register", json, &large),
        (
            Method::POST,
            "/register",
            json,
            r#"{"name":"b/c","parameters":7,"extra":1}"#,
        ),
        (Method::GET, "/register/tool", json, ""),
        (Method::GET, "/register/tool-..", json, ""),
        (Method::GET, "/register/tool-%F0%9F%94%A5", json, ""),
        (Method::GET, "/register/tool-a/b", json, ""),
        (Method::GET, "/registered", json, ""),
        (Method::GET, "/register?limit=0", json, ""),
        (Method::GET, "/register?type=tools", json, ""),
        (Method::GET, "/register?cursor=invented", json, ""),
    ] {
        let label = format!("{method} {path} {content_type}");
        let request = Request::builder()
            .method(method)
            .uri(cloud.url(path))
            .header("content-type", content_type)
            .body(Bytes::from(body.to_owned()))?;
        let reply = cloud.http().send(request).await?;
        let allow = match reply.header("allow") {
            "" => String::new(),
            allow => format!(" (allow: {allow})"),
        };
        let answer = reply.json()?;
        let error = answer.get("error").unwrap_or(&answer);
        let problems = error.get("problems").map(Value::to_string);
        writeln!(
            seen,
            "{label} -> {}{allow} {} {} {}",
            reply.status.as_u16(),
            error["code"],
            error["message"],
            problems.unwrap_or_default(),
        )?;
    }
    insta::assert_snapshot!(seen);
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn no_page_registers_behind_a_developers_back() -> Result<()> {
    let cloud = cloud().await?;
    let body = tool("planted", "echo").to_string();
    for (origin, status) in [
        ("https://evil.example", 403),
        ("http://localhost:5173", 201),
    ] {
        // As a page can send it without being asked for its permission first.
        let request = Request::post(cloud.url("/register"))
            .header("origin", origin)
            .body(Bytes::from(body.clone()))?;
        let reply = cloud.http().send(request).await?;
        assert_eq!(reply.status, status, "{origin}: {}", reply.text()?);
    }
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn ids_may_be_encoded_and_paths_end_in_a_slash() -> Result<()> {
    let cloud = cloud().await?;
    cloud.register(&tool("a.b-c_d", "echo")).await?;
    for path in [
        "/register/tool-a.b-c_d",
        "/register/tool%2Da%2eb-c_d",
        "/register/tool-a.b-c_d/",
    ] {
        let reply = cloud.http().get(&cloud.url(path)).await?;
        assert_eq!(reply.json()?["name"], "a.b-c_d", "{path}");
    }
    cloud.shutdown().await;
    Ok(())
}
