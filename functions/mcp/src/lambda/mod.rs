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
use std::{convert::Infallible, future::Future};

/// The body of an answer. It can't fail: whatever goes wrong is said in MCP's own terms before the body ends.
pub type AnswerBody = BoxBody<Bytes, Infallible>;

/// What the function does, as the Lambda edge sees it.
pub trait Service: Send + Sync + 'static {
    /// Answers one request within the invocation's time.
    fn call(
        &self,
        request: Request<Bytes>,
        invocation: Invocation,
    ) -> impl Future<Output = Response<AnswerBody>> + Send;

    /// Works on a task within the invocation's time. Nobody waits for an answer.
    fn work(&self, order: WorkOrder, invocation: Invocation) -> impl Future<Output = ()> + Send;
}
