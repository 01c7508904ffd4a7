//! `POST /register:validate`: all that is wrong, and nothing written.

use crate::support::{Function, resource, tool, tool_of};

#[tokio::test]
async fn every_document_gets_its_verdict() {
    let function = Function::start().await;
    let documents = [
        tool("a"),
        r#"{"type":"tool","name":"b","titel":"B"}"#.to_owned(),
        r#"{"name":"nothing else"}"#.to_owned(),
        tool("a"),
        resource("r", "test://r"),
        resource("s", "test://r"),
        tool_of("m", "missing"),
        tool_of("m2", "missing").replace('}', r#","enabled":false}"#),
        "7".to_owned(),
    ];
    let body = format!(r#"{{"registrations":[{}]}}"#, documents.join(","));
    insta::assert_snapshot!(
        "verdicts",
        function
            .show("POST", "/register:validate", Some(&body))
            .await
    );
    let list = function.show("GET", "/register", None).await;
    assert!(list.contains("etag: \"0\""), "{list}");
}

#[tokio::test]
async fn one_an_array_and_an_object_are_taken() {
    let function = Function::start().await;
    let validate = async |query: &str, body: &str| {
        let target = format!("/register:validate{query}");
        function.show("POST", &target, Some(body)).await
    };
    let example = tool("a").replace('}', r#","parameters":{"input":"string"}}"#);
    insta::assert_snapshot!(
        "normalised",
        validate("?include=registration", &example).await
    );
    let array = format!("[{},{}]", tool("a"), tool_of("b", "missing"));
    let unasked = validate("?health=false", &array).await;
    assert!(
        unasked.contains(r#""valid": true,"#) && !unasked.contains("health"),
        "{unasked}"
    );
    let none = validate("", "[]").await;
    assert!(none.contains(r#""results": []"#), "{none}");
    for (name, body) in [
        ("no_json", "{".to_owned()),
        (
            "unknown_field",
            r#"{"registrations":[],"more":1}"#.to_owned(),
        ),
        ("no_array", r#"{"registrations":{}}"#.to_owned()),
        ("too_many", format!("[{}]", vec!["1"; 1001].join(","))),
    ] {
        insta::assert_snapshot!(format!("validate_{name}"), validate("", &body).await);
    }
}
