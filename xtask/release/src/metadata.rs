//! What SAR shows about the application: the block `AWS::ServerlessRepo::Application` of `sar/template.yaml`.
//!
//! That block is the one place that names the publisher (author, home page, repository): a fork that changes it
//! publishes as itself.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::application::ApplicationName;
use crate::version::SemanticVersion;

/// The most bytes a readme or a licence may have. Source: SAR's API reference.
const MAX_TEXT: usize = 5 * 1024 * 1024;
/// The longest description, in characters.
const MAX_DESCRIPTION: usize = 256;
/// The most labels.
const MAX_LABELS: usize = 10;
/// The longest label, in characters.
const MAX_LABEL: usize = 127;
/// The longest author, in characters.
const MAX_AUTHOR: usize = 127;

/// The block as it stands in the template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct MetadataBlock {
    /// The application's name, which can't change.
    pub name: ApplicationName,
    /// At most 256 characters.
    pub description: String,
    /// The publisher's name.
    pub author: String,
    /// The licence's SPDX identifier. SAR lists public applications with an OSI licence alone, and never changes it.
    pub spdx_license_id: String,
    /// The licence's file, from the template's folder.
    pub license_url: String,
    /// The readme's file, from the template's folder.
    pub readme_url: String,
    /// At most 10 words to be found by.
    #[serde(default)]
    pub labels: Vec<String>,
    /// The application's home page.
    pub home_page_url: String,
    /// The repository; what is published is this with the released commit added.
    pub source_code_url: String,
    /// The version to publish.
    pub semantic_version: SemanticVersion,
}

/// The fields that `UpdateApplication` can change, and those that it can't.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// The application's name.
    pub name: ApplicationName,
    /// The publisher's name.
    pub author: String,
    /// What it is, in a sentence or two.
    pub description: String,
    /// Words to be found by, sorted: SAR keeps no order.
    pub labels: Vec<String>,
    /// The application's home page.
    pub home_page_url: String,
    /// The licence's SPDX identifier.
    pub spdx_license_id: String,
}

/// A field that SAR would refuse, or that would publish what is no part of the repository.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("sar/template.yaml, AWS::ServerlessRepo::Application: {field} {problem}")]
pub struct MetadataError {
    field: &'static str,
    problem: String,
}

impl MetadataError {
    /// A field that names no file that git tracks.
    pub(crate) fn untracked(field: &'static str, file: &str) -> Self {
        Self {
            field,
            problem: format!("is `{file}`, which is no file of this repository"),
        }
    }
}

impl MetadataBlock {
    /// The application's metadata, if SAR would take it. Errors: every field that it would not.
    pub fn metadata(&self) -> Result<Metadata, Vec<MetadataError>> {
        let mut errors = Vec::new();
        let mut refuse = |field, problem: String| errors.push(MetadataError { field, problem });
        let length = self.description.chars().count();
        if !(1..=MAX_DESCRIPTION).contains(&length) {
            refuse(
                "Description",
                format!("has {length} characters, and takes 1 to {MAX_DESCRIPTION}"),
            );
        }
        let length = self.author.chars().count();
        if !(1..=MAX_AUTHOR).contains(&length) {
            refuse(
                "Author",
                format!("has {length} characters, and takes 1 to {MAX_AUTHOR}"),
            );
        }
        if self.labels.len() > MAX_LABELS {
            refuse(
                "Labels",
                format!("are {}, and can be {MAX_LABELS}", self.labels.len()),
            );
        }
        for label in self.labels.iter().filter(|label| !is_label(label)) {
            refuse(
                "Labels",
                format!(
                    "has `{label}`; a label takes 1 to {MAX_LABEL} letters, digits and + - _ : / @"
                ),
            );
        }
        for (field, url) in [
            ("HomePageUrl", &self.home_page_url),
            ("SourceCodeUrl", &self.source_code_url),
        ] {
            if !url.starts_with("https://") {
                refuse(field, format!("is `{url}`, and has to begin with https://"));
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let mut labels = self.labels.clone();
        labels.sort();
        labels.dedup();
        Ok(Metadata {
            name: self.name.clone(),
            author: self.author.clone(),
            description: self.description.clone(),
            labels,
            home_page_url: self.home_page_url.clone(),
            spdx_license_id: self.spdx_license_id.clone(),
        })
    }

    /// Where the sources of `commit` can be read.
    pub fn source_at(&self, commit: &str) -> String {
        let repository = self.source_code_url.trim_end_matches('/');
        format!("{repository}/tree/{commit}")
    }
}

/// Checks the length of a readme or licence, called `what`.
pub fn check_text(what: &'static str, text: &str) -> Result<(), MetadataError> {
    if (1..=MAX_TEXT).contains(&text.len()) {
        return Ok(());
    }
    Err(MetadataError {
        field: what,
        problem: format!("has {} bytes, and takes 1 to {MAX_TEXT}", text.len()),
    })
}

fn is_label(text: &str) -> bool {
    (1..=MAX_LABEL).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+-_:/@".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block() -> MetadataBlock {
        MetadataBlock {
            name: "app".parse().unwrap(),
            description: "It does".into(),
            author: "someone".into(),
            spdx_license_id: "MIT".into(),
            license_url: "../LICENSE".into(),
            readme_url: "../README.md".into(),
            labels: vec!["b".into(), "a".into(), "b".into()],
            home_page_url: "https://example.com/".into(),
            source_code_url: "https://example.com/repository/".into(),
            semantic_version: "1.0.0".parse().unwrap(),
        }
    }

    #[test]
    fn labels_are_a_sorted_set() {
        assert_eq!(block().metadata().unwrap().labels, ["a", "b"]);
    }

    #[test]
    fn sources_are_named_at_their_commit() {
        assert_eq!(
            block().source_at("abc"),
            "https://example.com/repository/tree/abc"
        );
    }

    #[test]
    fn everything_that_sar_refuses_is_named_at_once() {
        let wrong = MetadataBlock {
            description: "x".repeat(257),
            author: String::new(),
            labels: (0..11)
                .map(|n| format!("not a label {n}"))
                .take(1)
                .collect(),
            home_page_url: "http://example.com".into(),
            ..block()
        };
        let errors: Vec<_> = wrong
            .metadata()
            .unwrap_err()
            .iter()
            .map(ToString::to_string)
            .collect();
        insta::assert_snapshot!(errors.join("\n"), @r"
        sar/template.yaml, AWS::ServerlessRepo::Application: Description has 257 characters, and takes 1 to 256
        sar/template.yaml, AWS::ServerlessRepo::Application: Author has 0 characters, and takes 1 to 127
        sar/template.yaml, AWS::ServerlessRepo::Application: Labels has `not a label 0`; a label takes 1 to 127 letters, digits and + - _ : / @
        sar/template.yaml, AWS::ServerlessRepo::Application: HomePageUrl is `http://example.com`, and has to begin with https://
        ");
    }
}
