//! The identifiers of tasks.

use crate::unguessable::{self, CHARS, NoRandomness};
use std::{fmt, str::FromStr};

/// Names a task. Nobody can guess one, and knowing one is not enough either: a task answers its own caller only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskId(String);

/// The text names no task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a task's identifier has {CHARS} letters, digits, `-` and `_`")]
pub struct InvalidTaskId;

impl TaskId {
    /// A new one, of 192 random bits.
    pub fn random() -> Result<Self, NoRandomness> {
        unguessable::random().map(Self)
    }

    /// The identifier as clients get it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TaskId {
    type Err = InvalidTaskId;

    fn from_str(text: &str) -> Result<Self, InvalidTaskId> {
        if unguessable::is_one(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidTaskId)
        }
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_can_be_read_and_nothing_else() {
        let id = TaskId::random().unwrap();
        assert_eq!(id.as_str().parse(), Ok(id.clone()));
        assert_ne!(TaskId::random().unwrap(), id);
        for other in ["", "gate-test", &"a".repeat(33), &"#".repeat(32)] {
            assert_eq!(other.parse::<TaskId>(), Err(InvalidTaskId));
        }
    }
}
