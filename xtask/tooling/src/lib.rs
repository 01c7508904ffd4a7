//! What the repository's programs share: talking to a person at a terminal, and reaching AWS.

pub mod ask;
pub mod aws;
pub mod outcome;
mod say;

pub use self::outcome::{Outcome, Usage};
