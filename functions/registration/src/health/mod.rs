//! Whether the function of a registration could be invoked if somebody called it now.
//!
//! Lambda is asked with a dry run, which checks permissions and runs nothing. It is asked by this function, whose role
//! the template gives the same permissions as the gateway's (the MCP function's), and not by the gateway itself: within
//! the account the two answers are the same unless somebody granted one role alone, which is why what is granted by hand
//! is granted to both. Across accounts each role needs two grants, the owner's and one of this account's, so that there a
//! refusal says nothing about the gateway.

mod checker;
mod gateway;
mod probe;
mod sdk;

pub use checker::Checker;
pub use gateway::{Gateway, InvalidRole, RoleArn};
pub use probe::{FunctionProbe, Probed};
pub use sdk::LambdaProbe;

use serde::Serialize;

/// What would happen to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The function would be invoked.
    Ok,
    /// The function is where Lambda does not look for it: in another region.
    Unreachable,
    /// The gateway may not invoke it.
    Denied,
    /// There is no such function, version or alias.
    Missing,
    /// It can't be told.
    Unknown,
}

/// The state of a function, as seen from the gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Health {
    /// In a word.
    pub status: Status,
    /// What that means here, unless all is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What to do about it, if that is known: in words, with whole commands on lines of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
}

impl Health {
    /// All is well.
    pub const OK: Self = Self {
        status: Status::Ok,
        message: None,
        mend: None,
    };

    /// Nothing is known, for this reason.
    pub fn unknown(message: impl Into<String>) -> Self {
        Self {
            status: Status::Unknown,
            message: Some(message.into()),
            mend: None,
        }
    }

    /// Whether calls would fail for certain.
    pub fn is_failing(&self) -> bool {
        matches!(
            self.status,
            Status::Unreachable | Status::Denied | Status::Missing
        )
    }
}
