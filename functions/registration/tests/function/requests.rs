//! What administrators see: every route, every status, whole answers.

use crate::support::{Function, Sent, body, resource, shown, tool};
use lambda_http::http::StatusCode;

/// The body of the `POST` in the first README of the project, as printed there.
const README_EXAMPLE: &str = r#"{
    "type": "tool",
    "name": "example",
    "description": "Example tool",
    "lambdaArn": "arn:aws:lambda:region:account:function:name",
    "parameters": {
      "input": "string"
    }
  }"#;

#[tokio::test]
async fn the_readme_example_can_be_registered_read_changed_and_deleted() {
    let function = Function::start().await;
    insta::assert_snapshot!(
        "post_readme_example",
        function
            .show("POST", "/register", Some(README_EXAMPLE))
            .await
    );
    insta::assert_snapshot!(
        "get_readme_example",
        function.show("GET", "/register/tool-example", None).await
    );
    insta::assert_snapshot!(
        "list_readme_example",
        function.show("GET", "/register", None).await
    );
    let changed = README_EXAMPLE.replace("Example tool", "Changed");
    insta::assert_snapshot!(
        "put_readme_example",
        function
            .show("PUT", "/register/tool-example", Some(&changed))
            .await
    );
    insta::assert_snapshot!(
        "delete_readme_example",
        function
            .show("DELETE", "/register/tool-example", None)
            .await
    );
    insta::assert_snapshot!(
        "get_deleted",
        function.show("GET", "/register/tool-example", None).await
    );
}

#[tokio::test]
async fn every_field_comes_back() {
    let function = Function::start().await;
    for (name, document) in [
        ("tool", include_str!("../fixtures/full-tool.json")),
        ("resource", include_str!("../fixtures/full-resource.json")),
        ("prompt", include_str!("../fixtures/full-prompt.json")),
    ] {
        let answer = function.show("POST", "/register", Some(document)).await;
        insta::assert_snapshot!(format!("full_{name}"), answer);
        // What was answered can be sent back.
        let read = Sent {
            method: "GET",
            target: &format!("/register/{name}-full"),
            ..Sent::default()
        };
        let read = body(&function.send(read).await).to_string();
        let put = function
            .show("PUT", &format!("/register/{name}-full"), Some(&read))
            .await;
        assert_eq!(
            put.lines()
                .skip_while(|line| !line.is_empty())
                .collect::<Vec<_>>(),
            answer
                .lines()
                .skip_while(|line| !line.is_empty())
                .collect::<Vec<_>>()
        );
    }
}

#[tokio::test]
async fn a_second_post_changes_nothing() {
    let function = Function::start().await;
    function
        .show("POST", "/register", Some(README_EXAMPLE))
        .await;
    let other = README_EXAMPLE.replace("Example tool", "Other");
    insta::assert_snapshot!(
        "conflict_id",
        function.show("POST", "/register", Some(&other)).await
    );
    let first = resource("first", "test://x");
    function.show("POST", "/register", Some(&first)).await;
    let second = resource("second", "test://x");
    insta::assert_snapshot!(
        "conflict_uri",
        function.show("POST", "/register", Some(&second)).await
    );
    let list = function.show("GET", "/register", None).await;
    assert!(list.contains("Example tool") && list.contains("resource-first"));
    assert!(!list.contains("Other") && !list.contains("resource-second"));
}

