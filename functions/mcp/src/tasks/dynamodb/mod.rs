//! [`TaskStore`] in the session table.
//!
//! A task is a partition: its `head`, which every request about it reads, and the parts of documents that are too large
//! for the head, or would make each read of it dear.

mod items;

use super::{Later, Stored, Task, TaskId, TaskStore, TaskStoreError};
use crate::session_table::{SessionTable, TableError, number};
use bytes::Bytes;
use items::{HEAD, partition};

/// Documents up to this size stand in the head.
const INLINE_AT_MOST: usize = 4 * 1024;

/// The session table as a [`TaskStore`].
#[derive(Debug)]
pub struct DynamoDbTaskStore(SessionTable);

impl DynamoDbTaskStore {
    /// A store in this table.
    pub fn new(table: SessionTable) -> Self {
        Self(table)
    }
}

impl From<TableError> for TaskStoreError {
    fn from(TableError(cause): TableError) -> Self {
        Self(cause)
    }
}

impl TaskStore for DynamoDbTaskStore {
    fn create<'a>(&'a self, task: &'a Task) -> Later<'a, ()> {
        Box::pin(async move {
            if self.0.put_new(items::head(task)).await? {
                Ok(())
            } else {
                Err(TaskStoreError("the task's name is taken".into()))
            }
        })
    }

    fn get<'a>(&'a self, id: &'a TaskId) -> Later<'a, Option<Task>> {
        Box::pin(async move {
            let Some(item) = self.0.get(&partition(id), HEAD).await? else {
                return Ok(None);
            };
            let task = items::task(id, &item);
            task.map(Some)
                .ok_or_else(|| TaskStoreError("the stored task is damaged".into()))
        })
    }

    fn replace<'a>(&'a self, task: &'a Task) -> Later<'a, bool> {
        Box::pin(async move {
            let before = number(task.revision.saturating_sub(1));
            let head = items::head(task);
            let put = self
                .0
                .put_if(head, "revision = :before", [(":before", before)]);
            Ok(put.await?)
        })
    }

    fn keep<'a>(&'a self, id: &'a TaskId, document: Bytes, expires_at: u64) -> Later<'a, Stored> {
        Box::pin(async move {
            let partition = partition(id);
            let kept = self
                .0
                .keep(&partition, document, INLINE_AT_MOST, expires_at);
            Ok(kept.await?)
        })
    }

    fn fetch<'a>(&'a self, id: &'a TaskId, stored: &'a Stored) -> Later<'a, Bytes> {
        Box::pin(async move { Ok(self.0.fetch(&partition(id), stored).await?) })
    }
}
