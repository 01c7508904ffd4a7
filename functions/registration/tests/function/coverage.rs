//! Every answer that the description names is given, and a request that is refused changes nothing.

use std::collections::BTreeSet;

use registry::{StoreError, WriteError};

use crate::description;
use crate::store_failures::{Failure, fails_with};
use crate::support::{Function, Sent, resource, tool, tool_of};

/// A request: method, target, headers, body.
type Line = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
    String,
);

const FOREIGN: &[(&str, &str)] = &[("origin", "https://evil.example")];
const FORM: &[(&str, &str)] = &[("content-type", "application/x-www-form-urlencoded")];
const NEW: &[(&str, &str)] = &[("if-none-match", "*")];
const STALE: &[(&str, &str)] = &[("if-match", "\"9999\"")];
const KNOWN: &[(&str, &str)] = &[("if-none-match", "*")];
const MALFORMED: &[(&str, &str)] = &[("if-match", "1"), ("if-none-match", "1")];

/// Longer than a registration may be.
fn large(document: &str) -> String {
    with(document, &format!(r#""title":"{}""#, "x".repeat(300_000)))
}

/// The document with one more member.
fn with(document: &str, member: &str) -> String {
    format!("{},{member}}}", document.trim_end_matches('}'))
}

fn batch(word: &str, document: &str) -> String {
    format!(r#"{{"operations":[{{"op":"{word}","registration":{document}}}]}}"#)
}

fn of_the_list() -> Vec<Line> {
    vec![
        ("POST", "/register", &[], tool("a")),
        ("POST", "/register", &[], resource("r", "test://r")),
        ("POST", "/register", &[], tool("a")),
        ("POST", "/register", &[], "{}".to_owned()),
        ("POST", "/register", &[], large(&tool("b"))),
        ("POST", "/register", FORM, tool("b")),
        ("POST", "/register", FOREIGN, tool("b")),
        ("POST", "/register", &[], tool_of("b", "missing")),
        ("GET", "/register", &[], String::new()),
        ("GET", "/register?limit=0", &[], String::new()),
        ("GET", "/register", KNOWN, String::new()),
        ("GET", "/register", FOREIGN, String::new()),
        ("POST", "/register", &[], resource("s", "test://s")),
        ("GET", "/openapi.json", &[], String::new()),
        ("GET", "/openapi.json", FOREIGN, String::new()),
    ]
}

fn of_one() -> Vec<Line> {
    vec![
        ("GET", "/register/tool-a", &[], String::new()),
        ("GET", "/register/tool-a?include=etag", &[], String::new()),
        ("GET", "/register/tool-a", KNOWN, String::new()),
        ("GET", "/register/tool-a", MALFORMED, String::new()),
        ("GET", "/register/tool-a", FOREIGN, String::new()),
        ("GET", "/register/tool-z", &[], String::new()),
        ("PUT", "/register/tool-a", &[], tool("a")),
        ("PUT", "/register/tool-n", NEW, tool("n")),
        ("PUT", "/register/tool-a", &[], tool("b")),
        ("PUT", "/register/tool-a", FOREIGN, tool("a")),
        ("PUT", "/register/tool-z", &[], tool("z")),
        (
            "PUT",
            "/register/resource-q",
            NEW,
            resource("q", "test://r"),
        ),
        ("PUT", "/register/tool-a", STALE, tool("a")),
        ("PUT", "/register/tool-a", &[], large(&tool("a"))),
        ("PUT", "/register/tool-a", FORM, tool("a")),
        ("PUT", "/register/tool-a", &[], tool_of("a", "denied")),
        (
            "PATCH",
            "/register/tool-a",
            &[],
            r#"{"title":"A"}"#.to_owned(),
        ),
        (
            "PATCH",
            "/register/tool-a",
            &[],
            r#"{"name":"b"}"#.to_owned(),
        ),
        ("PATCH", "/register/tool-a", FOREIGN, "{}".to_owned()),
        ("PATCH", "/register/tool-z", &[], "{}".to_owned()),
        (
            "PATCH",
            "/register/resource-s",
            &[],
            r#"{"uri":"test://r"}"#.to_owned(),
        ),
        ("PATCH", "/register/tool-a", STALE, "{}".to_owned()),
        ("PATCH", "/register/tool-a", &[], large(r#"{"x":1}"#)),
        ("PATCH", "/register/tool-a", FORM, "{}".to_owned()),
        (
            "PATCH",
            "/register/tool-a",
            &[],
            r#"{"lambdaArn":"arn:aws:lambda:us-east-1:123456789012:function:f"}"#.to_owned(),
        ),
        ("GET", "/register/tool-a/changes", &[], String::new()),
        (
            "GET",
            "/register/tool-a/changes?cursor=x",
            &[],
            String::new(),
        ),
        ("GET", "/register/tool-a/changes", FOREIGN, String::new()),
        ("GET", "/register/tool-z/changes", &[], String::new()),
        ("DELETE", "/register/tool-n", STALE, String::new()),
        ("DELETE", "/register/tool-n", &[], String::new()),
        ("DELETE", "/register/tool-n", &[], String::new()),
        ("DELETE", "/register/tool", &[], String::new()),
        ("DELETE", "/register/tool-a", FOREIGN, String::new()),
    ]
}

fn of_many() -> Vec<Line> {
    let stale = batch("put", &tool("a")).replace(r#""op""#, r#""ifMatch":"\"9999\"","op""#);
    let filler = |text: &str, times| format!(r#""_meta":{{"x":"{}"}}"#, text.repeat(times));
    let operations = (0..20).map(|index| {
        let document = with(&tool(&format!("t{index}")), &filler("x", 200_000));
        format!(r#"{{"op":"put","registration":{document}}}"#)
    });
    let too_many = format!(
        r#"{{"operations":[{}]}}"#,
        operations.collect::<Vec<_>>().join(",")
    );
    let much = (0..15).map(|index| with(&tool(&format!("t{index}")), &filler(r#"\""#, 100_000)));
    let much_to_answer = format!("[{}]", much.collect::<Vec<_>>().join(","));
    vec![
        ("POST", "/register:validate", &[], tool("a")),
        ("POST", "/register:validate", &[], "7".to_owned()),
        ("POST", "/register:validate", FOREIGN, tool("a")),
        ("POST", "/register:validate", FORM, tool("a")),
        (
            "POST",
            "/register:validate?include=registration",
            &[],
            much_to_answer,
        ),
        ("POST", "/register:batch", &[], batch("put", &tool("a"))),
        ("POST", "/register:batch", &[], "{}".to_owned()),
        ("POST", "/register:batch", FOREIGN, batch("put", &tool("a"))),
        ("POST", "/register:batch", &[], batch("replace", &tool("z"))),
        ("POST", "/register:batch", &[], batch("create", &tool("a"))),
        ("POST", "/register:batch", &[], stale),
        ("POST", "/register:batch", &[], too_many),
        ("POST", "/register:batch", FORM, batch("put", &tool("a"))),
        (
            "POST",
            "/register:batch",
            &[],
            batch("put", &tool_of("a", "missing")),
        ),
    ]
}

#[tokio::test]
async fn every_described_answer_is_given() {
    let function = Function::start().await;
    let mut given = BTreeSet::new();
    let lines = [of_the_list(), of_one(), of_many()].concat();
    for (method, target, headers, body) in &lines {
        let is_read = *method == "GET";
        let before = function.everything().await;
        let response = function
            .send(Sent {
                method,
                target,
                headers,
                body: (!is_read).then_some(body),
                content_type: (!is_read).then_some("application/json"),
                base64: false,
            })
            .await;
        if !response.status().is_success() {
            assert_eq!(function.everything().await, before, "{method} {target}");
        }
        given.insert(description::answer(
            method,
            target,
            response.status().as_u16(),
        ));
    }
    let failures: [Failure; 2] = [
        || WriteError::Store(StoreError::Throttled("busy".into())),
        || WriteError::Store(StoreError::Unavailable("gone".into())),
    ];
    for failure in failures {
        for (method, target, body) in [
            ("GET", "/register", String::new()),
            ("POST", "/register", tool("a")),
            ("GET", "/register/tool-a", String::new()),
            ("PUT", "/register/tool-a", tool("a")),
            ("PATCH", "/register/tool-a", "{}".to_owned()),
            ("DELETE", "/register/tool-a", String::new()),
            ("GET", "/register/tool-a/changes", String::new()),
            ("POST", "/register:batch", batch("put", &tool("a"))),
        ] {
            let response = fails_with(failure, method, target, &body).await;
            given.insert(description::answer(
                method,
                target,
                response.status().as_u16(),
            ));
        }
    }
    assert_eq!(given, description::described());
}
