//! The function as a Function URL calls it.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

mod batches;
mod conditions;
mod coverage;
mod description;
mod functions;
mod history;
mod lists;
mod patches;
mod requests;
mod store_failures;
mod support;
mod validation;
