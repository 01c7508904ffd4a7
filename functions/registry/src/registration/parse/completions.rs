//! Where completions come from, for resources and prompts.

use std::collections::BTreeMap;

use crate::problem::Problems;
use crate::registration::Completion;
use crate::registration::fields::{self, Fields};

/// As many as MCP's `completion/complete` may answer with at once (specification 2026-07-28, server/utilities).
const MAX_COMPLETION_VALUES: usize = 100;

pub(super) fn read(
    fields: &mut Fields<'_>,
    problems: &mut Problems,
) -> Option<BTreeMap<String, Completion>> {
    let raw = fields.take("completions")?;
    let inner = Fields::read(raw, &fields.path("completions"), problems)?;
    let mut completions = BTreeMap::new();
    for (at, name, raw) in inner.rest() {
        if raw.get() == "\"function\"" {
            completions.insert(name, Completion::Function);
        } else if let Ok(values) = serde_json::from_str::<Vec<String>>(raw.get()) {
            if values.len() > MAX_COMPLETION_VALUES {
                problems.add(
                    at,
                    format!("must have at most {MAX_COMPLETION_VALUES} values, or be `function`"),
                );
            }
            completions.insert(name, Completion::Values(values));
        } else {
            problems.add(at, "must be an array of strings, or `function`");
        }
    }
    Some(completions)
}

/// Each completion is one of an argument or variable that there is.
pub(super) fn check_names(
    completions: &BTreeMap<String, Completion>,
    names: &[&str],
    problems: &mut Problems,
) {
    for name in completions.keys() {
        if !names.contains(&name.as_str()) {
            let known = match names {
                [] => "there are none here".to_owned(),
                names => format!("there are `{}`", names.join("`, `")),
            };
            problems.add(
                fields::shorten(&fields::join("completions", name)),
                format!("completes no argument or variable: {known}"),
            );
        }
    }
}