#[tokio::test]
async fn every_problem_is_listed_and_nothing_is_written() {
    let function = Function::start().await;
    let broken = r#"{
        "type": "tool", "name": "../x", "titel": "Misspelt", "lambdaArn": "name",
        "inputSchema": {"type": "object", "properties": {"a": {"$ref": "https://example.org/a.json"}}},
        "annotations": {"readOnlyHint": "yes"}, "icons": [{"src": "http://example.org/x.png"}],
        "contract": "rest", "invocation": {"timeoutSeconds": 901}, "uri": "test://x"
    }"#;
    insta::assert_snapshot!(
        "every_problem",
        function.show("POST", "/register", Some(broken)).await
    );
    let list = function.show("GET", "/register", None).await;
    assert!(list.contains(r#""registrations": []"#), "{list}");
}

#[tokio::test]
async fn bodies_that_are_no_registrations_are_refused() {
    let function = Function::start().await;
    for (name, body) in [
        ("empty", String::new()),
        ("truncated", r#"{"type":"tool","name":"#.to_owned()),
        ("array", "[1,2]".to_owned()),
        (
            "wrong_types",
            r#"{"type":7,"name":[],"lambdaArn":{}}"#.to_owned(),
        ),
        ("ten_thousand_deep", "[".repeat(10_000)),
        (
            "twice",
            r#"{"type":"tool","type":"prompt","name":"a"}"#.to_owned(),
        ),
    ] {
        insta::assert_snapshot!(
            format!("refused_{name}"),
            function.show("POST", "/register", Some(&body)).await
        );
    }
    for name in ["a/b", "a..b", "🔥", &"n".repeat(129), "-a", ""] {
        let answer = function.show("POST", "/register", Some(&tool(name))).await;
        assert!(answer.starts_with("400"), "{answer}");
        assert!(answer.contains(r#""field": "name""#), "{answer}");
    }
}

#[tokio::test]
async fn other_statuses() {
    let function = Function::start().await;
    function.show("POST", "/register", Some(&tool("a"))).await;
    for (name, method, target, sent) in [
        ("no_such_path", "GET", "/", None),
        ("method_of_list", "DELETE", "/register", None),
        ("method_of_id", "POST", "/register/tool-a", Some(tool("a"))),
        ("invalid_id", "GET", "/register/tool-%2Fetc", None),
        ("put_unknown", "PUT", "/register/tool-b", Some(tool("b"))),
        ("put_other_id", "PUT", "/register/tool-a", Some(tool("b"))),
        ("delete_unknown", "DELETE", "/register/tool-b", None),
        ("bad_cursor", "GET", "/register?cursor=abc", None),
        ("bad_limit", "GET", "/register?limit=0", None),
        ("bad_type", "GET", "/register?type=toool", None),
    ] {
        insta::assert_snapshot!(name, function.show(method, target, sent.as_deref()).await);
    }
    let too_large = tool("b").replace(
        '}',
        &format!(r#","description":"{}"}}"#, "x".repeat(300_000)),
    );
    insta::assert_snapshot!(
        "too_large",
        function.show("POST", "/register", Some(&too_large)).await
    );
}

#[tokio::test]
async fn the_content_type_matters_and_base64_does_not() {
    let function = Function::start().await;
    let document = tool("a");
    let form = Sent {
        method: "POST",
        target: "/register",
        body: Some(&document),
        content_type: Some("application/x-www-form-urlencoded"),
        ..Sent::default()
    };
    insta::assert_snapshot!("form", shown(&function.send(form).await));
    // {"type":"tool","name":"b64","lambdaArn":"arn:aws:lambda:eu-west-1:123456789012:function:f"}
    let encoded = "eyJ0eXBlIjoidG9vbCIsIm5hbWUiOiJiNjQiLCJsYW1iZGFBcm4iOiJhcm46YXdzOmxhbWJkYTpldS13ZXN0LTE6MTIzNDU2Nzg5MDEyOmZ1bmN0aW9uOmYifQ==";
    for (content_type, body, base64) in [
        (None, document.as_str(), false),
        (Some("application/json"), encoded, true),
    ] {
        let sent = Sent {
            method: "POST",
            target: "/register/",
            body: Some(body),
            content_type,
            base64,
            ..Sent::default()
        };
        assert_eq!(function.send(sent).await.status(), StatusCode::CREATED);
    }
}

#[tokio::test]
async fn failures_of_its_own_hold_no_internals() {
    let function = Function::start().await;
    function.put_raw("tool", "broken").await;
    insta::assert_snapshot!(
        "corrupt",
        function.show("GET", "/register/tool-broken", None).await
    );
    insta::assert_snapshot!(
        "unavailable",
        function
            .without_table()
            .show("GET", "/register", None)
            .await
    );
}
