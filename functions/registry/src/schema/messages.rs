//! What a violation says: the rule, never the value.

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use serde_json::Value;

/// The most characters that a message repeats of a schema, or a path of its value.
const MAX_QUOTED: usize = 200;

/// Where the violation is. Keys come from the caller, so the path is bounded as well.
pub(super) fn path(error: &ValidationError<'_>) -> String {
    cap(error.instance_path().as_str())
}

fn cap(text: &str) -> String {
    match text.char_indices().nth(MAX_QUOTED) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn quoted(value: &Value) -> String {
    cap(&value.to_string())
}

/// Unexpected properties by name: that helps to find a misspelling, and a few do.
fn names(names: &[String]) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(5)
        .map(|name| cap(&format!("{name:?}")))
        .collect();
    let more = if names.len() > shown.len() {
        ", …"
    } else {
        ""
    };
    format!("{}{more}", shown.join(", "))
}

/// Names the rule that a value broke. Limits and options are repeated, for the schema's author published them; of the
/// value only names of properties are.
pub(super) fn of_violation(kind: &Kind) -> String {
    match kind {
        Kind::AdditionalItems { limit } => format!("has more than {limit} items"),
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            format!("has unexpected properties: {}", names(unexpected))
        }
        Kind::UnevaluatedItems { .. } => "has unexpected items".to_owned(),
        Kind::AnyOf { .. } => "matches none of the schemas of \"anyOf\"".to_owned(),
        Kind::OneOfNotValid { .. } => "matches none of the schemas of \"oneOf\"".to_owned(),
        Kind::OneOfMultipleValid { .. } => {
            "matches more than one of the schemas of \"oneOf\"".to_owned()
        }
        Kind::Not { .. } => "matches the schema of \"not\"".to_owned(),
        Kind::FalseSchema => "is not allowed here".to_owned(),
        Kind::BacktrackLimitExceeded { .. } | Kind::RegexEngineFailure { .. } => {
            "takes too long to match against its pattern".to_owned()
        }
        Kind::Constant { expected_value } => format!("is not {}", quoted(expected_value)),
        Kind::Enum { options } => format!("is not one of {}", quoted(options)),
        Kind::Contains => "contains no item that matches \"contains\"".to_owned(),
        Kind::ContentEncoding { content_encoding } => {
            format!("is not encoded as {}", cap(content_encoding))
        }
        Kind::ContentMediaType { content_media_type } => {
            format!("is not {}", cap(content_media_type))
        }
        Kind::FromUtf8 { .. } => "is not encoded UTF-8".to_owned(),
        Kind::Custom { keyword, .. } => format!("breaks the rule {}", cap(keyword)),
        Kind::ExclusiveMaximum { limit } => format!("is not less than {}", quoted(limit)),
        Kind::ExclusiveMinimum { limit } => format!("is not greater than {}", quoted(limit)),
        Kind::Maximum { limit } => format!("is greater than {}", quoted(limit)),
        Kind::Minimum { limit } => format!("is less than {}", quoted(limit)),
        Kind::MultipleOf { multiple_of } => format!("is not a multiple of {multiple_of}"),
        Kind::MaxItems { limit } => format!("has more than {limit} items"),
        Kind::MinItems { limit } => format!("has fewer than {limit} items"),
        Kind::MaxLength { limit } => format!("has more than {limit} characters"),
        Kind::MinLength { limit } => format!("has fewer than {limit} characters"),
        Kind::MaxProperties { limit } => format!("has more than {limit} properties"),
        Kind::MinProperties { limit } => format!("has fewer than {limit} properties"),
        Kind::Format { format } => format!("is not of the format {:?}", cap(format)),
        Kind::Pattern { pattern } => format!("does not match the pattern {:?}", cap(pattern)),
        Kind::PropertyNames { error } => {
            format!("has a property whose name {}", of_violation(error.kind()))
        }
        Kind::Required { property } => format!("lacks the required property {}", quoted(property)),
        Kind::Type { kind } => of_type(kind),
        Kind::UniqueItems => "has the same item twice".to_owned(),
        Kind::Referencing(_) => {
            "cannot be checked, for the schema's references are broken".to_owned()
        }
    }
}

fn of_type(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(name) => format!("is not of type \"{name}\""),
        TypeKind::Multiple(set) => {
            let names: Vec<String> = set.iter().map(|name| format!("\"{name}\"")).collect();
            format!("is not of type {}", names.join(" or "))
        }
    }
}

/// Says why a schema cannot be compiled. A schema is no secret, and what it breaks are the rules of JSON Schema.
pub(super) fn of_schema_error(error: &ValidationError<'_>) -> String {
    match error.kind() {
        Kind::Referencing(error) => {
            format!(
                "holds a reference that leads nowhere in the schema: {}",
                cap(&error.to_string())
            )
        }
        Kind::Format { format } if format == "regex" => {
            "is not a regular expression that is understood here".to_owned()
        }
        // The only keyword whose own schema is a choice: one name, or several.
        Kind::AnyOf { .. } if error.instance_path().as_str().ends_with("/type") => {
            "is not \"array\", \"boolean\", \"integer\", \"null\", \"number\", \"object\", \"string\" or an array of those"
                .to_owned()
        }
        kind => of_violation(kind),
    }
}
