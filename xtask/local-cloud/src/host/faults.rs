//! Faults on demand: what the Invoke API answers instead of invoking.

use std::time::Duration;

/// A fault for one Invoke call. Function URLs are not affected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// 429 `TooManyRequestsException`.
    Throttled,
    /// 403 `AccessDeniedException`.
    Denied,
    /// 500 `ServiceException`.
    ServiceError,
    /// The call is answered as usual, this much later.
    Delay(Duration),
    /// The connection is closed without an answer.
    DropConnection,
}
