//! Checking a registration against the JSON Schema that editors use, `docs/catalog.schema.json`.
//!
//! It says what can be said of a document without the registry: fields, types, patterns, lengths. The rest (schemas that
//! don't compile, URI templates, completions of arguments that there are not) is the registry's.

use std::fmt::Write as _;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{ValidationError, Validator};
use serde_json::{Value, json};

use crate::id::Kind;
use crate::node::Node;

/// The published schema.
pub const SCHEMA: &str = include_str!("../../../docs/catalog.schema.json");

/// The most problems that one registration is told.
const MAX_PROBLEMS: usize = 20;

/// A field and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldProblem {
    pub(crate) field: String,
    pub(crate) message: String,
}

/// The schema of each type, compiled.
#[derive(Debug)]
pub(crate) struct DocumentSchemas {
    schema: Value,
    validators: [Validator; 3],
}

impl DocumentSchemas {
    /// Compiles the published schema.
    pub(crate) fn new() -> Self {
        let schema: Value = serde_json::from_str(SCHEMA).expect("the published schema is JSON");
        let validators = Kind::ALL.map(|kind| {
            // Each type by itself: of a `oneOf`, a validator could say no more than that nothing fits.
            let part = json!({
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "$defs": schema["$defs"],
                "$ref": format!("#/$defs/{}", kind.as_str()),
            });
            jsonschema::draft202012::options()
                .offline()
                .build(&part)
                .expect("the published schema is a valid one")
        });
        Self { schema, validators }
    }

    /// What is wrong with a document of this type.
    pub(crate) fn check(&self, kind: Kind, document: &Node) -> Vec<FieldProblem> {
        let value: Value =
            serde_json::from_str(&document.to_json()).expect("a document is written as JSON");
        let validator = &self.validators[kind as usize];
        let mut problems = Vec::new();
        for error in validator.iter_errors(&value).take(MAX_PROBLEMS) {
            self.explain(kind, &error, &mut problems);
        }
        problems
    }

    fn explain(&self, kind: Kind, error: &ValidationError<'_>, problems: &mut Vec<FieldProblem>) {
        let at = path(error.instance_path().as_str());
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                let known = self.names(kind, &at);
                for name in unexpected {
                    problems.push(FieldProblem {
                        field: join(&at, name),
                        message: self.unknown(kind, &at, name, &known),
                    });
                }
            }
            ValidationErrorKind::Required { property } => problems.push(FieldProblem {
                field: join(&at, property.as_str().unwrap_or_default()),
                message: "is required".to_owned(),
            }),
            other => problems.push(FieldProblem {
                message: message(other, &at, error.instance()),
                field: at,
            }),
        }
    }

    /// The fields that there are at `at`.
    fn names(&self, kind: Kind, at: &str) -> Vec<String> {
        let mut schema = &self.schema["$defs"][kind.as_str()];
        for part in at.split(['.', '[']).filter(|part| !part.is_empty()) {
            schema = if part.ends_with(']') {
                &schema["items"]
            } else {
                &schema["properties"][part]
            };
            if let Some(name) = schema["$ref"].as_str().and_then(|it| it.rsplit('/').next()) {
                schema = &self.schema["$defs"][name];
            }
        }
        let properties = schema["properties"].as_object();
        properties
            .map(|it| it.keys().cloned().collect())
            .unwrap_or_default()
    }

    fn unknown(&self, kind: Kind, at: &str, name: &str, known: &[String]) -> String {
        let owners: Vec<_> = Kind::ALL
            .into_iter()
            .filter(|other| *other != kind && at.is_empty())
            .filter(|other| self.names(*other, "").iter().any(|it| it == name))
            .map(|other| format!("{}s", other.as_str()))
            .collect();
        if !owners.is_empty() {
            return format!(
                "is a field of {}, not of {}s: remove it",
                owners.join(" and "),
                kind.as_str()
            );
        }
        unknown_field(name, known.iter().map(String::as_str))
    }
}

/// What to say of a field that is none, given those that there are.
pub(crate) fn unknown_field<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let lower = name.to_lowercase();
    let closest = known
        .into_iter()
        .map(|known| (edits(&lower, &known.to_lowercase()), known))
        .min();
    match closest {
        Some((edits, meant)) if edits <= 2 && edits < meant.len() => {
            format!("is not a known field; did you mean `{meant}`?")
        }
        _ => "is not a known field: remove it".to_owned(),
    }
}

/// How many characters have to be put in, taken out or replaced to make one word the other (Levenshtein's distance).
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, from) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, to) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

