//! The type of a registration, and the identifier made of type and name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::name::{InvalidName, RegistrationName};

/// What MCP clients see a registered function as. Ordered as lists are: tools, resources, prompts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RegistrationType {
    /// Called by the model, with arguments.
    Tool,
    /// Read by URI.
    Resource,
    /// A message template that a user picks.
    Prompt,
}

/// The text names no registration type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be `tool`, `resource` or `prompt`")]
pub struct InvalidType;

impl RegistrationType {
    /// Every type, in the order of lists.
    pub const ALL: [Self; 3] = [Self::Tool, Self::Resource, Self::Prompt];

    /// The type as it stands in documents and table keys.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Resource => "resource",
            Self::Prompt => "prompt",
        }
    }
}

impl FromStr for RegistrationType {
    type Err = InvalidType;

    fn from_str(text: &str) -> Result<Self, InvalidType> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or(InvalidType)
    }
}

impl fmt::Display for RegistrationType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which registration: `{type}-{name}`, such as `tool-example`.
///
/// No type holds a `-`, so the first one ends the type and names may hold more of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegistrationId {
    /// The type, before the first `-`.
    pub kind: RegistrationType,
    /// The name, after it.
    pub name: RegistrationName,
}

/// Why a text is no registration id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidId {
    /// No `-` at all.
    #[error("an id is `{{type}}-{{name}}`, such as `tool-example`")]
    Shape,
    /// What stands before the first `-` is no type.
    #[error("the type of an id (before the first `-`) {0}")]
    Type(#[source] InvalidType),
    /// What stands after it is no name.
    #[error("the name of an id (after the first `-`) {0}")]
    Name(#[source] InvalidName),
}

impl FromStr for RegistrationId {
    type Err = InvalidId;

    fn from_str(id: &str) -> Result<Self, InvalidId> {
        let (kind, name) = id.split_once('-').ok_or(InvalidId::Shape)?;
        Ok(Self {
            kind: kind.parse().map_err(InvalidId::Type)?,
            name: name.parse().map_err(InvalidId::Name)?,
        })
    }
}

impl fmt::Display for RegistrationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.kind, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_round_trip() {
        for id in ["tool-example", "resource-a-b-c", "prompt-_x.y"] {
            assert_eq!(id.parse::<RegistrationId>().unwrap().to_string(), id);
        }
        let id: RegistrationId = "tool-get-weather".parse().unwrap();
        assert_eq!(
            (id.kind, id.name.as_str()),
            (RegistrationType::Tool, "get-weather")
        );
    }

    #[test]
    fn broken_ids_say_why() {
        for (id, expected) in [
            ("tool", InvalidId::Shape),
            ("", InvalidId::Shape),
            ("tools-a", InvalidId::Type(InvalidType)),
            ("-a", InvalidId::Type(InvalidType)),
            ("tool-", InvalidId::Name(InvalidName::Empty)),
            ("tool-a/b", InvalidId::Name(InvalidName::Character)),
        ] {
            assert_eq!(id.parse::<RegistrationId>(), Err(expected), "{id:?}");
        }
    }
}
