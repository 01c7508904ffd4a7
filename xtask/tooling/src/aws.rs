//! Reaching AWS: the caller's configuration, and what the SDK's errors mean.

pub mod config;
pub mod error;
mod failure;

pub use self::failure::{Failure, RemoteError};
