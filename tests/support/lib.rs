//! What the integration tests stand on: a local cloud with the real binaries, and clients for its URLs.

pub mod cloud;
pub mod events;
pub mod functions;
pub mod http;
pub mod mcp;
pub mod remote;
pub mod sessions;
pub mod signing;
pub mod table;
pub mod tasks;

pub use cloud::TestCloud;
pub use http::{Http, Reply};
