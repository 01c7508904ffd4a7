//! The rules for the fields of an application.
//! <https://docs.aws.amazon.com/serverlessrepo/latest/devguide/applications.html>

use serde::Deserialize;

use super::errors::SarError;

/// The most labels.
const MAX_LABELS: usize = 10;
/// The longest label and the longest author, in characters.
const MAX_SHORT: usize = 127;

/// The body of `CreateApplication`. What it does not know is refused.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct CreateApplication {
    pub(super) author: Option<String>,
    pub(super) description: Option<String>,
    pub(super) home_page_url: Option<String>,
    pub(super) labels: Option<Vec<String>>,
    pub(super) license_body: Option<String>,
    pub(super) license_url: Option<String>,
    pub(super) name: Option<String>,
    pub(super) readme_body: Option<String>,
    pub(super) readme_url: Option<String>,
    pub(super) semantic_version: Option<String>,
    pub(super) source_code_archive_url: Option<String>,
    pub(super) source_code_url: Option<String>,
    pub(super) spdx_license_id: Option<String>,
    pub(super) template_body: Option<String>,
    pub(super) template_url: Option<String>,
}

/// The body of `CreateApplicationVersion`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct CreateVersion {
    pub(super) source_code_archive_url: Option<String>,
    pub(super) source_code_url: Option<String>,
    pub(super) template_body: Option<String>,
    pub(super) template_url: Option<String>,
}

/// The body of `UpdateApplication`. The licence is not in it: it never changes.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct UpdateApplication {
    pub(super) author: Option<String>,
    pub(super) description: Option<String>,
    pub(super) home_page_url: Option<String>,
    pub(super) labels: Option<Vec<String>>,
    pub(super) readme_body: Option<String>,
    pub(super) readme_url: Option<String>,
}

/// The value of a required field.
pub(super) fn required(value: Option<&String>, field: &str) -> Result<String, SarError> {
    value
        .cloned()
        .ok_or_else(|| SarError::bad(format!("{field} is required")))
}

/// 1 to 140 letters, digits and hyphens.
pub(super) fn name(text: &str) -> Result<(), SarError> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '-';
    length("Name", text, 140)?;
    check(
        text.chars().all(is_allowed),
        "Name must match [a-zA-Z0-9\\-]+",
    )
}

/// Any text of 1 to 127 characters: the documented pattern is broken by applications that are published.
pub(super) fn author(text: &str) -> Result<(), SarError> {
    length("Author", text, MAX_SHORT)
}

pub(super) fn description(text: &str) -> Result<(), SarError> {
    length("Description", text, 256)
}

pub(super) fn labels(labels: &[String]) -> Result<(), SarError> {
    check(labels.len() <= MAX_LABELS, "there can be 10 Labels at most")?;
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "+-_:/@".contains(c);
    for label in labels {
        length("each of Labels", label, MAX_SHORT)?;
        check(
            label.chars().all(is_allowed),
            "each of Labels must match ^[a-zA-Z0-9+\\-_:\\/@]+$",
        )?;
    }
    Ok(())
}

/// An address of the web.
pub(super) fn web_url(field: &str, text: &str) -> Result<(), SarError> {
    let uri: Option<http::Uri> = text.parse().ok();
    let is_web = uri.is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some()
    });
    check(is_web, &format!("{field} must be an http or https URL"))
}

/// An identifier of <https://spdx.org/licenses/>, by its form.
pub(super) fn spdx_license_id(text: &str) -> Result<(), SarError> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-.+".contains(c);
    check(
        !text.is_empty() && text.chars().all(is_allowed),
        "SpdxLicenseId must be an identifier of spdx.org",
    )
}

/// The body or the URL; both exclude each other.
pub(super) fn exclusive<'a>(
    field: &str,
    body: Option<&'a String>,
    url: Option<&'a String>,
) -> Result<Option<Content<'a>>, SarError> {
    match (body, url) {
        (Some(_), Some(_)) => Err(SarError::bad(format!(
            "{field}Body and {field}Url exclude each other"
        ))),
        (Some(body), None) => Ok(Some(Content::Body(body))),
        (None, Some(url)) => Ok(Some(Content::Url(url))),
        (None, None) => Ok(None),
    }
}

/// A text, or where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content<'a> {
    Body(&'a str),
    Url(&'a str),
}

/// Whether a licence is one that the Open Source Initiative approved, as far as this list of the usual ones goes.
pub(super) fn is_open_source(spdx_license_id: &str) -> bool {
    const APPROVED: [&str; 25] = [
        "0BSD",
        "AFL-3.0",
        "AGPL-3.0-only",
        "AGPL-3.0-or-later",
        "Apache-2.0",
        "Artistic-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "BSL-1.0",
        "EPL-1.0",
        "EPL-2.0",
        "EUPL-1.2",
        "GPL-2.0-only",
        "GPL-2.0-or-later",
        "GPL-3.0-only",
        "GPL-3.0-or-later",
        "ISC",
        "LGPL-2.1-only",
        "LGPL-2.1-or-later",
        "LGPL-3.0-only",
        "LGPL-3.0-or-later",
        "MIT",
        "MIT-0",
        "MPL-2.0",
        "Zlib",
    ];
    APPROVED.contains(&spdx_license_id)
}

fn length(field: &str, text: &str, max: usize) -> Result<(), SarError> {
    check(
        (1..=max).contains(&text.chars().count()),
        &format!("{field} must have 1 to {max} characters"),
    )
}

fn check(holds: bool, message: &str) -> Result<(), SarError> {
    if holds {
        Ok(())
    } else {
        Err(SarError::bad(message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_their_rules() {
        assert!(name("mcp-lambda-sam").is_ok());
        for bad in ["", "a b", "a_b", &"a".repeat(141)] {
            assert!(name(bad).is_err(), "{bad}");
        }
        assert!(author("Jane & Co.").is_ok());
        assert!(author("").is_err());
        assert!(description(&"ä".repeat(256)).is_ok());
        assert!(description(&"ä".repeat(257)).is_err());
        let label = |text: &str| labels(&[text.to_owned()]);
        assert!(label("a+b-c_d:e/f@g").is_ok());
        for bad in ["", "a b", &"a".repeat(128)] {
            assert!(label(bad).is_err(), "{bad}");
        }
        assert!(labels(&vec!["a".to_owned(); 11]).is_err());
        assert!(web_url("HomePageUrl", "https://example.com/a").is_ok());
        for bad in ["", "example.com", "ftp://example.com", "s3://bucket/key"] {
            assert!(web_url("HomePageUrl", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_unknown_is_refused() {
        let read = |text| serde_json::from_str::<UpdateApplication>(text).map(drop);
        assert!(read(r#"{"labels":[]}"#).is_ok());
        assert!(read(r#"{"spdxLicenseId":"MIT"}"#).is_err());
    }
}
