//! The port behind which Lambda is asked.

use std::future::Future;

use registry::LambdaArn;

/// What Lambda says to a dry run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probed {
    /// It would run the function.
    Allowed,
    /// This function's role may not invoke it; whether it exists is not said.
    Denied,
    /// There is no such function, version or alias in this region.
    Missing,
    /// Nothing that helps: it is throttled, does not answer in time, or answers otherwise.
    Unclear,
}

/// Asks Lambda whether a function could be invoked. Nothing is run.
pub trait FunctionProbe: Send + Sync + 'static {
    /// Asks about one function. Takes a few seconds at most.
    fn probe(&self, function: &LambdaArn) -> impl Future<Output = Probed> + Send;
}
