//! What sessions, calls in them, and questions of these are called.

use crate::unguessable::{self, NoRandomness};
use std::{fmt, str::FromStr};

/// The text names nothing of the kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no name that was given out here")]
pub struct InvalidName;

/// Names a session. Nobody can guess one, and knowing one is not enough either: a session serves its own caller only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionId(String);

/// Names a call within a session, and the stream of its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallKey(String);

macro_rules! unguessable {
    ($name:ident) => {
        impl $name {
            /// A new one, of 192 random bits.
            pub fn random() -> Result<Self, NoRandomness> {
                unguessable::random().map(Self)
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                if unguessable::is_one(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(InvalidName)
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

unguessable!(SessionId);
unguessable!(CallKey);

/// Names a question to a client: the id of the request that asks it. A reply to it finds the call by that alone, in
/// whatever environment it arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuestionId {
    /// The call that asks.
    pub call: CallKey,
    /// Which of the call's questions.
    pub number: u32,
}

impl fmt::Display for QuestionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.call, self.number)
    }
}

impl FromStr for QuestionId {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let (call, number) = text.rsplit_once('-').ok_or(InvalidName)?;
        Ok(Self {
            call: call.parse()?,
            number: number.parse().map_err(|_| InvalidName)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written_and_nothing_else_is() {
        let call = CallKey::random().unwrap();
        let question = QuestionId { call, number: 7 };
        assert_eq!(question.to_string().parse(), Ok(question.clone()));
        let session = SessionId::random().unwrap();
        assert_eq!(session.as_str().parse(), Ok(session.clone()));
        for odd in [
            "",
            "1868a90c",
            "0",
            &format!("{session}-x"),
            &format!("$task#{session}"),
        ] {
            assert_eq!(odd.parse::<SessionId>(), Err(InvalidName), "{odd}");
            assert_eq!(odd.parse::<QuestionId>(), Err(InvalidName), "{odd}");
        }
    }
}
