//! Requests to AWS that failed for good, and what can be done about it.

use thiserror::Error;

/// Why a request failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// What it is about exists already, or is being changed by somebody else.
    Conflict,
    /// The bucket is another account's, or lies in another region.
    ForeignBucket,
    /// The caller may not.
    AccessDenied,
    /// The caller's credentials have expired.
    ExpiredCredentials,
    /// There are no credentials.
    NoCredentials,
    /// Too many requests, after all attempts.
    Throttled,
    /// The service failed, after all attempts.
    Service,
    /// No answer, after all attempts.
    Unreachable,
    /// The service refused what was sent, or answered what can't be understood.
    Refused,
}

impl Failure {
    /// Whether the same request may succeed a little later.
    pub fn is_passing(self) -> bool {
        matches!(self, Self::Throttled | Self::Service | Self::Unreachable)
    }

    /// What can be done about it.
    pub fn mend(self) -> &'static str {
        match self {
            Self::Conflict => "somebody else may be at work: run again to see what is there now",
            Self::ForeignBucket => {
                "name a bucket of this account in the application's region with --bucket"
            }
            Self::AccessDenied => "use credentials that may do this; docs/ lists the permissions",
            Self::ExpiredCredentials => "get new credentials (`aws sso login`), then run again",
            Self::NoCredentials => "set AWS_PROFILE, or log in with `aws sso login`",
            Self::Throttled | Self::Service | Self::Unreachable => {
                "run again: what is done stays done"
            }
            Self::Refused => "change what the message names, then run again",
        }
    }
}

/// A request that failed for good.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{operation}: {message}")]
pub struct RemoteError {
    /// The operation's name, such as `PutObject`.
    pub operation: &'static str,
    /// Why.
    pub failure: Failure,
    /// The service's own words, on one line.
    pub message: String,
}
