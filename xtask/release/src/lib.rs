//! Releases of the application: packaging it, publishing it to the AWS Serverless Application Repository (SAR), and
//! comparing what is there with what should be.
//!
//! A publish goes from a [`bundle`] to a [`desired`] state, reads the [`live`] one, computes the [`plan`] between the
//! two, and [`apply`]s it. Only `apply` writes. AWS is behind the traits of [`ports`]; [`aws`] implements them.

pub mod application;
pub mod apply;
pub mod architecture;
pub mod aws;
pub mod bundle;
pub mod checkout;
pub mod compile;
pub mod deploy;
pub mod desired;
mod digest;
pub mod doctor;
mod elf;
pub mod live;
pub mod metadata;
pub mod plan;
pub mod ports;
pub mod progress;
pub mod sharing;
pub mod status;
pub mod template;
pub mod verify;
pub mod version;

pub use self::deploy::{DeployError, DeployOptions, DeployOutcome, deploy};
