//! Subscriptions: what a client wants to hear of, and what has changed since it began to listen.
//!
//! Nothing tells an execution environment of a write in another one, so whoever listens looks: at the catalog's versions,
//! one small item, and at what follows from a change of those. Source: MCP 2026-07-28, "Subscriptions".

mod seen;
mod wanted;

pub use seen::{Change, Seen};
pub use wanted::{TASKS_AT_MOST, URIS_AT_MOST, Wanted};

use crate::catalog::CatalogError;
use std::sync::Arc;

/// A client that listens.
#[derive(Debug, Clone)]
pub struct Listening {
    /// What it wants to hear of.
    pub wanted: Arc<Wanted>,
    /// How that was before the client was told that it is listened for: whatever it then does is a change.
    pub seen: Result<Arc<Seen>, CatalogError>,
}
