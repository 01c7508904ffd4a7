//! What was said on a stream.

use super::{CallKey, SessionId};
use bytes::Bytes;
use registry::{CatalogVersion, CatalogVersions};
use std::{fmt, str::FromStr};

/// Events of one stream that are kept; those before them are forgotten.
pub const KEPT_AT_MOST: u64 = 512;

/// An event that has a place in its stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Which it is, counted from 1.
    pub number: u64,
    /// The message; empty if there is nothing to say but that the request was called off.
    pub message: Bytes,
    /// The id of the request that it answers, as JSON.
    pub answers: Option<String>,
}

/// How the stream of an answer begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The id of the request that is answered, as JSON.
    pub request: String,
    /// Until when the environment lives that answers it, in milliseconds since the epoch.
    pub alive_until: u64,
}

/// The id of an event of the revisions since 2025-03-26, from which a client can go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventId {
    /// A place in the stream of an answer.
    Answer {
        /// The call.
        call: CallKey,
        /// The event's number, 0 for the stream's beginning.
        number: u64,
    },
    /// What was told of the lists on the stream for notifications.
    Lists(CatalogVersions),
}

/// Begins the ids of events about lists.
const LISTS: &str = "lists-";

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer { call, number } => write!(f, "{call}-{number}"),
            Self::Lists(versions) => {
                let CatalogVersions {
                    tools,
                    prompts,
                    resources,
                    ..
                } = versions;
                write!(f, "{LISTS}{tools}.{prompts}.{resources}")
            }
        }
    }
}

/// The id of an event of 2024-11-05, from which a client can go on, in the same session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceInStream {
    /// The session.
    pub session: SessionId,
    /// Which of the session's streams it was, counted from 1.
    pub term: u64,
    /// The event's number in that, 0 for its beginning.
    pub number: u64,
}

impl fmt::Display for PlaceInStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}.{}", self.session, self.term, self.number)
    }
}

impl FromStr for PlaceInStream {
    type Err = InvalidEventId;

    fn from_str(text: &str) -> Result<Self, InvalidEventId> {
        let read = || {
            let (session, place) = text.rsplit_once('-')?;
            let (term, number) = place.split_once('.')?;
            Some(Self {
                session: session.parse().ok()?,
                term: term.parse().ok()?,
                number: number.parse().ok()?,
            })
        };
        read().ok_or(InvalidEventId)
    }
}

/// The text is no event's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no event that was sent here")]
pub struct InvalidEventId;

impl FromStr for EventId {
    type Err = InvalidEventId;

    fn from_str(text: &str) -> Result<Self, InvalidEventId> {
        if let Some(versions) = text.strip_prefix(LISTS) {
            let mut numbers = versions.split('.').map(|number| number.parse().ok());
            let mut next = || numbers.next().flatten().map(CatalogVersion::new);
            let (Some(tools), Some(prompts), Some(resources)) = (next(), next(), next()) else {
                return Err(InvalidEventId);
            };
            return Ok(Self::Lists(CatalogVersions {
                whole: tools.max(prompts).max(resources),
                tools,
                prompts,
                resources,
            }));
        }
        let (call, number) = text.rsplit_once('-').ok_or(InvalidEventId)?;
        Ok(Self::Answer {
            call: call.parse().map_err(|_| InvalidEventId)?,
            number: number.parse().map_err(|_| InvalidEventId)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ids_are_read_as_they_are_written(tools in 0_u64.., prompts in 0_u64.., resources in 0_u64.., number in 0_u64..) {
            let versions = CatalogVersions {
                whole: CatalogVersion::new(tools.max(prompts).max(resources)),
                tools: CatalogVersion::new(tools),
                prompts: CatalogVersion::new(prompts),
                resources: CatalogVersion::new(resources),
            };
            let answer = EventId::Answer { call: CallKey::random().unwrap(), number };
            for id in [EventId::Lists(versions), answer] {
                prop_assert_eq!(id.to_string().parse(), Ok(id));
            }
            let place = PlaceInStream { session: SessionId::random().unwrap(), term: tools, number };
            prop_assert_eq!(place.to_string().parse(), Ok(place));
        }

        #[test]
        fn nothing_else_is_read(text in ".{0,40}") {
            if let Ok(id) = text.parse::<EventId>() {
                prop_assert_eq!(id.to_string().parse(), Ok(id));
            }
        }
    }
}
