//! The SDK's errors as ours.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use crate::store::StoreError;

/// What a service said, without the request or the raw response, which don't belong in logs.
#[derive(Debug, thiserror::Error)]
#[error("{operation} failed: {code}: {message}")]
pub(super) struct ServiceFailure {
    pub(super) operation: &'static str,
    pub(super) code: String,
    pub(super) message: String,
}

/// No answer at all: no connection, a timeout, something that is not an answer.
#[derive(Debug, thiserror::Error)]
#[error("{operation} failed: {reason}")]
struct NoAnswer {
    operation: &'static str,
    reason: String,
}

pub(super) fn store_error<E>(operation: &'static str, error: &SdkError<E>) -> StoreError
where
    E: ProvideErrorMetadata,
{
    match error {
        SdkError::ServiceError(context) => by_code(
            operation,
            context.err().code().unwrap_or("unknown"),
            context.err().message().unwrap_or_default(),
        ),
        SdkError::TimeoutError(_) => no_answer(operation, "it timed out"),
        SdkError::DispatchFailure(failure) => {
            let reason = if failure.is_timeout() {
                "connecting timed out"
            } else if failure.is_io() {
                "the connection failed"
            } else {
                "the request could not be sent"
            };
            no_answer(operation, reason)
        }
        SdkError::ResponseError(_) => no_answer(operation, "the answer is not understood"),
        _ => no_answer(operation, "the request could not be made"),
    }
}

fn no_answer(operation: &'static str, reason: &str) -> StoreError {
    StoreError::Unavailable(Box::new(NoAnswer {
        operation,
        reason: reason.to_owned(),
    }))
}

/// Sorts an error by its code, as the operation's answer or one reason of a cancelled transaction has it.
pub(super) fn by_code(operation: &'static str, code: &str, message: &str) -> StoreError {
    let source = Box::new(ServiceFailure {
        operation,
        code: code.to_owned(),
        message: message.to_owned(),
    });
    match code {
        "ThrottlingException"
        | "ThrottlingError"
        | "ProvisionedThroughputExceededException"
        | "ProvisionedThroughputExceeded"
        | "RequestLimitExceeded" => StoreError::Throttled(source),
        "AccessDeniedException"
        | "AccessDenied"
        | "UnrecognizedClientException"
        | "InvalidSignatureException"
        | "ExpiredTokenException" => StoreError::Denied(source),
        _ => StoreError::Unavailable(source),
    }
}

/// A request that its builder refused, which none of ours is.
pub(super) fn malformed(error: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Unavailable(Box::new(error))
}
