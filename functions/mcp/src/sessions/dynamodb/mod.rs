//! [`SessionStore`](super::SessionStore) in the session table: a session is a partition, and these are its items.
//!
//! | item | what |
//! |---|---|
//! | `head` | who, which revision, which capabilities; read by every request |
//! | `watched` | the resources subscribed to |
//! | `call#KEY` | the questions of a call that waits for its client, and the replies |
//! | `cancelled` | the requests that were called off lately |
//! | `stream#KEY`, `event#KEY#NUMBER` | how a stream began, and what was said on it |
//! | `mailbox` | what was posted in a session of 2024-11-05, and who holds its stream |
//! | `part#NAME#NUMBER` | the parts of what is too large for these |

mod calls;
mod events;
mod heads;
mod mailboxes;

use super::SessionStoreError;
use crate::session_table::{SessionTable, TableError};

/// The session table as a [`SessionStore`](super::SessionStore).
#[derive(Debug)]
pub struct DynamoDbSessionStore(SessionTable);

impl DynamoDbSessionStore {
    /// A store in this table.
    pub fn new(table: SessionTable) -> Self {
        Self(table)
    }
}

impl From<TableError> for SessionStoreError {
    fn from(TableError(cause): TableError) -> Self {
        Self(cause)
    }
}

/// What is stored is not what this program stores.
fn damaged(what: &str) -> SessionStoreError {
    SessionStoreError(format!("the stored {what} is damaged").into())
}
