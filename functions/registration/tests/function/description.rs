//! The description of the API is that of the handlers: every answer of every test is held against it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock, Mutex};

use jsonschema::Validator;
use lambda_http::{Body, Response};
use registry::Registration;
use serde_json::{Value, json};

static DESCRIPTION: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../openapi.json")).unwrap());

/// The validators of the schemas that were needed so far, by the JSON pointer that each schema stands at.
static VALIDATORS: LazyLock<Mutex<BTreeMap<String, Arc<Validator>>>> =
    LazyLock::new(Mutex::default);

fn validator(pointer: &str) -> Arc<Validator> {
    let mut validators = VALIDATORS.lock().unwrap();
    let validator = validators.entry(pointer.to_owned()).or_insert_with(|| {
        let mut schema = DESCRIPTION.pointer(pointer).unwrap().clone();
        // What references lead to.
        schema["components"] = DESCRIPTION["components"].clone();
        Arc::new(jsonschema::draft202012::new(&schema).unwrap())
    });
    Arc::clone(validator)
}

/// The part of the description at a place, and its place once references are followed.
fn follow(pointer: String) -> (String, &'static Value) {
    let value = DESCRIPTION.pointer(&pointer).unwrap();
    match value["$ref"].as_str() {
        Some(reference) => follow(reference.trim_start_matches('#').to_owned()),
        None => (pointer, value),
    }
}

/// The path of the description that a target is of.
fn path_of(target: &str) -> Option<&'static str> {
    let path = target.split('?').next().unwrap_or_default();
    let path = path.strip_suffix('/').unwrap_or(path);
    match path {
        "/register" => Some("/register"),
        "/register:validate" => Some("/register:validate"),
        "/register:batch" => Some("/register:batch"),
        "/openapi.json" => Some("/openapi.json"),
        path if path.ends_with("/changes") => Some("/register/{id}/changes"),
        path if path.starts_with("/register/") => Some("/register/{id}"),
        _ => None,
    }
}

/// Panics unless the description allows this answer. What is no operation of it, a wrong path or method, is not its
/// business.
pub(crate) fn check(method: &str, target: &str, response: &Response<Body>) {
    let Some(path) = path_of(target) else {
        assert_eq!(response.status(), 404, "{method} {target}");
        return;
    };
    let method = method.to_lowercase();
    let operation = format!("/paths/{}/{method}", path.replace('/', "~1"));
    if DESCRIPTION.pointer(&operation).is_none() {
        assert_eq!(response.status(), 405, "{method} {target}");
        return;
    }
    let status = response.status().as_u16();
    let place = format!("{operation}/responses/{status}");
    assert!(
        DESCRIPTION.pointer(&place).is_some(),
        "{method} {target}: {status} is not described: {:?}",
        response.body()
    );
    let (place, described) = follow(place);
    check_headers(&place, described, response);
    match (response.body(), described.get("content")) {
        (Body::Empty, None) => {}
        (Body::Text(text), Some(content)) => {
            let media_type = response.headers()["content-type"].to_str().unwrap();
            assert!(content.get(media_type).is_some(), "{media_type}");
            let schema = format!("{place}/content/{}/schema", media_type.replace('/', "~1"));
            let document: Value = serde_json::from_str(text).unwrap();
            if let Err(error) = validator(&schema).validate(&document) {
                panic!("{method} {target}: {status}: {error}\n{document:#}");
            }
        }
        (body, _) => panic!("{method} {target}: {status}: {body:?}"),
    }
}

fn check_headers(place: &str, described: &'static Value, response: &Response<Body>) {
    let names = described["headers"].as_object().into_iter().flatten();
    for (name, _) in names {
        let (header, described) = follow(format!("{place}/headers/{name}"));
        match response.headers().get(name) {
            Some(value) => {
                let value = json!(value.to_str().unwrap());
                assert!(
                    validator(&format!("{header}/schema")).is_valid(&value),
                    "{name}: {value}"
                );
            }
            None => assert_ne!(described["required"], true, "{place}: {name} is missing"),
        }
    }
}

