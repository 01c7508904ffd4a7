//! Which registration: the id that the registry gives it, `{type}-{name}`.

use std::fmt;

use serde::{Serialize, Serializer};

/// A registration's type, in the order of the registry's lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Called by the model.
    Tool,
    /// Read by URI.
    Resource,
    /// A message template.
    Prompt,
}

impl Kind {
    /// All of them, in order.
    pub const ALL: [Self; 3] = [Self::Tool, Self::Resource, Self::Prompt];

    /// The word that documents have for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Resource => "resource",
            Self::Prompt => "prompt",
        }
    }

    /// The type that a word stands for.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// A registration's id. Ordered as the registry's lists are: by type, then by the bytes of the name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id {
    /// Before the first `-`.
    pub kind: Kind,
    /// After it. What a name may be is the registry's to say, and this program's schema says it before that.
    pub name: String,
}

impl Id {
    /// The id that a text is.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, name) = text.split_once('-')?;
        Some(Self {
            kind: Kind::named(kind)?,
            name: name.to_owned(),
        })
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.kind.as_str(), self.name)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
