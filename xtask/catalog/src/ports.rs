//! What catalogues need of a deployment: its registration API. HTTP stands behind the trait, and so does the memory of a
//! test.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::document::Document;
use crate::id::Id;
use crate::node::Node;

/// How many problems a refusal shows: one function that is missing may be that of a whole batch.
const MAX_SHOWN: usize = 10;

/// A registration as the registry has it.
#[derive(Debug, Clone)]
pub struct Live {
    /// The document, written out by the registry.
    pub document: Document,
    /// Its revision, as `If-Match` takes it.
    pub etag: String,
}

/// One page of the registry's list.
#[derive(Debug, Clone)]
pub struct Page {
    /// The registrations, in order.
    pub registrations: Vec<Live>,
    /// Where the list goes on, if it does.
    pub next: Option<String>,
    /// The version of the whole catalog when this page was read.
    pub version: String,
}

/// One write of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// Make a registration that does not exist.
    Create {
        /// Which.
        id: Id,
        /// The document.
        registration: Node,
    },
    /// Put a document in the place of the one with this revision.
    Replace {
        /// Which.
        id: Id,
        /// The document.
        registration: Node,
        /// The revision that was read.
        if_match: String,
    },
    /// Delete the registration with this revision.
    Delete {
        /// Which.
        id: Id,
        /// The revision that was read.
        if_match: String,
    },
}

impl Operation {
    /// What it is about.
    pub fn id(&self) -> &Id {
        let (Self::Create { id, .. } | Self::Replace { id, .. } | Self::Delete { id, .. }) = self;
        id
    }
}

/// What the registry says of a document that it was asked to check.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// Everything that is wrong; nothing, if it is valid.
    pub problems: Vec<Problem>,
    /// The document as the registry would keep it, if it is valid.
    pub normalized: Option<Document>,
}

/// A field and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// A path such as `inputSchema.properties.a`; empty for the whole.
    pub field: String,
    /// What is wrong, and what would be right.
    pub message: String,
}

/// Who changed a registration last.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LastChange {
    /// When, as RFC 3339.
    pub at: String,
    /// The IAM principal, if it is known.
    pub by: Option<String>,
    /// `create`, `replace`, `patch` or `delete`.
    pub action: String,
}

/// An answer that says no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The registry's word for it, such as `precondition_failed`; empty if the answer is not the registry's own.
    pub code: String,
    /// The registry's sentence.
    pub message: String,
    /// What is wrong with the parts of what was sent.
    pub problems: Vec<Problem>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (", self.message)?;
        if !self.code.is_empty() {
            write!(f, "{}, ", self.code)?;
        }
        write!(f, "HTTP status {})", self.status)?;
        for problem in self.problems.iter().take(MAX_SHOWN) {
            write!(f, "\n  ")?;
            if !problem.field.is_empty() {
                write!(f, "{}: ", problem.field)?;
            }
            write!(f, "{}", problem.message)?;
        }
        match self.problems.len().checked_sub(MAX_SHOWN) {
            Some(more) if more > 0 => write!(f, "\n  … and {more} more"),
            _ => Ok(()),
        }
    }
}

/// Why the registry did not do what it was asked.
#[derive(Debug, Error)]
pub enum RegistryError {
    /// It says no, and nothing was done.
    #[error("{0}")]
    Refused(Refusal),
    /// It has too much to do; nothing was done.
    #[error("the registry takes no more requests right now: {message}")]
    Busy {
        /// Its words.
        message: String,
        /// How long it asks to be left alone.
        retry_after: Option<Duration>,
    },
    /// There was no answer, or one that does not tell whether anything was done.
    #[error("no telling whether it was done: {0}")]
    Unsettled(String),
    /// The answer can't be understood: this is another API, or another version of it.
    #[error(
        "the answer can't be understood: {0}; is this a registration URL, and the deployment up to date?"
    )]
    Answer(String),
    /// The request can't be signed.
    #[error("the request can't be signed: {0}")]
    Credentials(String),
}

impl RegistryError {
    /// What can be done about it, where that is known.
    pub fn mend(&self) -> Option<&'static str> {
        match self {
            Self::Refused(refusal) if refusal.status == 403 => Some(
                "use credentials that may invoke the registration function by its URL (README, deploying); for a local \
                 cloud with `--auth iam`, export the keys that it printed",
            ),
            Self::Busy { .. } | Self::Unsettled(_) => Some("run again: what is done stays done"),
            Self::Credentials(_) => Some("set AWS_PROFILE, or log in with `aws sso login`"),
            _ => None,
        }
    }
}

/// A deployment's registration API. Each call is one attempt.
pub trait Registry: Sync {
    /// A page of the list, with revisions.
    fn page(&self, cursor: Option<&str>) -> impl Future<Output = Result<Page, RegistryError>>;

    /// One registration, if it is there.
    fn get(&self, id: &Id) -> impl Future<Output = Result<Option<Live>, RegistryError>>;

    /// Checks documents and writes nothing; the verdicts are in their order. With `health`, a
    /// function that can't be invoked is a problem, too.
    fn validate(
        &self,
        documents: &[&Node],
        health: bool,
    ) -> impl Future<Output = Result<Vec<Verdict>, RegistryError>>;

    /// Does all operations or none. `force` registers functions that can't be invoked, too.
    fn batch(
        &self,
        operations: &[Operation],
        force: bool,
    ) -> impl Future<Output = Result<(), RegistryError>>;

    /// Who changed a registration last, also one that is deleted.
    fn last_change(
        &self,
        id: &Id,
    ) -> impl Future<Output = Result<Option<LastChange>, RegistryError>>;
}
