//! How a command ends.

use std::process::ExitCode;

use thiserror::Error;

/// The exit code of a command that failed.
pub const FAILED: u8 = 1;
/// The exit code of a command that was called in a way that can't be followed; clap's own.
pub const USAGE: u8 = 2;
/// The exit code of a command that found a difference and did nothing about it.
pub const DIFFERS: u8 = 3;

/// The end of a command that did not break off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
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
            Outcome::Failed => FAILED,
            Outcome::Differs => DIFFERS,
        })
    }
}

/// The command was called in a way that can't be followed.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct Usage(pub String);
