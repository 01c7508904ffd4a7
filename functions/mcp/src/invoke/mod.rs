//! The port through which registered functions are invoked.

mod failure;
mod sdk;
mod stream;

pub use failure::InvokeFailure;
pub use sdk::LambdaInvoker;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use registry::LambdaArn;
use std::{future::Future, time::Duration};

/// One invocation of a registered function.
#[derive(Debug, Clone)]
pub struct InvokeRequest {
    /// The function, with its alias or version if the registration names one.
    pub function: LambdaArn,
    /// The event, JSON.
    pub payload: Bytes,
    /// Client context (JSON), for contracts that use it.
    pub client_context: Option<String>,
    /// How long to wait for the answer.
    pub time_limit: Duration,
}

/// An answer as it leaves the function, in chunks that end anywhere. It ends after the first failure.
pub type AnswerStream = BoxStream<'static, Result<Bytes, InvokeFailure>>;

/// Invokes functions and waits for their answers.
pub trait FunctionInvoker: Send + Sync + 'static {
    /// The function's answer as it left the function, or why there is none.
    fn invoke(
        &self,
        request: InvokeRequest,
    ) -> impl Future<Output = Result<Bytes, InvokeFailure>> + Send;

    /// Has this very function invoked with an event, in the background: once, or not at all where that fails. The answer
    /// says only that Lambda has taken the event.
    fn send_for_self(
        &self,
        event: String,
    ) -> impl Future<Output = Result<(), InvokeFailure>> + Send;

    /// The function's answer while it is being written. The request's time limit is that of the whole stream.
    fn stream(
        &self,
        request: InvokeRequest,
    ) -> impl Future<Output = Result<AnswerStream, InvokeFailure>> + Send;
}
