//! What a write changes, under which conditions, and why it may be refused.

use std::fmt;

use crate::id::RegistrationId;
use crate::registration::Registration;

use super::{Action, CatalogVersion, StoreError};

/// Who writes: the ARN of an IAM principal, as Lambda tells it of a caller. For the session of a role that is the
/// session's, which names a person where the role alone would not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author(String);

impl Author {
    /// The author with this ARN.
    pub fn new(arn: impl Into<String>) -> Self {
        Self(arn.into())
    }

    /// The ARN.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One change of one registration.
#[derive(Debug, Clone)]
pub struct Change {
    /// What is to be done.
    pub operation: Operation,
    /// What has to be true of the registration as it is.
    pub precondition: Precondition,
}

/// What is to be done with a registration.
#[derive(Debug, Clone)]
pub enum Operation {
    /// Keep a new one.
    Create(Registration),
    /// Put it in the place of the one with its id.
    Replace(Registration),
    /// The same, where it was made by patching that one.
    Patch(Registration),
    /// Keep it, whether there was one with its id or not.
    Put(Registration),
    /// Forget the one with this id.
    Delete(RegistrationId),
}

impl Operation {
    /// Which registration it is about.
    pub fn id(&self) -> RegistrationId {
        match self {
            Self::Delete(id) => id.clone(),
            Self::Create(registration)
            | Self::Replace(registration)
            | Self::Patch(registration)
            | Self::Put(registration) => registration.id(),
        }
    }

    /// The registration that there is afterwards, if any.
    pub fn registration(&self) -> Option<&Registration> {
        match self {
            Self::Delete(_) => None,
            Self::Create(registration)
            | Self::Replace(registration)
            | Self::Patch(registration)
            | Self::Put(registration) => Some(registration),
        }
    }
}

impl From<Operation> for Change {
    /// The change without a precondition.
    fn from(operation: Operation) -> Self {
        Self {
            operation,
            precondition: Precondition::default(),
        }
    }
}

/// What has to be true of a registration for it to be written: HTTP's `If-Match` and `If-None-Match` (RFC 9110,
/// section 13.1). Nothing, by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Precondition {
    /// It exists, at one of these revisions.
    pub if_match: Option<Revisions>,
    /// It doesn't, or is at none of these.
    pub if_none_match: Option<Revisions>,
}

/// A set of revisions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revisions {
    /// All.
    Any,
    /// These.
    OneOf(Vec<CatalogVersion>),
}

impl Revisions {
    /// Whether a registration at this revision is meant; `None` is one that has none, as no program of this project
    /// wrote it.
    fn hold(&self, revision: Option<CatalogVersion>) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(revisions) => {
                revision.is_some_and(|revision| revisions.contains(&revision))
            }
        }
    }
}

impl Precondition {
    /// That the registration is at this revision.
    pub fn at(revision: CatalogVersion) -> Self {
        Self {
            if_match: Some(Revisions::OneOf(vec![revision])),
            if_none_match: None,
        }
    }

    /// Whether it holds for what is stored: nothing, or a registration at this revision.
    pub fn holds(&self, stored: Option<Option<CatalogVersion>>) -> bool {
        let matches = |revisions: &Revisions| stored.is_some_and(|at| revisions.hold(at));
        self.if_match.as_ref().is_none_or(matches)
            && !self.if_none_match.as_ref().is_some_and(matches)
    }
}

/// A change that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Of which registration.
    pub id: RegistrationId,
    /// What it came to; a put is a creation or a replacement.
    pub action: Action,
    /// The catalog version that it made, which is now the registration's revision.
    pub revision: CatalogVersion,
}

/// Why a change is not made. It is not tried again: the same will be refused until something else is changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A registration with this id exists.
    #[error("{0} is registered already")]
    AlreadyExists(RegistrationId),
    /// No registration has this id.
    #[error("{0} is not registered")]
    NotFound(RegistrationId),
    /// Another resource has this URI, or is to have it after this write.
    #[error("the URI {uri} is taken by {by}")]
    UriTaken {
        /// The URI.
        uri: String,
        /// The resource that has it.
        by: RegistrationId,
    },
    /// The precondition does not hold.
    #[error("{id} is not at the revision that was asked for")]
    PreconditionFailed {
        /// Of which registration.
        id: RegistrationId,
        /// The revision that it has; none if it is not registered.
        revision: Option<CatalogVersion>,
    },
    /// An earlier change of the same write is of the same registration.
    #[error("{0} is changed twice in one write")]
    Repeated(RegistrationId),
}

/// A change that is not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its place among the changes.
    pub change: usize,
    /// Why.
    pub refusal: Refusal,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Changes can't be made, each for its reason. Never empty, in the order of the changes.
    #[error("{}", Listed(.0))]
    Refused(Vec<Refused>),
    /// The changes are more than one transaction can hold (100 actions, 4 MB).
    #[error("the changes are too many or too large for one transaction: the first {fits} fit")]
    TooLarge {
        /// How many of them, from the first on, one transaction can hold.
        fits: usize,
    },
    /// Other writes came first, again and again; trying later will do.
    #[error("gave up after {attempts} attempts, because other writes came first each time")]
    Conflict {
        /// How often it was tried.
        attempts: u32,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

struct Listed<'a>(&'a [Refused]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, refused) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{}", refused.refusal)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preconditions_hold_as_in_http() {
        let version = CatalogVersion::new;
        let these = Revisions::OneOf(vec![version(3), version(7)]);
        let if_match = |revisions| Precondition {
            if_match: Some(revisions),
            if_none_match: None,
        };
        let if_none_match = |revisions| Precondition {
            if_match: None,
            if_none_match: Some(revisions),
        };
        for (precondition, absent, at_7, at_8, at_none) in [
            (Precondition::default(), true, true, true, true),
            (if_match(Revisions::Any), false, true, true, true),
            (if_match(these.clone()), false, true, false, false),
            (if_none_match(Revisions::Any), true, false, false, false),
            (if_none_match(these), true, false, true, true),
        ] {
            let holds = |stored| precondition.holds(stored);
            let seen = (
                holds(None),
                holds(Some(Some(version(7)))),
                holds(Some(Some(version(8)))),
                holds(Some(None)),
            );
            assert_eq!(seen, (absent, at_7, at_8, at_none), "{precondition:?}");
        }
    }
}
