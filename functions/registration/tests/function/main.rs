//! The function as a Function URL calls it.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

mod lists;
mod requests;
mod store_failures;
mod support;
