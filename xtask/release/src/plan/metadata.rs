//! What differs between the metadata of a checkout and what SAR shows.

use serde::Serialize;

use crate::digest::sha256;
use crate::metadata::Metadata;
use crate::ports::LiveApplication;

/// A field of the application that changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// The field's name, as in the template.
    pub field: &'static str,
    /// What SAR has now; of a readme, its length and digest.
    pub from: String,
    /// What it becomes.
    pub to: String,
}

/// The fields in which `metadata` and `readme` differ from `live`.
pub fn changes(metadata: &Metadata, readme: &str, live: &LiveApplication) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    let mut compare = |field, from: &str, to: &str| {
        if from != to {
            changes.push(FieldChange {
                field,
                from: from.to_owned(),
                to: to.to_owned(),
            });
        }
    };
    compare("Author", &live.author, &metadata.author);
    compare("Description", &live.description, &metadata.description);
    compare(
        "Labels",
        &live.labels.join(", "),
        &metadata.labels.join(", "),
    );
    compare("HomePageUrl", &live.home_page_url, &metadata.home_page_url);
    if live.readme.as_deref() != Some(readme) {
        let lines = |text: &str| {
            let digest = sha256(text.as_bytes());
            format!("{} lines, SHA-256 {}…", text.lines().count(), &digest[..8])
        };
        changes.push(FieldChange {
            field: "Readme",
            from: live.readme.as_deref().map_or("none".to_owned(), lines),
            to: lines(readme),
        });
    }
    changes
}
