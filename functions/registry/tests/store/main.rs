//! The store does what its port promises, over `DynamoDB` itself.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

mod batches;
mod history;
mod lists;
mod registrations;
mod resources;
mod support;
mod writers;
