//! The port behind which tasks are kept.

use super::{Stored, Task, TaskId};
use bytes::Bytes;
use std::{error::Error, future::Future, pin::Pin};

/// A future of a port that few requests use, and so not worth a type parameter of everything that holds it.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = Result<T, TaskStoreError>> + Send + 'a>>;

/// Where tasks are kept, for all environments. Reads see every write that was answered before they began.
pub trait TaskStore: std::fmt::Debug + Send + Sync {
    /// Keeps a new task.
    fn create<'a>(&'a self, task: &'a Task) -> Later<'a, ()>;

    /// A task, if it is there.
    fn get<'a>(&'a self, id: &'a TaskId) -> Later<'a, Option<Task>>;

    /// Puts a task in the place of the one that has the revision before its own. False if there is none any more: somebody
    /// else wrote first.
    fn replace<'a>(&'a self, task: &'a Task) -> Later<'a, bool>;

    /// Keeps a document for a task, however large it is, as long as the task: until `expires_at` (seconds since the epoch).
    fn keep<'a>(&'a self, id: &'a TaskId, document: Bytes, expires_at: u64) -> Later<'a, Stored>;

    /// A document that was kept.
    fn fetch<'a>(&'a self, id: &'a TaskId, stored: &'a Stored) -> Later<'a, Bytes>;
}

/// The store could not do what it was asked, or holds what it should not.
#[derive(Debug, thiserror::Error)]
#[error("the session table can't be used")]
pub struct TaskStoreError(#[source] pub Box<dyn Error + Send + Sync>);
