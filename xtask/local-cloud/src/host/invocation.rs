//! One invocation: what goes into a function and what comes out.

use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use thiserror::Error;
use tokio::sync::mpsc;

/// What a function is invoked with.
#[derive(Debug, Clone, Default)]
pub struct Invocation {
    /// The event, JSON text.
    pub payload: Bytes,
    /// The client context as the function gets it, JSON text.
    pub client_context: Option<String>,
    /// Whether to hand back the end of the function's log.
    pub log_tail: bool,
}

impl Invocation {
    /// An invocation with `payload` and nothing else.
    pub fn new(payload: impl Into<Bytes>) -> Self {
        Self {
            payload: payload.into(),
            ..Self::default()
        }
    }
}

/// An invocation that reached a function.
#[derive(Debug)]
pub struct Invoked {
    /// The request id the function saw.
    pub request_id: String,
    /// What the function answered, or how it failed.
    pub answer: Answer,
    /// The last 4 KB of the function's log up to the answer, if asked for.
    pub log_tail: Option<Bytes>,
}

/// A function's answer.
#[derive(Debug)]
pub enum Answer {
    /// A whole answer of at most 6 MB.
    Buffered(Bytes),
    /// An answer that is still being written.
    Streaming(StreamedAnswer),
    /// The function failed before it began to answer.
    Failed(FunctionFailure),
}

/// An answer that arrives chunk by chunk.
#[derive(Debug)]
pub struct StreamedAnswer {
    /// The content type the function gave to its stream.
    pub content_type: String,
    /// The chunks as the function writes them; an `Err` is the last item of a stream that broke off.
    /// Dropping the receiver does not interrupt the function.
    pub chunks: mpsc::Receiver<Result<Bytes, FunctionFailure>>,
}

/// What Lambda reports with `X-Amz-Function-Error: Unhandled`: the function's error, or how its environment failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("function failed: {}", String::from_utf8_lossy(.payload))]
pub struct FunctionFailure {
    /// The error's type, such as `Runtime.ExitError`.
    pub error_type: String,
    /// The error document, JSON text.
    pub payload: Bytes,
}

impl FunctionFailure {
    fn new(error_type: &str, message: &str) -> Self {
        let document = json!({"errorType": error_type, "errorMessage": message});
        Self {
            error_type: error_type.to_owned(),
            payload: Bytes::from(document.to_string()),
        }
    }

    pub(crate) fn timed_out(date: &str, request_id: &str, limit: Duration) -> Self {
        let seconds = limit.as_secs_f64();
        let message = format!("{date} {request_id} Task timed out after {seconds:.2} seconds");
        Self {
            error_type: "Sandbox.Timedout".to_owned(),
            payload: Bytes::from(json!({"errorMessage": message}).to_string()),
        }
    }

    pub(crate) fn init_timed_out(request_id: &str, limit: Duration) -> Self {
        let seconds = limit.as_secs_f64();
        let message =
            format!("RequestId: {request_id} Error: Init timed out after {seconds:.2} seconds");
        Self::new("Sandbox.Timedout", &message)
    }

    pub(crate) fn exited(request_id: &str, how: &str) -> Self {
        Self::new(
            "Runtime.ExitError",
            &format!("RequestId: {request_id} Error: {how}"),
        )
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        let message =
            format!("Response payload size exceeded maximum allowed payload size ({limit} bytes).");
        Self::new("Function.ResponseSizeTooLarge", &message)
    }

    pub(crate) fn truncated(request_id: &str) -> Self {
        let message = format!("RequestId: {request_id} Error: the function broke off its answer");
        Self::new("Runtime.TruncatedResponse", &message)
    }
}

/// Why an invocation never reached a function.
#[derive(Debug, Error)]
pub enum InvokeError {
    /// There is no function of that name.
    #[error("function not found: {arn}")]
    NotFound {
        /// The ARN that was looked for.
        arn: String,
    },
    /// Every environment is busy and there may be no more.
    #[error("rate exceeded")]
    Throttled,
    /// The function's command can't be started.
    #[error("function {function}: can't start {command}")]
    CannotStart {
        /// The function's name.
        function: String,
        /// The program that was to be started.
        command: String,
        /// Why it can't be.
        source: std::io::Error,
    },
    /// The host is shutting down.
    #[error("the host is shutting down")]
    ShuttingDown,
}
