//! What was seen of the catalog at one time, and what is different at another.

use registry::{CatalogVersion, CatalogVersions};
use std::collections::BTreeMap;

/// The catalog at one time, as far as a client listens to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// The versions of the lists.
    pub versions: CatalogVersions,
    /// What serves each URI: the version that the registration's last write made, none where nothing does.
    pub resources: BTreeMap<String, Option<CatalogVersion>>,
}

/// Something that a client may be told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A tool was written or deleted.
    Tools,
    /// A prompt was.
    Prompts,
    /// A resource was.
    Resources,
    /// What serves this URI was.
    Resource(String),
}

impl Seen {
    /// What is different at a later time.
    pub fn changes(&self, later: &Self) -> Vec<Change> {
        let lists = [
            (Change::Tools, self.versions.tools, later.versions.tools),
            (
                Change::Prompts,
                self.versions.prompts,
                later.versions.prompts,
            ),
            (
                Change::Resources,
                self.versions.resources,
                later.versions.resources,
            ),
        ];
        let lists = lists
            .into_iter()
            .filter(|(_, before, after)| before != after)
            .map(|(change, ..)| change);
        let resources = later
            .resources
            .iter()
            .filter(|(uri, after)| self.resources.get(*uri) != Some(*after))
            .map(|(uri, _)| Change::Resource(uri.clone()));
        lists.chain(resources).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use registry::RegistrationType;

    #[test]
    fn each_type_changes_by_itself() {
        let before = Seen::default();
        assert_eq!(before.changes(&before), []);
        let after = |kind| Seen {
            versions: before.versions.next([kind]),
            ..before.clone()
        };
        let changes = |kind| before.changes(&after(kind));
        assert_eq!(changes(RegistrationType::Tool), [Change::Tools]);
        assert_eq!(changes(RegistrationType::Prompt), [Change::Prompts]);
        assert_eq!(changes(RegistrationType::Resource), [Change::Resources]);
    }

    #[test]
    fn a_resource_changes_with_its_registration() {
        let seen = |revisions: [Option<u64>; 2]| Seen {
            resources: [("test://a", revisions[0]), ("test://b", revisions[1])]
                .map(|(uri, revision)| (uri.to_owned(), revision.map(CatalogVersion::new)))
                .into(),
            ..Seen::default()
        };
        let changed = |after| seen([Some(1), None]).changes(&seen(after));
        assert_eq!(changed([Some(1), None]), []);
        let one = |uri: &str| Change::Resource(uri.to_owned());
        assert_eq!(changed([Some(2), None]), [one("test://a")]);
        assert_eq!(changed([None, Some(3)]), [one("test://a"), one("test://b")]);
    }
}