#[test]
fn documents_that_are_taken_are_described() {
    let schema = validator("/components/schemas/Registration");
    let taken = [
        include_str!("../fixtures/full-tool.json"),
        include_str!("../fixtures/full-resource.json"),
        include_str!("../fixtures/full-prompt.json"),
        include_str!("../../../sample/registrations/hello.json"),
        include_str!("../../../sample/registrations/hello-text.json"),
        include_str!("../../../sample/registrations/greet.json"),
    ];
    for document in taken {
        let registration = Registration::parse(document.as_bytes()).unwrap();
        for document in [document, registration.to_json().get()] {
            let document: Value = serde_json::from_str(document).unwrap();
            if let Err(error) = schema.validate(&document) {
                panic!("{error}\n{document:#}");
            }
        }
    }
}

#[test]
fn every_field_is_described_as_it_is_read() {
    let schema = validator("/components/schemas/Registration");
    let tool = json!({ "type": "tool", "name": "a", "lambdaArn": crate::support::ARN });
    let with = |changes: Value| {
        let mut document = tool.clone();
        let (document_members, changes) = (document.as_object_mut(), changes);
        let members = document_members.unwrap();
        for (name, value) in changes.as_object().unwrap() {
            members.insert(name.clone(), value.clone());
        }
        document
    };
    for changes in [
        json!({}),
        json!({ "enabled": false }),
        json!({ "enabled": "no" }),
        json!({ "type": "tools" }),
        json!({ "name": "a..b" }),
        json!({ "name": "a." }),
        json!({ "name": ".a" }),
        json!({ "name": "a.b-c_D.9" }),
        json!({ "name": "n".repeat(129) }),
        json!({ "lambdaArn": "arn:aws:lambda:region:account:function:name" }),
        json!({ "lambdaArn": "arn:aws:lambda:eu-west-1:1:function:f" }),
        json!({ "lambdaArn": "arn:aws-cn:lambda:cn-north-1:123456789012:function:f:$LATEST" }),
        json!({ "titel": "misspelt" }),
        json!({ "title": "t".repeat(257) }),
        json!({ "uri": "test://x" }),
        json!({ "contract": "rest" }),
        json!({ "invocation": { "timeoutSeconds": 901 } }),
        json!({ "invocation": { "timeoutSeconds": 900, "task": "function" } }),
        json!({ "invocation": { "list": true } }),
        json!({ "icons": [{ "src": "javascript:alert(1)" }] }),
        json!({ "icons": [{ "src": "https://example.org/a.png", "sizes": ["48x48", "any"] }] }),
        json!({ "annotations": { "readOnlyHint": 1 } }),
        json!({ "type": "resource" }),
        json!({ "type": "resource", "uri": "test://x", "size": 1 }),
        json!({ "type": "resource", "uri": "test://x", "annotations": { "priority": 2 } }),
        json!({ "type": "resource", "uri": "test://x", "invocation": { "task": "optional" } }),
        json!({ "type": "prompt", "arguments": [{ "name": "a", "required": true }] }),
        json!({ "type": "prompt", "arguments": [{ "title": "a" }] }),
        json!({ "type": "prompt", "contract": "agentcore" }),
        json!({ "type": "prompt", "inputSchema": {} }),
    ] {
        let document = with(changes.clone());
        let is_taken = Registration::parse(document.to_string().as_bytes()).is_ok();
        // A resource needs a URI or a template, which a schema of its fields one by one does not say.
        let is_only_incomplete = changes == json!({ "type": "resource" });
        assert_eq!(
            schema.is_valid(&document),
            is_taken || is_only_incomplete,
            "{changes}"
        );
    }
}

/// An answer, as the description knows it.
pub(crate) fn answer(method: &str, target: &str, status: u16) -> String {
    format!("{method} {} {status}", path_of(target).unwrap())
}

/// Every answer that the description names.
pub(crate) fn described() -> BTreeSet<String> {
    let mut answers = BTreeSet::new();
    for (path, operations) in DESCRIPTION["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            for status in operation["responses"].as_object().into_iter().flatten() {
                answers.insert(format!("{} {path} {}", method.to_uppercase(), status.0));
            }
        }
    }
    answers
}
