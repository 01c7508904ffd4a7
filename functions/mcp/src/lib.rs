//! The client-facing function: an MCP server whose tools, resources and prompts are registered Lambda functions.
//!
//! - [`lambda`]: events in, streamed answers out.
//! - [`http`]: the HTTP surface. Which era does a request speak, is it well-formed, what is it about.
//! - [`server`]: the MCP methods, on `rmcp`'s dispatcher.
//! - [`catalog`]: registrations, as fresh as the catalog's version and read no more often than it moves.
//! - [`contract`]: what a registered function is sent, and what its answer means.
//! - [`subscriptions`]: what of the catalog a client wants to be told about, and what has changed of it.
//! - [`tasks`]: calls that outlive the request that made them.
//! - [`seal`]: a request's state in the hands of the client, between a question and its answer.
//! - [`invoke`]: the port through which functions are invoked, and its AWS SDK adapter.

pub mod catalog;
pub mod contract;
pub mod http;
pub mod invocation;
pub mod invoke;
pub mod lambda;
pub mod seal;
pub mod server;
pub mod settings;
pub mod subscriptions;
pub mod tasks;
