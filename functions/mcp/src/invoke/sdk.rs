//! [`FunctionInvoker`] by the AWS SDK.

use super::{AnswerStream, FunctionInvoker, InvokeFailure, InvokeRequest, stream};
use aws_sdk_lambda::{
    Client, Config,
    config::{retry::RetryConfig, timeout::TimeoutConfig},
    error::SdkError,
    operation::{
        invoke::{InvokeError, InvokeOutput},
        invoke_with_response_stream::InvokeWithResponseStreamError,
    },
    primitives::Blob,
    types::InvocationType,
};
use aws_smithy_runtime_api::client::{
    interceptors::context::InterceptorContext,
    retries::classifiers::{ClassifyRetry, RetryAction, RetryClassifierPriority},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use registry::aws::SdkConfig;
use serde::Deserialize;
use std::{error::Error, sync::OnceLock, time::Duration};
use tokio::time::Instant;

/// Time in which a connection to Lambda has to stand.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Time in which Lambda has to take an event.
const EVENT_TIMEOUT: Duration = Duration::from_secs(10);
/// The version that this function runs as; its role may invoke itself by this name only.
const LATEST: &str = "$LATEST";
/// `errorType` with which Lambda reports a function's own timeout.
const TIMED_OUT: &str = "Sandbox.Timedout";
/// `errorType` with which Lambda reports an answer over 6 MB.
const RESPONSE_TOO_LARGE: &str = "Function.ResponseSizeTooLarge";
/// Longest part of an `errorType` that is kept: functions choose it freely.
const ERROR_TYPE_AT_MOST: usize = 100;

/// Invokes functions through the Lambda API.
#[derive(Debug)]
pub struct LambdaInvoker {
    sdk: SdkConfig,
    /// This function.
    own_name: String,
    client: OnceLock<Client>,
}

impl LambdaInvoker {
    /// An invoker for the function called `own_name`, that makes its client for the first invocation: a client reads the list of AWS partitions when it
    /// is made, a quarter of the instructions up to the first poll for an event, and a first request may invoke
    /// nothing.
    pub fn new(sdk: SdkConfig, own_name: String) -> Self {
        Self {
            sdk,
            own_name,
            client: OnceLock::new(),
        }
    }

    fn client(&self) -> &Client {
        self.client.get_or_init(|| client(&self.sdk))
    }
}

/// Throttling and broken connections are retried (connections break while an environment is frozen). An answer with a
/// 5xx status is not, since the function may have run.
fn client(sdk: &SdkConfig) -> Client {
    let mut config = Config::from(sdk)
        .to_builder()
        .retry_config(RetryConfig::standard())
        .retry_classifier(NotAfterServerError)
        // The time limit of each request is the only bound on an answer.
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .build(),
        );
    if let Some(url) = registry::aws::endpoint_url("lambda") {
        config = config.endpoint_url(url);
    }
    Client::from_conf(config.build())
}

impl FunctionInvoker for LambdaInvoker {
    async fn invoke(&self, request: InvokeRequest) -> Result<Bytes, InvokeFailure> {
        let sent = self
            .client()
            .invoke()
            .function_name(request.function.to_string())
            .set_client_context(
                request
                    .client_context
                    .map(|context| STANDARD.encode(context)),
            )
            .payload(Blob::new(request.payload))
            .send();
        match tokio::time::timeout(request.time_limit, sent).await {
            Ok(Ok(output)) => answer(output),
            Ok(Err(error)) => Err(failure(
                error,
                InvokeError::is_recursive_invocation_exception,
            )),
            Err(_) => Err(InvokeFailure::TimedOut(request.time_limit)),
        }
    }

