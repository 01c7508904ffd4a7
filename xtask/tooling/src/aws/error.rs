//! What the SDK's errors mean here.

use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::{Failure, RemoteError};

/// The outcome of an operation whose failure may just mean that something does not exist.
pub fn found<T, E>(
    operation: &'static str,
    result: Result<T, SdkError<E, HttpResponse>>,
) -> Result<Option<T>, RemoteError>
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if status(&error) == Some(404) => Ok(None),
        Err(error) => Err(remote(operation, &error)),
    }
}

/// The HTTP status of the answer, if there was one.
pub fn status<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    error
        .raw_response()
        .map(|response| response.status().as_u16())
}

/// The error's code, as the service names it.
pub fn code<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Option<&str> {
    error.as_service_error()?.meta().code()
}

/// The SDK's error as one of ours.
pub fn remote<E>(operation: &'static str, error: &SdkError<E, HttpResponse>) -> RemoteError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let words = match error {
        SdkError::ServiceError(service) => {
            let meta = service.err().meta();
            match (meta.message(), meta.code()) {
                (Some(message), Some(code)) => format!("{message} ({code})"),
                (Some(words), None) | (None, Some(words)) => words.to_owned(),
                // The answer to a HEAD request has no body to say it in.
                (None, None) => format!("HTTP status {}", service.raw().status()),
            }
        }
        other => {
            let words = innermost(other);
            // The credentials' chain goes on with everything that it tried.
            let end = words.find(" Attempted:").unwrap_or(words.len());
            words[..end].to_owned()
        }
    };
    RemoteError {
        operation,
        failure: failure(error, &words),
        message: words.split_whitespace().collect::<Vec<_>>().join(" "),
    }
}

fn failure<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>, words: &str) -> Failure {
    match error {
        SdkError::ServiceError(_) => by_answer(code(error).unwrap_or_default(), status(error)),
        // The credentials' chain has no type for having found nothing: this is how it ends.
        SdkError::DispatchFailure(failure) if failure.is_other() => {
            if words.contains("expired") {
                Failure::ExpiredCredentials
            } else {
                Failure::NoCredentials
            }
        }
        SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) | SdkError::ResponseError(_) => {
            Failure::Unreachable
        }
        _ => Failure::Refused,
    }
}

fn by_answer(code: &str, status: Option<u16>) -> Failure {
    match (code, status) {
        (
            "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" | "TokenRefreshRequired",
            _,
        ) => Failure::ExpiredCredentials,
        ("ThrottlingException" | "Throttling" | "TooManyRequestsException" | "SlowDown", _)
        | (_, Some(429)) => Failure::Throttled,
        ("BucketAlreadyExists" | "PermanentRedirect" | "AuthorizationHeaderMalformed", _)
        | (_, Some(301)) => Failure::ForeignBucket,
        (_, Some(401 | 403)) => Failure::AccessDenied,
        (_, Some(409)) => Failure::Conflict,
        (_, Some(500..)) => Failure::Service,
        _ => Failure::Refused,
    }
}

/// The last cause in the chain: the outer ones only say that something failed.
fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart_by_code_and_status() {
        let cases = [
            ("ExpiredTokenException", 403, Failure::ExpiredCredentials),
            ("ExpiredToken", 400, Failure::ExpiredCredentials),
            ("AccessDeniedException", 403, Failure::AccessDenied),
            ("ForbiddenException", 403, Failure::AccessDenied),
            ("ConflictException", 409, Failure::Conflict),
            ("TooManyRequestsException", 429, Failure::Throttled),
            ("SlowDown", 503, Failure::Throttled),
            ("Throttling", 400, Failure::Throttled),
            ("InternalServerErrorException", 500, Failure::Service),
            ("BadRequestException", 400, Failure::Refused),
            ("BucketAlreadyExists", 409, Failure::ForeignBucket),
            ("PermanentRedirect", 301, Failure::ForeignBucket),
        ];
        for (code, status, failure) in cases {
            assert_eq!(by_answer(code, Some(status)), failure, "{code}");
        }
    }
}
