//! Permissions that SAR refuses to publish, since 2026-04-15: `AWSLambda_FullAccess`, and leave to give oneself any
//! permission.

use serde_json::Value;

use super::{descend, list, resources};
use crate::wildcard;

/// The managed policy that must not be attached.
const FULL_ACCESS: &str = "AWSLambda_FullAccess";
/// Actions that must not be granted on everything.
const ESCALATING: [&str; 2] = ["iam:attachrolepolicy", "iam:putrolepolicy"];

/// Whether no resource has a permission that is refused; the error names one that has.
pub(super) fn check(document: &Value) -> Result<(), String> {
    let globals = [("Globals", &document["Globals"])];
    let resources = resources(document).map(|(id, resource)| (id.as_str(), resource));
    for (place, value) in resources.chain(globals) {
        let mut problem = None;
        descend(value, &mut |value| match value {
            Value::String(text) if text.contains(FULL_ACCESS) => {
                problem = Some(format!("{FULL_ACCESS} must not be attached"));
            }
            Value::Object(_) if grants_escalation(value) => {
                problem = Some(
                    "iam:AttachRolePolicy, iam:PutRolePolicy and iam:* must not be granted on *"
                        .to_owned(),
                );
            }
            _ => {}
        });
        if let Some(problem) = problem {
            return Err(format!("resource {place}: {problem}"));
        }
    }
    Ok(())
}

fn grants_escalation(statement: &Value) -> bool {
    if statement["Effect"] != "Allow" {
        return false;
    }
    let actions = list(&statement["Action"]).iter().filter_map(Value::as_str);
    let is_escalating = actions.into_iter().any(|pattern| {
        let pattern = pattern.to_ascii_lowercase();
        ESCALATING
            .iter()
            .any(|action| wildcard::matches(&pattern, action))
    });
    // All but a few actions are as good as all.
    let is_escalating = is_escalating || statement.get("NotAction").is_some();
    let is_everything = |resource: &Value| {
        resource
            .as_str()
            .is_some_and(|resource| resource == "*" || resource.ends_with("role/*"))
    };
    is_escalating
        && (statement.get("NotResource").is_some()
            || list(&statement["Resource"]).iter().any(is_everything))
}
