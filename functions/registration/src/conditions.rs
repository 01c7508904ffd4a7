//! Entity tags, and the conditions that requests make with them (RFC 9110, sections 8.8.3 and 13).
//!
//! The tag of a registration is its revision, that of a list the version of the catalog, in quotes. They are strong:
//! another document always has another one, also of a registration that was deleted and made again.

use http::header::{IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, HeaderName};
use registry::{CatalogVersion, Precondition, Revisions};

use crate::failure::Failure;

/// What is wrong with a condition, as it follows the header's name.
pub(crate) const MALFORMED: &str =
    "must be `*` or an ETag as it was answered, in double quotes, such as `\"12\"`";

/// The tag of this revision.
pub(crate) fn etag(revision: CatalogVersion) -> String {
    format!("\"{revision}\"")
}

/// The conditions that a write is under.
pub(crate) fn of_write(headers: &HeaderMap) -> Result<Precondition, Failure> {
    Ok(Precondition {
        if_match: header(headers, IF_MATCH, "If-Match", Comparison::Strong)?,
        if_none_match: header(headers, IF_NONE_MATCH, "If-None-Match", Comparison::Weak)?,
    })
}

/// Whether the client says that it has this version already.
pub(crate) fn is_known(headers: &HeaderMap, version: CatalogVersion) -> Result<bool, Failure> {
    let known = header(headers, IF_NONE_MATCH, "If-None-Match", Comparison::Weak)?;
    Ok(match known {
        None => false,
        Some(Revisions::Any) => true,
        Some(Revisions::OneOf(versions)) => versions.contains(&version),
    })
}

/// Whether weak tags (`W/"12"`, which a proxy may make of ours) count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Strong,
    Weak,
}

fn header(
    headers: &HeaderMap,
    header: HeaderName,
    name: &'static str,
    comparison: Comparison,
) -> Result<Option<Revisions>, Failure> {
    let mut values = headers.get_all(header).iter().peekable();
    if values.peek().is_none() {
        return Ok(None);
    }
    let texts: Result<Vec<&str>, _> = values.map(http::HeaderValue::to_str).collect();
    let parsed = texts
        .ok()
        .and_then(|texts| parse(&texts.join(","), comparison));
    parsed
        .map(Some)
        .ok_or(Failure::InvalidCondition { header: name })
}

/// The revisions that the text of `If-Match` stands for.
pub(crate) fn strong(text: &str) -> Option<Revisions> {
    parse(text, Comparison::Strong)
}

/// A tag that is none of ours is well-formed, and matches nothing.
fn parse(text: &str, comparison: Comparison) -> Option<Revisions> {
    let mut rest = text.trim();
    if rest == "*" {
        return Some(Revisions::Any);
    }
    let mut revisions = Vec::new();
    while !rest.is_empty() {
        let (is_weak, tag) = match rest.strip_prefix("W/") {
            Some(tag) => (true, tag),
            None => (false, rest),
        };
        let (tag, after) = tag.strip_prefix('"')?.split_once('"')?;
        if let Ok(number) = tag.parse()
            && (comparison == Comparison::Weak || !is_weak)
            // One spelling for each, so that `"012"` is none of ours.
            && tag == u64::to_string(&number)
        {
            revisions.push(CatalogVersion::new(number));
        }
        let after = after.trim_start();
        rest = match after.strip_prefix(',') {
            Some(next) => next.trim_start(),
            None if after.is_empty() => after,
            None => return None,
        };
    }
    (!text.trim().is_empty()).then_some(Revisions::OneOf(revisions))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_as_http_has_them() {
        let these = |numbers: &[u64]| {
            let versions = numbers.iter().copied().map(CatalogVersion::new);
            Some(Revisions::OneOf(versions.collect()))
        };
        for (text, strong, weak) in [
            ("*", Some(Revisions::Any), Some(Revisions::Any)),
            (" * ", Some(Revisions::Any), Some(Revisions::Any)),
            ("\"12\"", these(&[12]), these(&[12])),
            ("\"1\", \"2\" ,\"3\"", these(&[1, 2, 3]), these(&[1, 2, 3])),
            ("W/\"12\"", these(&[]), these(&[12])),
            ("\"abc\", \"7\"", these(&[7]), these(&[7])),
            ("\"012\"", these(&[]), these(&[])),
            ("\"+1\"", these(&[]), these(&[])),
            ("\"\"", these(&[]), these(&[])),
            ("12", None, None),
            ("", None, None),
            ("\"12", None, None),
            ("\"1\" \"2\"", None, None),
            ("\"1\",*", None, None),
            ("w/\"1\"", None, None),
        ] {
            assert_eq!(parse(text, Comparison::Strong), strong, "{text}");
            assert_eq!(parse(text, Comparison::Weak), weak, "{text}");
        }
    }
}
