//! The client-facing function: an MCP server whose tools, resources and prompts are registered Lambda functions.
//!
//! - [`lambda`]: events in, streamed answers out.
//! - [`http`]: the HTTP surface. Which era does a request speak, is it well-formed, what is it about.
//! - [`server`]: the MCP methods, on `rmcp`'s dispatcher.
//! - [`catalog`]: registrations, as fresh as the catalog's version and read no more often than it moves.
//! - [`contract`]: what a registered function is sent, and what its answer means.
//! - [`subscriptions`]: what of the catalog a client wants to be told about, and what has changed of it.
//! - [`tasks`]: calls that outlive the request that made them.
//! - [`sessions`]: what the revisions that begin with `initialize` have to know across environments.
//! - [`legacy`]: how those are served: calls that ask their client, streams that resume, and 2024-11-05's transport.
//! - [`seal`]: a request's state in the hands of the client, between a question and its answer.
//! - [`session_table`]: the table that all of these are kept in.
//! - [`invoke`]: the port through which functions are invoked, and its AWS SDK adapter.

pub mod catalog;
pub mod contract;
pub mod http;
pub mod invocation;
pub mod invoke;
pub mod lambda;
pub mod legacy;
pub mod moment;
pub mod seal;
pub mod server;
pub mod session_table;
pub mod sessions;
pub mod settings;
pub mod subscriptions;
pub mod tasks;
pub mod unguessable;
