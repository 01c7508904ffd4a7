//! What was done to registrations.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::CatalogVersion;

/// What a change did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// There was none before.
    Create,
    /// Another document took the place of the one before.
    Replace,
    /// Parts of the document were changed.
    Patch,
    /// There is none any more.
    Delete,
}

impl Action {
    const ALL: [Self; 4] = [Self::Create, Self::Replace, Self::Patch, Self::Delete];

    /// The action as records have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Replace => "replace",
            Self::Patch => "patch",
            Self::Delete => "delete",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == word)
    }
}

/// The record of one change of one registration.
#[derive(Debug, Clone, Serialize)]
pub struct ChangeRecord {
    /// The catalog version that it made.
    #[serde(serialize_with = "number")]
    pub version: CatalogVersion,
    /// When: RFC 3339, UTC, milliseconds.
    pub at: String,
    /// Who, if it was known: the ARN of an IAM principal.
    pub by: Option<String>,
    /// What was done.
    pub action: Action,
    /// The document before it. None if there was none, or none that can be read.
    pub before: Option<Box<RawValue>>,
    /// The document after it.
    pub after: Option<Box<RawValue>>,
}

/// Part of what was done to a registration.
#[derive(Debug, Clone)]
pub struct History {
    /// The part, newest first.
    pub changes: Vec<ChangeRecord>,
    /// There may be more, before this version.
    pub next: Option<CatalogVersion>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn number<S: serde::Serializer>(
    version: &CatalogVersion,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(version.get())
}
