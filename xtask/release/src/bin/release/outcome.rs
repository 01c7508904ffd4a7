//! How a command ends.

use std::process::ExitCode;

use release::DeployError;
use release::apply::ApplyError;
use release::aws::ConnectError;
use release::ports::RemoteError;
use release::verify::VerifyError;
use thiserror::Error;

/// The end of a command that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Everything is as it should be.
    Done,
    /// Something differs, and nothing was done about it.
    Differs,
    /// Checks failed, and have been printed.
    Failed,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(match outcome {
            Outcome::Done => 0,
            Outcome::Failed => 1,
            Outcome::Differs => 3,
        })
    }
}

/// The command was called in a way that can't be followed.
#[derive(Debug, Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);

/// What can be done about `error`, if its cause is known.
pub(crate) fn mend(error: &anyhow::Error) -> Option<&'static str> {
    error.chain().find_map(|cause| {
        let remote = |error: &RemoteError| error.failure.mend();
        if let Some(error) = cause.downcast_ref::<ApplyError>() {
            return error.mend();
        }
        if let Some(error) = cause.downcast_ref::<DeployError>() {
            return error.mend();
        }
        match (
            cause.downcast_ref::<ConnectError>(),
            cause.downcast_ref::<VerifyError>(),
        ) {
            (Some(ConnectError::Remote(error)), _) | (_, Some(VerifyError::Remote(error))) => {
                Some(remote(error))
            }
            _ => cause.downcast_ref::<RemoteError>().map(remote),
        }
    })
}
