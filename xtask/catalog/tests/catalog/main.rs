//! Plans, applications and exports over the port, with a registry in memory that fails when it is told to.

#![expect(
    clippy::unwrap_used,
    reason = "a panic is how a test fails, in its helpers too"
)]

mod applying;
mod exporting;
mod memory;
mod planning;
mod published_schema;
