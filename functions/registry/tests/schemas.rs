//! What schemas may be registered, and how values are checked against them.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

use registry::schema::ArgumentSchema;
use registry::{Definition, Registration};
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// The problems of a tool with this input schema, one a line.
fn problems(schema: &str) -> String {
    let body = format!(
        r#"{{"type":"tool","name":"a","lambdaArn":"arn:aws:lambda:eu-west-1:123456789012:function:f","inputSchema":{schema}}}"#
    );
    match Registration::parse(body.as_bytes()) {
        Ok(registration) => {
            let Definition::Tool(tool) = &registration.definition else {
                panic!("a tool was parsed");
            };
            // Kept byte for byte.
            assert_eq!(tool.input_schema.get(), schema);
            "none".to_owned()
        }
        Err(problems) => problems
            .iter()
            .map(|problem| format!("{}: {}", problem.field, problem.message))
            .collect::<Vec<_>>()
            .join("\n"),
    }
}

fn compiled(schema: &Value) -> ArgumentSchema {
    ArgumentSchema::compile(&RawValue::from_string(schema.to_string()).unwrap()).unwrap()
}

/// The violations of a value, one a line.
fn violations(schema: &Value, value: &Value) -> String {
    match compiled(schema).check(value) {
        Ok(()) => "none".to_owned(),
        Err(violations) => violations
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n"),
    }
}

#[test]
fn sound_schemas_pass() {
    for schema in [
        r#"{"type":"object"}"#,
        r#"{ "type" : "object", "properties": {"a": {"type": "number", "minimum": 1.0e0}} }"#,
        r##"{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","$defs":{"a":{"$anchor":"x","type":"string"}},
            "properties":{"p":{"$ref":"#/$defs/a"},"q":{"$ref":"#x"}},"allOf":[{"anyOf":[{"required":["p"]}]}],
            "if":{"required":["p"]},"then":{"required":["q"]},"else":{},"additionalProperties":false}"##,
        r#"{"type":"object","$defs":{"a":{"$id":"https://example.org/a","type":"string"}},"properties":{"p":{"$ref":"https://example.org/a"}}}"#,
        r##"{"type":"object","properties":{"child":{"$ref":"#"}}}"##,
        r#"{"type":"object","properties":{"a":{"type":"string","pattern":"^(?=.*x)[a-z]+$"}}}"#,
        r#"{"type":"object","properties":{"a":{"type":"object","properties":{"b":{"type":"boolean","x-mcp-header":"B"}}},"c":{"type":"integer","x-mcp-header":"C"}}}"#,
        r##"{"type":"object","$ref":"#"}"##,
        r##"{"type":"object","$defs":{"a":{"allOf":[{"$ref":"#/$defs/b"}]},"b":{"not":{"$ref":"#/$defs/a"}}},"anyOf":[{"$ref":"#/$defs/a"}]}"##,
        r#"{"type":"object","default":{"x-mcp-header":1,"$ref":"https://example.org"}}"#,
    ] {
        assert_eq!(problems(schema), "none", "{schema}");
    }
}

