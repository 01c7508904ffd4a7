//! Two administrators can't overwrite each other unseen.

use lambda_http::http::StatusCode;

use crate::support::{Function, Sent, tool};

#[tokio::test]
async fn a_stale_tag_changes_nothing() {
    let function = Function::start().await;
    function.show("POST", "/register", Some(&tool("a"))).await;
    function
        .show("PUT", "/register/tool-a", Some(&tool("a")))
        .await;
    let before = function.everything().await;
    let stale = [("if-match", "\"1\"")];
    insta::assert_snapshot!(
        "stale_put",
        function
            .show_with("PUT", "/register/tool-a", &stale, Some(&tool("a")))
            .await
    );
    let patch = function
        .show_with(
            "PATCH",
            "/register/tool-a",
            &stale,
            Some(r#"{"title":"A"}"#),
        )
        .await;
    assert!(
        patch.starts_with("412") && patch.contains("etag: \"2\""),
        "{patch}"
    );
    let delete = function
        .show_with("DELETE", "/register/tool-a", &stale, None)
        .await;
    assert!(delete.starts_with("412"), "{delete}");
    // What is not there is at no tag.
    for method in ["PUT", "PATCH", "DELETE"] {
        let answer = function
            .show_with(
                method,
                "/register/tool-b",
                &[("if-match", "*")],
                Some(&tool("b")),
            )
            .await;
        assert!(
            answer.starts_with("412") && !answer.contains("etag:"),
            "{method}: {answer}"
        );
    }
    insta::assert_snapshot!(
        "malformed_condition",
        function
            .show_with("DELETE", "/register/tool-a", &[("if-match", "2")], None)
            .await
    );
    assert_eq!(function.everything().await, before);

    let present = [("if-match", "\"1\", \"2\"")];
    let deleted = function
        .show_with("DELETE", "/register/tool-a", &present, None)
        .await;
    assert!(deleted.starts_with("204"), "{deleted}");
    // Made again, it is another one.
    let again = function.show("POST", "/register", Some(&tool("a"))).await;
    assert!(again.contains("etag: \"4\""), "{again}");
}

#[tokio::test]
async fn put_creates_where_that_is_asked_for() {
    let function = Function::start().await;
    let new = [("if-none-match", "*")];
    let put = async || {
        function
            .show_with("PUT", "/register/tool-a", &new, Some(&tool("a")))
            .await
    };
    let created = put().await;
    assert!(created.starts_with("201"), "{created}");
    assert!(created.contains("location: /register/tool-a"), "{created}");
    let again = put().await;
    assert!(again.starts_with("412"), "{again}");
}

#[tokio::test]
async fn what_a_client_has_is_not_sent_again() {
    let function = Function::start().await;
    let read = async |target: &str, tag: &str| {
        let sent = Sent {
            method: "GET",
            target,
            headers: &[("if-none-match", tag)],
            ..Sent::default()
        };
        function.send(sent).await.status()
    };
    function.show("POST", "/register", Some(&tool("a"))).await;
    function.show("POST", "/register", Some(&tool("b"))).await;
    for (target, tag, expected) in [
        ("/register/tool-a", "\"1\"", StatusCode::NOT_MODIFIED),
        ("/register/tool-a", "W/\"1\"", StatusCode::NOT_MODIFIED),
        ("/register/tool-a", "\"2\"", StatusCode::OK),
        ("/register/tool-a?include=health", "\"1\"", StatusCode::OK),
        ("/register", "\"2\"", StatusCode::NOT_MODIFIED),
        ("/register", "\"1\"", StatusCode::OK),
        ("/register?include=health", "\"2\"", StatusCode::OK),
    ] {
        assert_eq!(read(target, tag).await, expected, "{target} {tag}");
    }
}
