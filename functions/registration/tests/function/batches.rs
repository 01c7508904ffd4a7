//! `POST /register:batch`: all or nothing.

use crate::support::{Function, resource, tool, tool_of};

async fn batch(function: &Function, operations: &[String]) -> String {
    let body = format!(r#"{{"operations":[{}]}}"#, operations.join(","));
    function.show("POST", "/register:batch", Some(&body)).await
}

fn put(document: &str) -> String {
    format!(r#"{{"op":"put","registration":{document}}}"#)
}

#[tokio::test]
async fn operations_are_answered_in_their_order() {
    let function = Function::start().await;
    for name in ["old", "gone"] {
        function.show("POST", "/register", Some(&tool(name))).await;
    }
    let operations = [
        format!(r#"{{"op":"create","registration":{}}}"#, tool("new")),
        format!(
            r#"{{"op":"replace","registration":{},"ifMatch":"\"1\""}}"#,
            tool("old")
        ),
        put(&resource("r", "test://r")),
        r#"{"op":"delete","id":"tool-gone","ifMatch":"*"}"#.to_owned(),
    ];
    insta::assert_snapshot!("batch_done", batch(&function, &operations).await);
    let changes = function
        .show("GET", "/register/tool-gone/changes?limit=1", None)
        .await;
    assert!(changes.contains(r#""action": "delete""#), "{changes}");
}

#[tokio::test]
async fn a_failing_last_operation_undoes_the_rest() {
    let function = Function::start().await;
    function
        .show("POST", "/register", Some(&resource("r", "test://r")))
        .await;
    function.show("POST", "/register", Some(&tool("a"))).await;
    let before = function.everything().await;
    for (name, last) in [
        (
            "exists",
            vec![format!(r#"{{"op":"create","registration":{}}}"#, tool("a"))],
        ),
        (
            "unknown",
            vec![r#"{"op":"delete","id":"tool-z"}"#.to_owned()],
        ),
        ("uri_taken", vec![put(&resource("s", "test://r"))]),
        (
            "stale",
            vec![
                format!(
                    r#"{{"op":"put","registration":{},"ifMatch":"\"1\""}}"#,
                    tool("a")
                ),
                format!(
                    r#"{{"op":"put","registration":{},"ifMatch":"\"1\""}}"#,
                    tool("z")
                ),
            ],
        ),
        (
            "not_invocable",
            vec![put(&tool_of("m", "missing")), put(&tool_of("d", "denied"))],
        ),
    ] {
        let mut operations = vec![put(&tool("b")), put(&tool("c"))];
        operations.extend(last);
        insta::assert_snapshot!(format!("batch_{name}"), batch(&function, &operations).await);
        assert_eq!(function.everything().await, before, "{name}");
    }
}

#[tokio::test]
async fn every_problem_of_every_operation_is_named() {
    let function = Function::start().await;
    let operations = [
        r#"{"op":"put","registration":{"type":"tool","name":"a/b","lambdaArn":"x"}}"#.to_owned(),
        r#"{"op":"upsert"}"#.to_owned(),
        r#"{"op":"delete","registration":{}}"#.to_owned(),
        r#"{"op":"delete","id":"toool-a"}"#.to_owned(),
        format!(
            r#"{{"op":"put","registration":{},"ifMatch":"12","id":"tool-c"}}"#,
            tool("c")
        ),
        put(&tool("d")),
        r#"{"op":"delete","id":"tool-d"}"#.to_owned(),
        "7".to_owned(),
    ];
    insta::assert_snapshot!("batch_problems", batch(&function, &operations).await);
    for (name, body) in [
        ("empty", r#"{"operations":[]}"#.to_owned()),
        ("missing", "{}".to_owned()),
        (
            "too_many",
            format!(
                r#"{{"operations":[{}]}}"#,
                vec![r#"{"op":"delete","id":"tool-a"}"#; 41].join(",")
            ),
        ),
    ] {
        insta::assert_snapshot!(
            format!("batch_{name}"),
            function.show("POST", "/register:batch", Some(&body)).await
        );
    }
}
