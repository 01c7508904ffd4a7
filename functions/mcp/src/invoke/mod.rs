//! The port through which registered functions are invoked.

mod failure;
mod sdk;

pub use failure::InvokeFailure;
pub use sdk::LambdaInvoker;

use bytes::Bytes;
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

/// Invokes functions and waits for their answers.
pub trait FunctionInvoker: Send + Sync + 'static {
    /// The function's answer as it left the function, or why there is none.
    fn invoke(
        &self,
        request: InvokeRequest,
    ) -> impl Future<Output = Result<Bytes, InvokeFailure>> + Send;
}
