//! Names of stacks, with and without the prefix that SAR gives them.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// What SAR puts before the names of the stacks that it makes.
const REPOSITORY_PREFIX: &str = "serverlessrepo-";

/// A stack's name, as it is given to SAR or `CloudFormation`: a letter, then letters, digits and hyphens.
///
/// At most 113 characters, so that SAR's prefix fits into `CloudFormation`'s 128. The prefix may be part of the name or
/// not: `mcp` and `serverlessrepo-mcp` are the same stack to SAR, and two stacks to everybody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackName {
    without_prefix: String,
    has_prefix: bool,
}

/// A text that can't name a stack.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "`{0}` can't name a stack: it takes a letter, then letters, digits and hyphens, 113 characters at most"
)]
pub struct InvalidStackName(String);

impl StackName {
    const MAX_CHARS: usize = 128 - REPOSITORY_PREFIX.len();

    /// The name that SAR is given.
    pub fn without_prefix(&self) -> &str {
        &self.without_prefix
    }

    /// Whether it was given with SAR's prefix.
    pub fn has_prefix(&self) -> bool {
        self.has_prefix
    }

    /// The name of the stack that SAR makes.
    pub fn in_repository(&self) -> String {
        format!("{REPOSITORY_PREFIX}{}", self.without_prefix)
    }
}

impl FromStr for StackName {
    type Err = InvalidStackName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let stripped = text.strip_prefix(REPOSITORY_PREFIX);
        let name = stripped.unwrap_or(text);
        let is_valid = name.len() <= Self::MAX_CHARS
            && name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if is_valid {
            Ok(Self {
                without_prefix: name.to_owned(),
                has_prefix: stripped.is_some(),
            })
        } else {
            Err(InvalidStackName(text.to_owned()))
        }
    }
}

/// As it was given.
impl fmt::Display for StackName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.has_prefix {
            f.write_str(REPOSITORY_PREFIX)?;
        }
        f.write_str(&self.without_prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_is_named_with_or_without_the_prefix() {
        for given in ["mcp", "serverlessrepo-mcp"] {
            let name: StackName = given.parse().unwrap();
            assert_eq!(name.without_prefix(), "mcp");
            assert_eq!(name.in_repository(), "serverlessrepo-mcp");
            assert_eq!(name.to_string(), given);
        }
        assert!("a".repeat(113).parse::<StackName>().is_ok());
        for wrong in ["", "1a", "a_b", "-", "serverlessrepo-", &"a".repeat(114)] {
            assert!(wrong.parse::<StackName>().is_err(), "{wrong}");
        }
    }
}
