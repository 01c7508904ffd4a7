#![expect(
    clippy::needless_pass_by_value,
    reason = "`json!` at the call reads better without a reference"
)]

use super::*;

#[test]
fn methods_have_one_name() {
    for method in [
        QuestionMethod::Elicit,
        QuestionMethod::Sample,
        QuestionMethod::Roots,
    ] {
        assert_eq!(json!(method), method.as_str());
    }
}

fn parsed(answer: Value) -> Result<InputRequired, InvalidQuestion> {
    let Value::Object(answer) = answer else {
        unreachable!("tests give objects")
    };
    InputRequired::parse(answer)
}

fn refused(answer: Value) -> String {
    parsed(answer).unwrap_err().to_string()
}

fn asks(method: &str, params: Value) -> Value {
    json!({ "inputRequests": { "k": { "method": method, "params": params } } })
}

#[test]
fn questions_are_kept_as_they_were_written() {
    let params = json!({ "message": "m", "mode": "form", "requestedSchema": {
        "type": "object", "$comment": "kept",
        "properties": {
            "email": { "type": "string", "format": "email", "minLength": 3, "default": "a@b" },
            "many": { "type": "array", "items": { "anyOf": [{ "const": "a", "title": "A" }] } },
            "one": { "type": "string", "oneOf": [{ "const": "a", "title": "A" }] },
            "old": { "type": "string", "enum": ["a"], "enumNames": ["A"] },
            "n": { "type": "integer", "minimum": 0, "default": 3 },
        },
    } });
    let required = parsed(asks("elicitation/create", params.clone())).unwrap();
    assert_eq!(
        Value::Object(required.questions["k"].params.clone()),
        params
    );
}

#[test]
fn what_can_not_be_asked_is_named() {
    insta::assert_snapshot!(refused(json!({})), @"an input_required answer needs `inputRequests` or `requestState`");
    insta::assert_snapshot!(refused(json!({ "inputRequests": [] })), @"`inputRequests` has to be an object of requests");
    insta::assert_snapshot!(refused(asks("tools/list", json!({}))), @"`inputRequests.k` needs a `method` (elicitation/create, sampling/createMessage or roots/list) and `params`, an object");
    insta::assert_snapshot!(refused(asks("elicitation/create", json!({ "message": "m" }))), @"`inputRequests.k.params` needs `requestedSchema`, an object");
    insta::assert_snapshot!(refused(asks("elicitation/create", json!({ "message": "m", "mode": "fax" }))), @r#"`inputRequests.k.params` needs `mode`, which is "form" or "url""#);
    insta::assert_snapshot!(refused(asks("sampling/createMessage", json!({ "messages": [] }))), @"`inputRequests.k.params` needs `maxTokens`, a number");
}

fn missing(method: &str, params: Value, declared: Value) -> String {
    let questions = parsed(asks(method, params)).unwrap().questions;
    let declared = serde_json::from_value(declared).unwrap();
    match missing_capabilities(&questions, Some(&declared)) {
        Some(missing) => Value::Object(missing).to_string(),
        None => "none".to_owned(),
    }
}

#[test]
fn only_what_was_declared_may_be_asked() {
    let form = || json!({ "message": "m", "requestedSchema": {} });
    let page = || json!({ "message": "m", "mode": "url", "url": "https://x" });
    let sample = || json!({ "messages": [], "maxTokens": 1 });
    let tools =
        || json!({ "messages": [], "maxTokens": 1, "tools": [], "includeContext": "thisServer" });
    assert_eq!(
        missing("elicitation/create", form(), json!({ "elicitation": {} })),
        "none"
    );
    assert_eq!(
        missing(
            "elicitation/create",
            form(),
            json!({ "elicitation": { "url": {} } })
        ),
        r#"{"elicitation":{}}"#
    );
    assert_eq!(
        missing("elicitation/create", page(), json!({ "elicitation": {} })),
        r#"{"elicitation":{"url":{}}}"#
    );
    assert_eq!(
        missing(
            "elicitation/create",
            page(),
            json!({ "elicitation": { "url": {} } })
        ),
        "none"
    );
    assert_eq!(
        missing(
            "sampling/createMessage",
            sample(),
            json!({ "sampling": {} })
        ),
        "none"
    );
    assert_eq!(
        missing("sampling/createMessage", tools(), json!({ "sampling": {} })),
        r#"{"sampling":{"tools":{},"context":{}}}"#
    );
    assert_eq!(
        missing("roots/list", json!({}), json!({})),
        r#"{"roots":{}}"#
    );
    assert_eq!(
        missing("roots/list", json!({}), json!({ "roots": {} })),
        "none"
    );
}
