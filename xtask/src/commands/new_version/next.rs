//! Which version comes next.

use std::str::FromStr;

use semver::{BuildMetadata, Prerelease, Version};

/// A version, or how to count on from the present one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next {
    /// What is there breaks.
    Major,
    /// Something is new.
    Minor,
    /// Something is mended.
    Patch,
    /// This one.
    Exactly(Version),
}

impl Next {
    /// The version after `from`. A pre-release counts on to the release that it comes before, as semver orders them.
    pub(super) fn after(&self, from: &Version) -> Version {
        let is_before = !from.pre.is_empty();
        let (major, minor, patch) = match self {
            Self::Exactly(version) => return version.clone(),
            Self::Major if is_before && from.minor == 0 && from.patch == 0 => (from.major, 0, 0),
            Self::Major => (from.major + 1, 0, 0),
            Self::Minor if is_before && from.patch == 0 => (from.major, from.minor, 0),
            Self::Minor => (from.major, from.minor + 1, 0),
            Self::Patch if is_before => (from.major, from.minor, from.patch),
            Self::Patch => (from.major, from.minor, from.patch + 1),
        };
        Version {
            pre: Prerelease::EMPTY,
            build: BuildMetadata::EMPTY,
            ..Version::new(major, minor, patch)
        }
    }
}

impl FromStr for Next {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "major" => Ok(Self::Major),
            "minor" => Ok(Self::Minor),
            "patch" => Ok(Self::Patch),
            _ => text.parse().map(Self::Exactly).map_err(|error| {
                format!("{error}; give a version such as 1.2.0, or major, minor or patch")
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(from: &str) -> [String; 3] {
        let from = from.parse().unwrap();
        [Next::Major, Next::Minor, Next::Patch].map(|next| next.after(&from).to_string())
    }

    #[test]
    fn each_word_counts_on() {
        assert_eq!(after("1.2.3"), ["2.0.0", "1.3.0", "1.2.4"]);
        assert_eq!(after("0.1.0+build"), ["1.0.0", "0.2.0", "0.1.1"]);
    }

    #[test]
    fn a_pre_release_counts_on_to_its_release() {
        assert_eq!(after("2.0.0-rc.1"), ["2.0.0", "2.0.0", "2.0.0"]);
        assert_eq!(after("1.3.0-rc.1"), ["2.0.0", "1.3.0", "1.3.0"]);
        assert_eq!(after("1.2.4-rc.1"), ["2.0.0", "1.3.0", "1.2.4"]);
    }

    #[test]
    fn what_is_no_version_says_what_is_one() {
        let error = "1.2".parse::<Next>().unwrap_err();
        assert!(
            error.ends_with("give a version such as 1.2.0, or major, minor or patch"),
            "{error}"
        );
        assert_eq!("1.2.0".parse(), Ok(Next::Exactly(Version::new(1, 2, 0))));
    }
}