fn message(kind: &ValidationErrorKind, at: &str, value: &Value) -> String {
    match kind {
        ValidationErrorKind::Type { kind } => match kind {
            TypeKind::Single(wanted) => format!("must be of type {wanted}, not {}", type_of(value)),
            TypeKind::Multiple(wanted) => {
                let wanted: Vec<_> = wanted.iter().map(|it| it.to_string()).collect();
                format!("must be of type {}, not {}", wanted.join(" or "), type_of(value))
            }
        },
        ValidationErrorKind::Enum { options } => {
            let mut words = String::new();
            for option in options.as_array().into_iter().flatten() {
                let separator = if words.is_empty() { "" } else { ", " };
                // Writing to a String cannot fail.
                let _ = write!(words, "{separator}`{}`", word(option));
            }
            format!("must be one of {words}")
        }
        ValidationErrorKind::Constant { expected_value } => format!("must be `{}`", word(expected_value)),
        ValidationErrorKind::MaxLength { limit } => {
            let length = value.as_str().map_or(0, |text| text.chars().count());
            format!("has {length} characters: shorten it to {limit} or fewer")
        }
        ValidationErrorKind::MinLength { .. } => "must not be empty".to_owned(),
        ValidationErrorKind::Minimum { limit } => format!("must be {limit} or more"),
        ValidationErrorKind::Maximum { limit } => format!("must be {limit} or less"),
        ValidationErrorKind::MaxItems { limit } => format!("must have at most {limit} entries"),
        ValidationErrorKind::Pattern { .. } => pattern_message(at).to_owned(),
        ValidationErrorKind::Not { .. } if at == "name" => "must not hold `..`".to_owned(),
        ValidationErrorKind::Not { schema } => {
            let names: Vec<_> = schema["required"].as_array().into_iter().flatten().map(word).collect();
            format!("has both `{}`: keep one", names.join("` and `"))
        }
        ValidationErrorKind::OneOfNotValid { .. } if at.starts_with("completions") => {
            "must be an array of at most 100 strings, or `function`".to_owned()
        }
        ValidationErrorKind::OneOfNotValid { .. } => {
            "must be one of the types `string`, `number`, `boolean`, `integer`, `object`, `array`, `null`, or an object with such a `type`".to_owned()
        }
        // Rules that the schema does not have today say themselves what they are.
        other => format!("does not keep to the rule `{}`", other.keyword()),
    }
}

/// What would be right, where the schema has a pattern.
fn pattern_message(at: &str) -> &'static str {
    match at.rsplit('.').next().unwrap_or_default() {
        "name" => {
            "must be 1 to 128 letters A-Z a-z, digits, `_`, `.` and `-`, beginning with a letter, a digit or `_`"
        }
        "lambdaArn" => {
            "must be the ARN of a Lambda function: `arn:aws:lambda:REGION:ACCOUNT:function:NAME`, optionally with `:ALIAS` or `:VERSION`"
        }
        "uri" => "must begin with a scheme, as in `docs://handbook`",
        "id" => "must be `TYPE-NAME`, as type and name say, or be left out",
        "mimeType" => "must be a media type such as `text/plain`",
        "src" => "must be an `https://` or `data:` URI",
        _ => "must be a size such as `48x48`, or `any`",
    }
}

fn word(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null: give it a value, or remove it",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A JSON pointer as the paths that the registry's problems have: `a.b[0]`.
fn path(pointer: &str) -> String {
    let mut path = String::new();
    for part in pointer.split('/').skip(1) {
        let part = part.replace("~1", "/").replace("~0", "~");
        if !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) {
            let _ = write!(path, "[{part}]");
        } else {
            path = join(&path, &part);
        }
    }
    path
}

fn join(at: &str, field: &str) -> String {
    if at.is_empty() {
        field.to_owned()
    } else {
        format!("{at}.{field}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> String {
        let node = Node::from_json(text).unwrap();
        let kind = Kind::named(node.get("type").unwrap().as_text().unwrap()).unwrap();
        let found = DocumentSchemas::new().check(kind, &node);
        let lines = found
            .iter()
            .map(|it| format!("{}: {}", it.field, it.message));
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_schema_is_one() {
        let schema: Value = serde_json::from_str(SCHEMA).unwrap();
        assert!(jsonschema::draft202012::meta::is_valid(&schema));
    }

    #[test]
    fn everything_wrong_is_said_with_its_mend() {
        insta::assert_snapshot!(problems(
            r#"{"type":"tool","name":"a/b","lambdaArn":"x","titel":"a","uri":"a:b","enabled":"yes","contract":"other","invocation":{"timeoutSeconds":901,"streams":true,"list":true},"annotations":{"readOnly":true},"icons":[{"src":"http://a","sizes":["big"]}],"description":null,"inputSchema":{"type":"string"},"parameters":{"a":"text"}}"#
        ));
        insta::assert_snapshot!(problems(
            r#"{"type":"resource","name":"a..b","uri":"a","uriTemplate":"","size":-1,"completions":{"a":"b"},"invocation":{"task":"optional"},"annotations":{"priority":2,"audience":["me"]}}"#
        ));
        insta::assert_snapshot!(problems(
            r#"{"type":"prompt","name":"a","lambdaArn":"arn:aws:lambda:us-east-1:000000000000:function:f","arguments":[{"title":7}],"parameters":{"a":{"type":"text"}}}"#
        ));
    }

    #[test]
    fn misspelt_fields_are_recognised() {
        assert_eq!(
            unknown_field("Titel", ["type", "title"]),
            "is not a known field; did you mean `title`?"
        );
        assert_eq!(
            unknown_field("colour", ["type", "title"]),
            "is not a known field: remove it"
        );
    }
}
