//! `PATCH`: parts of a registration, as JSON Merge Patch has it.

use lambda_http::http::StatusCode;

use crate::support::{Function, Sent, body, tool};

#[tokio::test]
async fn a_patch_changes_what_it_names() {
    let function = Function::start().await;
    let document = tool("a").replace(
        '}',
        r#","title":"A","description":"Text","inputSchema":{"type":"object","properties":{"n":{"type":"number","maximum":1.10}}}}"#,
    );
    function.show("POST", "/register", Some(&document)).await;
    let sent = Sent {
        method: "PATCH",
        target: "/register/tool-a",
        body: Some(
            r#"{"title":null,"enabled":false,"inputSchema":{"properties":{"m":{"type":"string"}}}}"#,
        ),
        content_type: Some("application/merge-patch+json"),
        ..Sent::default()
    };
    let response = function.send(sent).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["etag"], "\"2\"");
    let lambda_http::Body::Text(text) = response.body() else {
        panic!("documents are texts");
    };
    insta::assert_snapshot!(text);
    let read = function.show("GET", "/register/tool-a", None).await;
    assert!(read.contains(r#""enabled": false"#), "{read}");
    let back = function
        .show("PATCH", "/register/tool-a", Some(r#"{"enabled":true}"#))
        .await;
    assert!(!back.contains("enabled"), "{back}");
}

#[tokio::test]
async fn a_patch_that_can_not_be_applied_changes_nothing() {
    let function = Function::start().await;
    function.show("POST", "/register", Some(&tool("a"))).await;
    let before = function.everything().await;
    for (name, patch) in [
        ("rename", r#"{"name":"b"}"#),
        ("another_type", r#"{"type":"prompt","inputSchema":null}"#),
        (
            "broken",
            r#"{"titel":"A","invocation":{"timeoutSeconds":0}}"#,
        ),
        ("no_object", "[]"),
        ("no_json", "{"),
    ] {
        insta::assert_snapshot!(
            format!("patch_{name}"),
            function
                .show("PATCH", "/register/tool-a", Some(patch))
                .await
        );
    }
    assert_eq!(function.everything().await, before);
}

#[tokio::test]
async fn patches_without_a_condition_lose_none_of_each_other() {
    let function = &Function::start().await;
    function.show("POST", "/register", Some(&tool("a"))).await;
    // Each is read, merged and written while the others are too.
    let patches = (0..6).map(async |index: usize| {
        let patch = format!(r#"{{"_meta":{{"k{index}":{index}}}}}"#);
        loop {
            let sent = Sent {
                method: "PATCH",
                target: "/register/tool-a",
                body: Some(&patch),
                content_type: Some("application/json"),
                ..Sent::default()
            };
            match function.send(sent).await.status() {
                StatusCode::OK => break,
                status => assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE),
            }
        }
    });
    futures_util::future::join_all(patches).await;
    let sent = Sent {
        method: "GET",
        target: "/register/tool-a",
        ..Sent::default()
    };
    let response = function.send(sent).await;
    assert_eq!(response.headers()["etag"], "\"7\"");
    let meta = &body(&response)["_meta"];
    assert_eq!(meta.as_object().unwrap().len(), 6, "{meta}");
}
