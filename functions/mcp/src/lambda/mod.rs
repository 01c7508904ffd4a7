//! The edge towards AWS Lambda: events in, streamed answers out.
//!
//! `lambda_runtime` keeps the poll loop. What it does with an answer is replaced, because of what that costs: it
//! sends prelude, delimiter and body of a streamed answer as separate small writes over a connector whose
//! `TCP_NODELAY` is off, so that Nagle's algorithm holds the second one back until the receiver's delayed ACK.
//! Measured with `cargo xtask bench` ("streamed answers"), an empty handler needs 43 ms for each answer that way
//! and about half a millisecond without. When `lambda_runtime` sets `TCP_NODELAY`, [`answer`] and [`runtime`] can
//! give way to `lambda_http::run_with_streaming_response`.

mod answer;
mod event;
mod runtime;

pub use event::{Event, InvalidEvent, UrlEvent};
pub use runtime::run;

use crate::{invocation::Invocation, tasks::WorkOrder};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::BoxBody;
use std::{convert::Infallible, future::Future, pin::Pin};

/// The body of an answer. It can't fail: whatever goes wrong is said in MCP's own terms before the body ends.
pub type AnswerBody = BoxBody<Bytes, Infallible>;

/// What is left to do when an answer was given.
pub type Rest = Pin<Box<dyn Future<Output = ()> + Send>>;

/// An answer, and what is left to do when it was given.
///
/// An invocation lasts until its environment asks for the next event, not only until its answer is complete: a client
/// that was let go does not take the work with it. Source: AWS Lambda developer guide, "Lambda execution environment
/// lifecycle", and "Response streaming".
pub struct Answered {
    /// The answer.
    pub response: Response<AnswerBody>,
    /// Is awaited when the answer has left, before anything else is begun.
    pub rest: Option<Rest>,
}

impl std::fmt::Debug for Answered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answered")
            .field("response", &self.response)
            .finish_non_exhaustive()
    }
}

impl From<Response<AnswerBody>> for Answered {
    fn from(response: Response<AnswerBody>) -> Self {
        Self {
            response,
            rest: None,
        }
    }
}

/// What the function does, as the Lambda edge sees it.
pub trait Service: Send + Sync + 'static {
    /// Answers one request within the invocation's time.
    fn call(
        &self,
        request: Request<Bytes>,
        invocation: Invocation,
    ) -> impl Future<Output = Answered> + Send;

    /// Works on a task within the invocation's time. Nobody waits for an answer.
    fn work(&self, order: WorkOrder, invocation: Invocation) -> impl Future<Output = ()> + Send;
}
