//! The parts of a registration that MCP defines and this project only passes on: annotations, icons, `_meta`.

use serde_json::value::RawValue;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::fields::{Fields, as_array, as_text, is_empty};
use crate::problem::Problems;

/// The longest text taken for a title, of a registration or inside an annotation.
pub(super) const MAX_TITLE: usize = 256;

const HINTS: [&str; 4] = [
    "readOnlyHint",
    "destructiveHint",
    "idempotentHint",
    "openWorldHint",
];

/// Tool annotations (`ToolAnnotations` of the MCP schema). Empty counts as absent.
pub(super) fn tool_annotations(
    fields: &mut Fields<'_>,
    problems: &mut Problems,
) -> Option<Box<RawValue>> {
    let raw = fields.take("annotations")?;
    let mut inner = Fields::read(raw, &fields.path("annotations"), problems)?;
    inner.text("title", MAX_TITLE, problems);
    for hint in HINTS {
        inner.boolean(hint, problems);
    }
    let mut known = vec!["title"];
    known.extend(HINTS);
    inner.finish(&known, |_| None, problems);
    (!is_empty(raw)).then(|| raw.to_owned())
}

/// Resource annotations (`Annotations` of the MCP schema). Empty counts as absent.
pub(super) fn resource_annotations(
    fields: &mut Fields<'_>,
    problems: &mut Problems,
) -> Option<Box<RawValue>> {
    let raw = fields.take("annotations")?;
    let mut inner = Fields::read(raw, &fields.path("annotations"), problems)?;
    for (at, role) in inner.array("audience", problems).unwrap_or_default() {
        if !matches!(role.get(), "\"user\"" | "\"assistant\"") {
            problems.add(at, "must be `user` or `assistant`");
        }
    }
    if let Some(priority) = inner.take("priority") {
        let number: Option<f64> = serde_json::from_str(priority.get()).ok();
        if !number.is_some_and(|number| (0.0..=1.0).contains(&number)) {
            problems.add(inner.path("priority"), "must be a number from 0 to 1");
        }
    }
    if let Some(time) = inner.text("lastModified", 64, problems)
        && OffsetDateTime::parse(&time, &Rfc3339).is_err()
    {
        problems.add(
            inner.path("lastModified"),
            "must be a time such as `2026-01-31T12:00:00Z`",
        );
    }
    inner.finish(
        &["audience", "priority", "lastModified"],
        |_| None,
        problems,
    );
    (!is_empty(raw)).then(|| raw.to_owned())
}

/// Icons (`Icon` of the MCP schema). Empty counts as absent.
pub(super) fn icons(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Box<RawValue>> {
    let raw = fields.take("icons")?;
    for (at, icon) in as_array(raw, &fields.path("icons"), problems)? {
        let Some(mut inner) = Fields::read(icon, &at, problems) else {
            continue;
        };
        match inner.text("src", usize::MAX, problems) {
            Some(src) if src.starts_with("https://") || src.starts_with("data:") => {}
            // MCP lets clients refuse every other scheme, since `javascript:` and `file:` are attacks.
            _ => problems.add(inner.path("src"), "must be an `https://` or `data:` URI"),
        }
        inner.text("mimeType", 255, problems);
        for (at, size) in inner.array("sizes", problems).unwrap_or_default() {
            if as_text(size, &at, problems).is_some_and(|size| !is_icon_size(&size)) {
                problems.add(at, "must be a size such as `48x48`, or `any`");
            }
        }
        inner.choice("theme", &[("light", ()), ("dark", ())], problems);
        inner.finish(&["src", "mimeType", "sizes", "theme"], |_| None, problems);
    }
    (!is_empty(raw)).then(|| raw.to_owned())
}

fn is_icon_size(size: &str) -> bool {
    let is_number = |text: &str| {
        (1..=6).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    size == "any"
        || size
            .split_once('x')
            .is_some_and(|(width, height)| is_number(width) && is_number(height))
}

/// MCP's `_meta`, an object of any content. Empty counts as absent.
pub(super) fn meta(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Box<RawValue>> {
    let raw = fields.take("_meta")?;
    Fields::read(raw, &fields.path("_meta"), problems)?;
    (!is_empty(raw)).then(|| raw.to_owned())
}
