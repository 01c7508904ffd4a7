//! A function that could not be called is not registered unseen.

use crate::support::{Function, tool, tool_of};

#[tokio::test]
async fn what_would_fail_at_a_call_is_refused_unless_forced() {
    let function = Function::start().await;
    for of in ["missing:live", "denied"] {
        let name = of.split(':').next().unwrap();
        let document = tool_of("a", of);
        insta::assert_snapshot!(
            format!("not_invocable_{name}"),
            function.show("POST", "/register", Some(&document)).await
        );
    }
    // Across accounts, and where Lambda does not answer, a refusal says nothing.
    for document in [
        tool_of("u", "unclear"),
        tool_of("x", "denied").replace("123456789012", "999999999999"),
        tool("p").replace("eu-west-1:123456789012", "region:account"),
    ] {
        let answer = function.show("POST", "/register", Some(&document)).await;
        assert!(answer.starts_with("201"), "{answer}");
    }
    let document = tool_of("a", "missing");
    let forced = function
        .show("POST", "/register?force=true", Some(&document))
        .await;
    assert!(forced.starts_with("201"), "{forced}");
    for (method, body) in [("PUT", document.as_str()), ("PATCH", r#"{"title":"A"}"#)] {
        let refused = function.show(method, "/register/tool-a", Some(body)).await;
        assert!(refused.starts_with("422"), "{method}: {refused}");
        let forced = function
            .show(method, "/register/tool-a?force=true", Some(body))
            .await;
        assert!(forced.starts_with("200"), "{method}: {forced}");
    }
    // What can't be called can still be taken from clients, and deleted.
    let disabled = function
        .show("PATCH", "/register/tool-a", Some(r#"{"enabled":false}"#))
        .await;
    assert!(disabled.starts_with("200"), "{disabled}");
    let odd = function
        .show("POST", "/register?force=yes", Some(&document))
        .await;
    assert!(
        odd.starts_with("400") && odd.contains("invalid_query"),
        "{odd}"
    );
}
