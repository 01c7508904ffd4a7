//! What documents become registrations, and what is said of those that don't.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

use proptest::prelude::*;
use registry::{Completion, Definition, Registration, ResourceLocator};
use serde_json::{Value, json};

const ARN: &str = "arn:aws:lambda:eu-west-1:123456789012:function:f";

/// A document with these fields beside the required ones.
fn document(kind: &str, fields: &str) -> String {
    let comma = if fields.is_empty() { "" } else { "," };
    format!(r#"{{"type":"{kind}","name":"a","lambdaArn":"{ARN}"{comma}{fields}}}"#)
}

fn parsed(kind: &str, fields: &str) -> Registration {
    Registration::parse(document(kind, fields).as_bytes()).unwrap()
}

/// The problems, one a line.
fn problems(kind: &str, fields: &str) -> String {
    match Registration::parse(document(kind, fields).as_bytes()) {
        Ok(_) => "none".to_owned(),
        Err(problems) => problems
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n"),
    }
}

fn all_problems(kind: &str, documents: &[&str]) -> String {
    documents
        .iter()
        .map(|fields| {
            let shown: String = fields.chars().take(160).collect();
            format!("{shown}\n{}", problems(kind, fields))
        })
        .collect::<Vec<_>>()
        .join("\n\n")
}

fn input_schema(fields: &str) -> Value {
    match parsed("tool", fields).definition {
        Definition::Tool(tool) => serde_json::from_str(tool.input_schema.get()).unwrap(),
        _ => panic!("a tool was parsed"),
    }
}

#[test]
fn shorthand_becomes_json_schema() {
    assert_eq!(input_schema(""), json!({"type": "object"}));
    assert_eq!(
        input_schema(r#""parameters":{}"#),
        json!({"type": "object", "properties": {}})
    );
    let schema = input_schema(
        r#""parameters":{
            "input":"string", "count":{"type":"integer","optional":true,"minimum":1,"description":"How many"},
            "tags":{"type":"array","items":"string"},
            "place":{"type":"object","properties":{"city":"string","zip":{"type":"string","optional":true}}},
            "rows":{"type":"array","items":{"type":"object","properties":{"ok":"boolean"}}},
            "mode":{"enum":["a","b"],"default":"a","optional":true}, "type":"string", "properties":"object"
        }"#,
    );
    insta::assert_snapshot!(format!("{schema:#}"));
}

#[test]
fn broken_shorthand_says_where() {
    insta::assert_snapshot!(all_problems(
        "tool",
        &[
            r#""parameters":"string""#,
            r#""parameters":{"a":"text"}"#,
            r#""parameters":{"a":7,"b":{"type":"strin"}}"#,
            r#""parameters":{"a":{"optional":"yes","type":"string"}}"#,
            r#""parameters":{"a":{"type":"object","properties":{"b":{"type":"array","items":"x"}}}}"#,
            r#""parameters":{"a":{"type":"object","properties":{},"required":["b"]}}"#,
            r#""parameters":{"type":"object","properties":{"a":{"type":"string"}}}"#,
            r#""parameters":{"a":{"type":"string","minLength":-1}}"#,
            r#""parameters":{"a":{"$ref":"https://example.org/a.json"}}"#,
            r#""parameters":{"a":"string"},"inputSchema":{"type":"object"}"#,
        ]
    ));
}

#[test]
fn empty_parts_are_absent() {
    let registration = parsed(
        "tool",
        r#""title":"","description":null,"outputSchema":{ },"annotations":{},"icons":[],"_meta":{},"invocation":{}"#,
    );
    assert_eq!(
        registration.to_json().get(),
        parsed("tool", "").to_json().get()
    );
}

#[test]
fn an_id_may_stand_there_if_it_is_right() {
    assert_eq!(problems("tool", r#""id":"tool-a""#), "none");
    insta::assert_snapshot!(all_problems("tool", &[r#""id":"tool-b""#, r#""id":7"#]));
}

#[test]
fn broken_tools() {
    let long = format!(
        r#""title":"{}","description":"{}""#,
        "t".repeat(257),
        "d".repeat(8193)
    );
    insta::assert_snapshot!(all_problems(
        "tool",
        &[
            &long,
            r#""inputShema":{},"completelyUnknown":1,"arguments":[],"completions":{}"#,
            r#""annotations":{"readonlyHint":true,"title":7},"outputSchema":{"type":"array"}"#,
            r#""annotations":[],"icons":{},"_meta":[],"invocation":7,"outputSchema":7"#,
            r#""icons":[{"src":"javascript:alert(1)"},7,{"src":"data:x","sizes":["big"],"theme":"blue","alt":"x"},{}]"#,
            r#""invocation":{"timeoutSeconds":0,"stream":"yes","task":"sometimes","list":true,"retries":3}"#,
            r#""invocation":{"timeoutSeconds":1.5},"contract":null"#,
        ]
    ));
}

#[test]
fn resources_have_a_uri_or_a_template() {
    for (fields, uri, template, list) in [
        (r#""uri":"test://a""#, Some("test://a"), None, false),
        (
            r#""uriTemplate":"test://{a}""#,
            None,
            Some("test://{a}"),
            false,
        ),
        (
            r#""parameters":{"uriTemplate":"test://{a}","mimeType":"text/plain"}"#,
            None,
            Some("test://{a}"),
            true,
        ),
        (
            r#""parameters":{"uriTemplate":"test://{a}"},"invocation":{"list":false}"#,
            None,
            Some("test://{a}"),
            false,
        ),
        (
            r#""parameters":{"uri":"test://a"}"#,
            Some("test://a"),
            None,
            false,
        ),
        (
            r#""uriTemplate":"test://fixed","invocation":{"list":true}"#,
            None,
            Some("test://fixed"),
            true,
        ),
    ] {
        let registration = parsed("resource", fields);
        let Definition::Resource(resource) = registration.definition else {
            panic!("a resource was parsed");
        };
        match resource.locator {
            ResourceLocator::Uri(found) => {
                assert_eq!((Some(found.as_str()), None), (uri, template));
            }
            ResourceLocator::Template(found) => {
                assert_eq!((None, Some(found.as_str())), (uri, template));
            }
        }
        assert_eq!(registration.invocation.list, list, "{fields}");
    }
}

#[test]
fn broken_resources() {
    let long = format!(r#""uri":"test://{}""#, "x".repeat(1024));
    insta::assert_snapshot!(all_problems(
        "resource",
        &[
            "",
            &long,
            r#""uri":"no-scheme""#,
            r#""uri":"test://a b""#,
            r#""uri":"test://{a}""#,
            r#""uri":"test://a","uriTemplate":"test://{a}""#,
            r#""uri":"test://a","parameters":{"uri":"test://b","mimeTyp":"text/plain"}"#,
            r#""uriTemplate":"test://{a","mimeType":"text","size":-1"#,
            r#""uriTemplate":"test://{a}","completions":{"b":["x"],"a":7}"#,
            r#""uri":"test://a","completions":{"a":"function"}"#,
            r#""uri":"test://a","annotations":{"audience":["model"],"priority":2,"lastModified":"yesterday","title":"x"}"#,
            r#""uri":"test://a","contract":"agentcore","invocation":{"task":"optional"},"inputSchema":{"type":"object"}"#,
        ]
    ));
}

#[test]
fn prompts_have_arguments() {
    let listed = parsed(
        "prompt",
        r#""arguments":[{"name":"topic","required":true},{"name":"tone","title":"Tone"}],"completions":{"tone":["a"],"topic":"function"}"#,
    );
    assert_eq!(listed.completions["topic"], Completion::Function);
    assert_eq!(
        listed.completions["tone"],
        Completion::Values(vec!["a".to_owned()])
    );
    let Definition::Prompt(prompt) = listed.definition else {
        panic!("a prompt was parsed");
    };
    let names: Vec<(&str, bool)> = prompt
        .arguments
        .iter()
        .map(|argument| (argument.name.as_str(), argument.required))
        .collect();
    assert_eq!(names, [("topic", true), ("tone", false)]);
}

#[test]
fn broken_prompts() {
    let many: Vec<String> = (0..101).map(|index| format!(r#""{index}""#)).collect();
    let many = format!(
        r#""parameters":{{"a":"string"}},"completions":{{"a":[{}]}}"#,
        many.join(",")
    );
    insta::assert_snapshot!(all_problems(
        "prompt",
        &[
            r#""arguments":{"a":"string"}"#,
            r#""arguments":[{"name":"a"},{"name":"a"},{"title":"x"},7,{"name":"b","type":"string"}]"#,
            r#""arguments":[],"parameters":{}"#,
            r#""parameters":{"a":"text","b":{"optional":1,"enum":[]},"":"string"}"#,
            r#""arguments":[{"name":"a"}],"completions":{"b":["x"]}"#,
            &many,
            r#""annotations":{},"uri":"test://a""#,
        ]
    ));
}

#[test]
fn a_document_that_is_too_large_or_too_deep_is_one_problem() {
    let large = document(
        "tool",
        &format!(
            r#""_meta":{{"x":"{}"}}"#,
            "x".repeat(Registration::MAX_BYTES)
        ),
    );
    let problems = Registration::parse(large.as_bytes()).unwrap_err();
    assert_eq!(problems.len(), 1);
    assert!(problems.to_string().starts_with("the document has 262"));
    for open in ["[", r#"{"a":"#] {
        let deep = document("tool", &format!(r#""_meta":{}"#, open.repeat(10_000)));
        let problems = Registration::parse(deep.as_bytes()).unwrap_err();
        assert_eq!(
            problems.to_string(),
            "the document nests deeper than 128: flatten it"
        );
    }
    // Brackets in strings don't nest.
    let brackets = format!(r#""description":"{}\"""#, "[".repeat(1000));
    assert_eq!(self::problems("tool", &brackets), "none");
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
        prop::sample::select(vec![
            "string",
            "object",
            "function",
            "test://{a}",
            "https://x"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key(), inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn key() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "type",
        "name",
        "properties",
        "items",
        "optional",
        "enum",
        "$ref",
        "uri",
        "uriTemplate",
        "src",
        "a",
        "required",
    ])
    .prop_map(ToOwned::to_owned)
}

fn field() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "title",
        "description",
        "parameters",
        "inputSchema",
        "outputSchema",
        "annotations",
        "icons",
        "_meta",
        "contract",
        "invocation",
        "uri",
        "uriTemplate",
        "mimeType",
        "size",
        "arguments",
        "completions",
    ])
    .prop_map(ToOwned::to_owned)
}

proptest! {
    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = Registration::parse(&bytes);
    }

    #[test]
    fn any_fields_are_answered_and_what_passes_reads_back(
        kind in prop::sample::select(vec!["tool", "resource", "prompt"]),
        fields in prop::collection::vec((field(), json_value()), 0..4),
    ) {
        let mut document = json!({"type": kind, "name": "a", "lambdaArn": ARN});
        document.as_object_mut().unwrap().extend(fields);
        match Registration::parse(document.to_string().as_bytes()) {
            Ok(registration) => {
                let normalised = registration.to_json();
                let again = Registration::parse(normalised.get().as_bytes()).unwrap();
                let again = again.to_json();
                prop_assert_eq!(again.get(), normalised.get());
            }
            Err(problems) => prop_assert!(!problems.is_empty()),
        }
    }

    #[test]
    fn shorthand_always_gives_a_schema_that_is_accepted(parameters in prop::collection::vec(
        ("[a-z]{1,5}", prop::sample::select(vec!["string", "number", "boolean", "integer", "object", "array", "null"])), 0..6,
    )) {
        let parameters: serde_json::Map<String, Value> =
            parameters.into_iter().map(|(name, kind)| (name, json!(kind))).collect();
        let fields = format!(r#""parameters":{}"#, Value::Object(parameters.clone()));
        let schema = input_schema(&fields);
        let required = schema["required"].as_array().map_or(0, Vec::len);
        prop_assert_eq!(required, parameters.len());
    }
}
