//! Where `x-mcp-header` may stand.
//!
//! A client sends the value of a property that has it as the header `Mcp-Param-{name}` too (MCP 2026-07-28, transports).
//! A client that finds it used wrongly drops the whole tool, so that it has to be refused here.

use serde_json::Value;

use super::walk::{Place, walk};
use crate::problem::Problems;

const KEYWORD: &str = "x-mcp-header";

pub(super) fn check(schema: &Value, at: &str, problems: &mut Problems) {
    let mut seen: Vec<String> = Vec::new();
    walk(schema, at, &mut |place| {
        if let Some(header) = place.schema.get(KEYWORD) {
            let path = format!("{}.{KEYWORD}", place.path);
            match check_one(place, header) {
                Ok(header) if seen.contains(&header) => problems.add(
                    path,
                    "names the same header as another property (letter case does not count): rename one",
                ),
                Ok(header) => seen.push(header),
                Err(message) => problems.add(path, message),
            }
        }
        true
    });
}

/// The header's name in lowercase.
fn check_one(place: &Place<'_>, header: &Value) -> Result<String, &'static str> {
    if place.depth == 0 || !place.is_property {
        return Err(
            "may only stand on a property that `properties` alone leads to: move or remove it",
        );
    }
    let kind = place.schema.get("type").and_then(Value::as_str);
    if !matches!(kind, Some("string" | "integer" | "boolean")) {
        return Err("may only stand on a property of type `string`, `integer` or `boolean`");
    }
    match header.as_str() {
        Some(header) if is_token(header) => Ok(header.to_ascii_lowercase()),
        _ => Err("must be the name of a header: letters, digits and !#$%&'*+-.^_`|~ only"),
    }
}

/// RFC 9110, 5.6.2.
fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}