    async fn send_for_self(&self, event: String) -> Result<(), InvokeFailure> {
        let sent = self
            .client()
            .invoke()
            .function_name(&self.own_name)
            .qualifier(LATEST)
            .invocation_type(InvocationType::Event)
            .payload(Blob::new(event))
            .send();
        match tokio::time::timeout(EVENT_TIMEOUT, sent).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(failure(
                error,
                InvokeError::is_recursive_invocation_exception,
            )),
            Err(_) => Err(InvokeFailure::TimedOut(EVENT_TIMEOUT)),
        }
    }

    async fn stream(&self, request: InvokeRequest) -> Result<AnswerStream, InvokeFailure> {
        let deadline = Instant::now() + request.time_limit;
        let sent = self
            .client()
            .invoke_with_response_stream()
            .function_name(request.function.to_string())
            .set_client_context(
                request
                    .client_context
                    .map(|context| STANDARD.encode(context)),
            )
            .payload(Blob::new(request.payload))
            .send();
        match tokio::time::timeout_at(deadline, sent).await {
            Ok(Ok(output)) => Ok(stream::chunks(
                output.event_stream,
                deadline,
                request.time_limit,
            )),
            Ok(Err(error)) => Err(failure(
                error,
                InvokeWithResponseStreamError::is_recursive_invocation_exception,
            )),
            Err(_) => Err(InvokeFailure::TimedOut(request.time_limit)),
        }
    }
}

fn answer(output: InvokeOutput) -> Result<Bytes, InvokeFailure> {
    let payload = output.payload.map(Blob::into_inner).unwrap_or_default();
    if output.function_error.is_some() {
        Err(function_error(&payload))
    } else {
        Ok(payload.into())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ErrorReport {
    error_type: Option<String>,
    error_message: Option<String>,
}

fn function_error(payload: &[u8]) -> InvokeFailure {
    let report = serde_json::from_slice(payload).unwrap_or(ErrorReport {
        error_type: None,
        error_message: None,
    });
    match report.error_type {
        Some(kind) => by_type(&kind),
        // A report without a type is Lambda's own; runtimes older than `Sandbox.Timedout` say it in words only.
        None if report
            .error_message
            .is_some_and(|message| message.contains("Task timed out after")) =>
        {
            InvokeFailure::FunctionTimedOut
        }
        None => by_type("unknown"),
    }
}

/// What the type of a function's error says about it.
pub(super) fn by_type(kind: &str) -> InvokeFailure {
    match kind {
        TIMED_OUT => InvokeFailure::FunctionTimedOut,
        RESPONSE_TOO_LARGE => InvokeFailure::ResponseTooLarge,
        _ => InvokeFailure::Crashed {
            kind: kind.chars().take(ERROR_TYPE_AT_MOST).collect(),
        },
    }
}

fn failure<E>(error: SdkError<E>, is_recursion: fn(&E) -> bool) -> InvokeFailure
where
    E: Error + Send + Sync + 'static,
{
    let status = error
        .raw_response()
        .map(|response| response.status().as_u16());
    let recursion = error.as_service_error().is_some_and(is_recursion);
    let cause = Box::new(error);
    match status {
        _ if recursion => InvokeFailure::Recursion(cause),
        // 409: the function is being created or updated, or its snapshot isn't ready.
        Some(409 | 429) => InvokeFailure::Busy(cause),
        Some(403) => InvokeFailure::Denied(cause),
        Some(404) => InvokeFailure::Missing(cause),
        Some(413) => InvokeFailure::RequestTooLarge(cause),
        _ => InvokeFailure::Unavailable(cause),
    }
}

/// Forbids the retry of an invocation that Lambda answered with a server error.
#[derive(Debug)]
struct NotAfterServerError;

impl ClassifyRetry for NotAfterServerError {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.response() {
            Some(response) if response.status().is_server_error() => RetryAction::RetryForbidden,
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "not after a server error"
    }

    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(payload: &str) -> String {
        function_error(payload.as_bytes()).to_string()
    }

    #[test]
    fn function_errors_are_told_apart_by_their_type() {
        insta::assert_snapshot!(kind(r#"{"errorType":"Sandbox.Timedout","errorMessage":"x"}"#), @"the function ran into its own timeout");
        insta::assert_snapshot!(kind(r#"{"errorMessage":"2026-11-23 r Task timed out after 3.00 seconds"}"#), @"the function ran into its own timeout");
        insta::assert_snapshot!(kind(r#"{"errorType":"Function.ResponseSizeTooLarge"}"#), @"the answer is too large for Lambda");
        insta::assert_snapshot!(kind(r#"{"errorType":"ValueError","errorMessage":"secret"}"#), @r#"the function failed with "ValueError""#);
        insta::assert_snapshot!(kind("not json"), @r#"the function failed with "unknown""#);
    }
}
