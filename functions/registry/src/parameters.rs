//! The `parameters` shorthand, turned into JSON Schema 2020-12.
//!
//! `{"input":"string"}` says that there is a required string. The long form of a parameter is
//! `{"type","optional","items","properties"}` and any other keyword of JSON Schema, which is kept as it is.

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};

use crate::problem::Problems;
use crate::registration::fields::join;

const TYPES: [&str; 7] = [
    "string", "number", "boolean", "integer", "object", "array", "null",
];

/// Keywords that say what a value is in the place of `type`.
const INSTEAD_OF_TYPE: [&str; 6] = ["enum", "const", "anyOf", "oneOf", "allOf", "$ref"];

/// The schema of an object with these parameters, or problems.
pub(crate) fn to_schema(
    raw: &RawValue,
    at: &str,
    problems: &mut Problems,
) -> Option<Box<RawValue>> {
    let before = problems.len();
    let Ok(Value::Object(parameters)) = serde_json::from_str(raw.get()) else {
        problems.add(at, "must be a JSON object of parameter names and types");
        return None;
    };
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("object"));
    put_properties(&mut schema, parameters, at, problems);
    if problems.len() > before {
        return None;
    }
    to_raw_value(&schema).ok()
}

/// Whether a JSON text is the name of a type.
pub(crate) fn check_type_name(raw: &RawValue, at: &str, problems: &mut Problems) {
    let name: Option<String> = serde_json::from_str(raw.get()).ok();
    if !name.is_some_and(|name| TYPES.contains(&name.as_str())) {
        problems.add(at, not_a_type());
    }
}

fn not_a_type() -> String {
    format!("must be one of the types `{}`", TYPES.join("`, `"))
}

/// Puts `properties` and, if any is not optional, `required` into an object's schema.
fn put_properties(
    schema: &mut Map<String, Value>,
    parameters: Map<String, Value>,
    at: &str,
    problems: &mut Problems,
) {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (name, value) in parameters {
        let at = join(at, &name);
        let Some((value, optional)) = parameter(value, &at, problems) else {
            continue;
        };
        if !optional {
            required.push(Value::String(name.clone()));
        }
        properties.insert(name, value);
    }
    schema.insert("properties".to_owned(), Value::Object(properties));
    if !required.is_empty() {
        schema.insert("required".to_owned(), Value::Array(required));
    }
}

/// One parameter's schema, and whether it may be left out.
fn parameter(value: Value, at: &str, problems: &mut Problems) -> Option<(Value, bool)> {
    match value {
        Value::String(name) if TYPES.contains(&name.as_str()) => {
            Some((json!({ "type": name }), false))
        }
        Value::Object(long) => long_form(long, at, problems),
        _ => {
            problems.add(at, format!("{}, or an object with a `type`", not_a_type()));
            None
        }
    }
}

fn long_form(
    mut long: Map<String, Value>,
    at: &str,
    problems: &mut Problems,
) -> Option<(Value, bool)> {
    let before = problems.len();
    // `shift_remove` keeps the order of the rest, so that a schema reads as it was written.
    let optional = match long.shift_remove("optional") {
        None => false,
        Some(Value::Bool(optional)) => optional,
        Some(_) => {
            problems.add(join(at, "optional"), "must be `true` or `false`");
            false
        }
    };
    match long.get("type") {
        Some(Value::String(name)) if TYPES.contains(&name.as_str()) => {}
        // Several types are JSON Schema's own, whose rules are checked when the schema is compiled.
        Some(Value::Array(_)) => {}
        Some(_) => problems.add(join(at, "type"), not_a_type()),
        None if INSTEAD_OF_TYPE.iter().any(|word| long.contains_key(*word)) => {}
        None => problems.add(
            at,
            "needs a `type`; if this is meant as JSON Schema, name it `inputSchema`",
        ),
    }
    if long.contains_key("required") {
        problems.add(
            join(at, "required"),
            "is not part of the shorthand: give `\"optional\": true` to what may be left out",
        );
    }
    if let Some(items) = long.get_mut("items") {
        let at = join(at, "items");
        if let Some((schema, _)) = parameter(items.take(), &at, problems) {
            *items = schema;
        }
    }
    match long.shift_remove("properties") {
        None => {}
        Some(Value::Object(properties)) => {
            put_properties(&mut long, properties, &join(at, "properties"), problems);
        }
        Some(_) => problems.add(join(at, "properties"), "must be a JSON object"),
    }
    (problems.len() == before).then_some((Value::Object(long), optional))
}