#[test]
fn broken_schemas_say_where_and_why() {
    let deep = format!(
        r#"{{"type":"object","properties":{}{{}}{}}}"#,
        r#"{"a":{"properties":"#.repeat(33),
        "}}".repeat(33)
    );
    let many: Vec<String> = (0..1000)
        .map(|index| format!(r#""p{index}":{{}}"#))
        .collect();
    let many = format!(r#"{{"type":"object","properties":{{{}}}}}"#, many.join(","));
    let long = format!(
        r#"{{"type":"object","description":"{}"}}"#,
        "x".repeat(70_000)
    );
    let doubling: Vec<String> = (0..40)
        .map(|index| {
            format!(
                r##""a{index}":{{"allOf":[{{"$ref":"#/$defs/a{0}"}},{{"$ref":"#/$defs/a{0}"}}]}}"##,
                index + 1
            )
        })
        .collect();
    let doubling = format!(
        r##"{{"type":"object","$defs":{{{},"a40":{{}}}},"$ref":"#/$defs/a0"}}"##,
        doubling.join(",")
    );
    let schemas = [
        "true",
        "7",
        "{}",
        r#"{"type":"array"}"#,
        r#"{"type":"object","$schema":"http://json-schema.org/draft-07/schema#"}"#,
        r#"{"type":"object","properties":{"a":{"$ref":"https://example.org/a.json"}}}"#,
        r#"{"type":"object","properties":{"a":{"$dynamicRef":"file:///etc/passwd#x"}}}"#,
        r##"{"type":"object","properties":{"a":{"$ref":"#/$defs/nowhere"}}}"##,
        r#"{"type":"object","properties":{"a":{"$ref":"a.json"}}}"#,
        r#"{"type":"object","properties":{"a":{"type":"strin"}}}"#,
        r#"{"type":"object","properties":{"a":{"minLength":-1}}}"#,
        r#"{"type":"object","properties":[]}"#,
        r#"{"type":"object","properties":{"a":{"pattern":"("}}}"#,
        r#"{"type":"object","patternProperties":{"[":{}}}"#,
        r#"{"type":"object","properties":{"a":{"pattern":"(a{1000}){1000}"}}}"#,
        &doubling,
        &deep,
        &many,
        &long,
    ];
    let all: Vec<String> = schemas
        .iter()
        .map(|schema| {
            let shown: String = schema.chars().take(120).collect();
            format!("{shown}\n{}", problems(schema))
        })
        .collect();
    insta::assert_snapshot!(all.join("\n\n"));
}

#[test]
fn x_mcp_header_stands_where_clients_accept_it() {
    let schemas = [
        r#"{"type":"object","x-mcp-header":"Root"}"#,
        r#"{"type":"object","properties":{"a":{"type":"number","x-mcp-header":"A"}}}"#,
        r#"{"type":"object","properties":{"a":{"x-mcp-header":"A"}}}"#,
        r#"{"type":"object","properties":{"a":{"type":["string","null"],"x-mcp-header":"A"}}}"#,
        r#"{"type":"object","properties":{"a":{"type":"string","x-mcp-header":""}}}"#,
        r#"{"type":"object","properties":{"a":{"type":"string","x-mcp-header":"a b"}}}"#,
        r#"{"type":"object","properties":{"a":{"type":"string","x-mcp-header":7}}}"#,
        r#"{"type":"object","properties":{"a":{"type":"string","x-mcp-header":"Same"},"b":{"type":"string","x-mcp-header":"same"}}}"#,
        r#"{"type":"object","properties":{"a":{"type":"array","items":{"type":"string","x-mcp-header":"A"}}}}"#,
        r#"{"type":"object","$defs":{"a":{"type":"string","x-mcp-header":"A"}}}"#,
        r#"{"type":"object","anyOf":[{"properties":{"a":{"type":"string","x-mcp-header":"A"}}}]}"#,
        r#"{"type":"object","x-own":{"type":"string","x-mcp-header":"A"}}"#,
    ];
    let all: Vec<String> = schemas
        .iter()
        .map(|schema| format!("{schema}\n{}", problems(schema)))
        .collect();
    insta::assert_snapshot!(all.join("\n\n"));
}

#[test]
fn violations_name_the_rule_and_never_the_value() {
    let schema = json!({
        "type": "object",
        "properties": {
            "type": {"type": "string"}, "types": {"type": ["string", "null"]}, "enum": {"enum": ["a", "b"]},
            "const": {"const": 1}, "min": {"minimum": 5}, "max": {"exclusiveMaximum": 5}, "step": {"multipleOf": 2},
            "short": {"minLength": 20}, "long": {"maxLength": 3}, "pattern": {"pattern": "^[0-9]+$"},
            "items": {"items": {"type": "integer"}, "maxItems": 1, "uniqueItems": true},
            "any": {"anyOf": [{"type": "integer"}, {"type": "boolean"}]}, "one": {"oneOf": [{}, {}]},
            "not": {"not": {}}, "never": false,
        },
        "required": ["absent"],
    });
    let value = json!({
        "type": 7, "types": 7, "enum": "secret", "const": "secret", "min": 1, "max": 9, "step": 3,
        "short": "secret", "long": "secret", "pattern": "secret", "items": ["secret", "secret"], "any": "secret",
        "one": "secret", "not": "secret", "never": "secret",
    });
    let more_schema = json!({
        "properties": {
            "names": {"propertyNames": {"maxLength": 2}}, "contains": {"contains": {"const": 1}},
            "closed": {"additionalProperties": false}, "unevaluated": {"unevaluatedProperties": false},
            "tuple": {"prefixItems": [{}], "items": false}, "few": {"minItems": 1}, "small": {"minProperties": 1},
            "large": {"maxProperties": 0}, "above": {"exclusiveMinimum": 5}, "under": {"maximum": 5},
        },
    });
    let more_value = json!({
        "names": {"long": 1}, "contains": ["secret"], "closed": {"extra": "secret"}, "unevaluated": {"extra": "secret"},
        "tuple": [1, "secret"], "few": [], "small": {}, "large": {"extra": "secret"}, "above": 5, "under": 9,
    });
    let text = [
        violations(&schema, &value),
        violations(&more_schema, &more_value),
    ]
    .join("\n\n");
    assert!(!text.contains("secret"));
    insta::assert_snapshot!(text);
}

#[test]
fn violations_are_bounded() {
    let schema = json!({"type": "object", "additionalProperties": {"type": "string"}});
    let many: Value = (0..100)
        .map(|index| (format!("p{index}"), json!(1)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    assert_eq!(compiled(&schema).check(&many).unwrap_err().len(), 20);
    let long = json!({"k".repeat(100_000): 1});
    assert!(violations(&schema, &long).len() < 300);
    let closed = json!({"type": "object", "additionalProperties": false});
    assert!(violations(&closed, &long).len() < 300);
}

#[test]
fn a_hostile_pattern_ends() {
    // Look-around keeps this from the linear engine.
    let schema = json!({"type": "object", "properties": {"a": {"type": "string", "pattern": "^(?=(a+)+$)(a|aa)+$"}}});
    let value = json!({"a": format!("{}!", "a".repeat(5000))});
    assert_ne!(violations(&schema, &value), "none");
}

#[test]
fn sound_values_pass() {
    let schema = json!({"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]});
    assert_eq!(
        violations(&schema, &json!({"input": "x", "more": 1})),
        "none"
    );
    assert_eq!(
        violations(&schema, &json!({})),
        r#"lacks the required property "input""#
    );
    assert_eq!(
        violations(&schema, &json!([])),
        r#"is not of type "object""#
    );
}
