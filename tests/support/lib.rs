//! What the integration tests stand on: a local cloud with the real binaries, and clients for its URLs.

//CLOUD pub mod cloud;
pub mod http;
pub mod mcp;
pub mod signing;

//CLOUD pub use cloud::TestCloud;
pub use http::{Http, Reply};
