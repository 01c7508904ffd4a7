//! The ways in which an invocation fails.

use std::{error::Error, time::Duration};

/// Why a function gave no answer.
///
/// The `Display` text is for the log. What clients may read is [`InvokeFailure::explain`], which names neither
/// functions nor accounts.
#[derive(Debug, thiserror::Error)]
pub enum InvokeFailure {
    /// Lambda refused for now: too many invocations at once, or the function isn't ready yet.
    #[error("the function is throttled or not ready")]
    Busy(#[source] Box<dyn Error + Send + Sync>),
    /// The gateway's role may not invoke the function.
    #[error("the function may not be invoked")]
    Denied(#[source] Box<dyn Error + Send + Sync>),
    /// There is no such function, alias or version.
    #[error("the function does not exist")]
    Missing(#[source] Box<dyn Error + Send + Sync>),
    /// No answer came within the time allowed.
    #[error("no answer within {:.1} s", .0.as_secs_f64())]
    TimedOut(Duration),
    /// The function ran into its own timeout.
    #[error("the function ran into its own timeout")]
    FunctionTimedOut,
    /// The function ended with an error. Holds the error's type, as the function's runtime reports it.
    #[error("the function failed with {kind:?}")]
    Crashed {
        /// `errorType` of the report, cut to 100 characters.
        kind: String,
    },
    /// The event is larger than Lambda takes (6 MB).
    #[error("the event is too large for Lambda")]
    RequestTooLarge(#[source] Box<dyn Error + Send + Sync>),
    /// The answer is larger than Lambda passes on (6 MB).
    #[error("the answer is too large for Lambda")]
    ResponseTooLarge,
    /// Lambda calls the invocation part of a loop and stopped it.
    #[error("lambda stopped a recursive loop")]
    Recursion(#[source] Box<dyn Error + Send + Sync>),
    /// Anything else: the service failed or could not be reached.
    #[error("lambda could not be asked to run the function")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}

impl InvokeFailure {
    /// What the client is told. `what` names the registration, as in ``tool `search` ``.
    pub fn explain(&self, what: &str) -> String {
        match self {
            Self::Busy(_) => format!("{what} is busy at the moment; try again shortly"),
            Self::Denied(_) => {
                format!(
                    "{what} can't be used: this server may not invoke its function; ask the administrator"
                )
            }
            Self::Missing(_) => {
                format!("{what} can't be used: its function does not exist; ask the administrator")
            }
            Self::TimedOut(limit) => {
                format!("{what} gave no answer within {} s", whole_seconds(*limit))
            }
            Self::FunctionTimedOut => format!("{what} ran out of time"),
            Self::Crashed { .. } => format!("{what} failed while it ran"),
            Self::RequestTooLarge(_) => {
                format!("the arguments for {what} are too large (at most 6 MB)")
            }
            Self::ResponseTooLarge => {
                format!("{what} gave an answer that is too large (at most 6 MB)")
            }
            Self::Recursion(_) => format!("{what} was stopped because it called itself in a loop"),
            Self::Unavailable(_) => format!("{what} could not be reached; try again shortly"),
        }
    }
}

fn whole_seconds(limit: Duration) -> u64 {
    limit
        .as_millis()
        .div_ceil(1000)
        .try_into()
        .unwrap_or(u64::MAX)
}
