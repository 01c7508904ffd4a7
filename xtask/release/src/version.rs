//! A version of the application, as SAR has it: <https://semver.org>.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A version of the application. Once published, SAR neither changes nor deletes it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SemanticVersion(semver::Version);

impl SemanticVersion {
    /// Whether it is one that [`development`](Self::development) has made.
    pub fn is_development(&self) -> bool {
        self.0.pre.starts_with("dev.")
    }

    /// A pre-release of this version for one content, by the digest of that content.
    #[must_use]
    pub fn development(&self, digest: &str) -> Self {
        let short: String = digest.chars().take(12).collect();
        let mut version = self.0.clone();
        // The letter keeps a digest of digits alone from being a number, which could not begin with 0.
        if let Ok(pre) = semver::Prerelease::new(&format!("dev.g{short}")) {
            version.pre = pre;
        }
        Self(version)
    }
}

impl FromStr for SemanticVersion {
    type Err = semver::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        semver::Version::parse(text).map(Self)
    }
}

impl fmt::Display for SemanticVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_semantic_and_ordered() {
        let version = |text: &str| text.parse::<SemanticVersion>().unwrap();
        assert!(version("0.10.0") > version("0.9.1"));
        assert!(version("1.0.0-rc.1") < version("1.0.0"));
        assert_eq!(version("1.2.3+build").to_string(), "1.2.3+build");
        let development = version("1.2.3").development("0123456789abcdef");
        assert_eq!(development.to_string(), "1.2.3-dev.g0123456789ab");
        assert!(development < version("1.2.3"));
        assert!(development.is_development());
        assert!(!version("1.2.3-rc.1").is_development());
        assert!("1.2".parse::<SemanticVersion>().is_err());
        assert!("v1.2.3".parse::<SemanticVersion>().is_err());
    }
}
