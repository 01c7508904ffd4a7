//! The catalogue of registrations as a file: what is wanted, compared with what a deployment has, and made so.
//!
//! [`mod@file`] reads what is written, [`live`] what is there, and [`wanted`] has the registry write out what is abbreviated;
//! [`plan`] is the difference, a value; [`apply`] alone writes. [`export`] writes a file from what is there. A deployment
//! is behind the trait of [`ports`], which [`http`] implements; the functions are met in no other way.

pub mod apply;
pub mod diff;
pub mod document;
mod emit;
pub mod export;
pub mod file;
pub mod http;
pub mod id;
pub mod live;
pub mod node;
pub mod plan;
pub mod ports;
pub mod progress;
pub mod retry;
mod schema;
pub mod target;
pub mod wanted;

pub use self::schema::SCHEMA;
