//! The name of a registration.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// What a tool, resource or prompt is called, unique within its type.
///
/// 1 to 128 of `A-Z a-z 0-9 _ . -`, beginning with a letter, a digit or `_`, and without `..`: what MCP allows as a
/// tool's name (specification 2026-07-28, server/tools), narrowed so that a name is safe in a URL path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct RegistrationName(String);

/// Why a text is no registration name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// The empty text.
    #[error("must not be empty")]
    Empty,
    /// More than [`RegistrationName::MAX_CHARS`].
    #[error("must have at most 128 characters")]
    TooLong,
    /// A character outside the alphabet.
    #[error("may hold only letters A-Z a-z, digits, `_`, `.` and `-`")]
    Character,
    /// A first character that is neither letter, digit nor `_`.
    #[error("must begin with a letter, a digit or `_`")]
    Start,
    /// Two dots in a row.
    #[error("must not hold `..`")]
    DoubleDot,
}

impl RegistrationName {
    /// The longest name there is.
    pub const MAX_CHARS: usize = 128;

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn check(name: &str) -> Result<(), InvalidName> {
    let Some(first) = name.chars().next() else {
        return Err(InvalidName::Empty);
    };
    if !name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
    {
        return Err(InvalidName::Character);
    }
    if !(first.is_ascii_alphanumeric() || first == '_') {
        return Err(InvalidName::Start);
    }
    if name.contains("..") {
        return Err(InvalidName::DoubleDot);
    }
    // All ASCII by now, so bytes are characters.
    if name.len() > RegistrationName::MAX_CHARS {
        return Err(InvalidName::TooLong);
    }
    Ok(())
}

impl TryFrom<String> for RegistrationName {
    type Error = InvalidName;

    fn try_from(name: String) -> Result<Self, InvalidName> {
        check(&name)?;
        Ok(Self(name))
    }
}

impl FromStr for RegistrationName {
    type Err = InvalidName;

    fn from_str(name: &str) -> Result<Self, InvalidName> {
        Self::try_from(name.to_owned())
    }
}

impl fmt::Display for RegistrationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for RegistrationName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_pass() {
        for name in [
            "a",
            "_x",
            "9lives",
            "get-weather.v2_final",
            &"n".repeat(128),
        ] {
            assert_eq!(name.parse::<RegistrationName>().unwrap().as_str(), name);
        }
    }

    #[test]
    fn each_rule_is_named() {
        let too_long = "n".repeat(129);
        for (name, expected) in [
            ("", InvalidName::Empty),
            (too_long.as_str(), InvalidName::TooLong),
            ("a/b", InvalidName::Character),
            ("a b", InvalidName::Character),
            ("fire🔥", InvalidName::Character),
            ("naïve", InvalidName::Character),
            ("a\0", InvalidName::Character),
            ("-a", InvalidName::Start),
            (".a", InvalidName::Start),
            ("a..b", InvalidName::DoubleDot),
        ] {
            assert_eq!(name.parse::<RegistrationName>(), Err(expected), "{name:?}");
        }
    }
}
