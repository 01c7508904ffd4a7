//! Tasks: calls of tools that outlive the request that made them.
//!
//! A task is kept in the session table before its client hears of it. This very function, invoked again in the
//! background by a [`WorkOrder`], runs the tool and keeps the result; clients ask for it, answer what the tool asks, or
//! call it off, each in whatever environment their request meets. Source: MCP extension `io.modelcontextprotocol/tasks`,
//! 2026-07-28.
//!
//! Everything that changes a task reads it, changes it and writes it back under the condition that nobody else wrote
//! meanwhile. So a turn has one worker, a cancelled task stays cancelled, and no result comes twice.

mod documents;
mod dynamodb;
mod id;
mod order;
mod store;
mod task;

pub use documents::{Round, TaskRequest};
pub use dynamodb::DynamoDbTaskStore;
pub use id::{InvalidTaskId, TaskId};
pub use order::WorkOrder;
pub use store::{Later, TaskStore, TaskStoreError};
pub use task::{Care, LEASE, Status, Task};

pub use crate::{moment::Moment, session_table::Stored};

use crate::invocation::Principal;
use bytes::Bytes;
use registry::logging;
use serde::{Serialize, de::DeserializeOwned};
use std::{sync::Arc, time::Duration};

/// How often a change is tried when others write at the same time. They are few: a worker, and the client's requests.
pub const ATTEMPTS: usize = 10;

/// Why there is no task, or no change of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TaskError {
    /// There is none of that name for this caller, or not any more. One message for all of these: somebody else's tasks
    /// are nobody's business.
    #[error("there is no such task, or not any more")]
    Unknown,
    /// The table can't be asked. The cause is in the log.
    #[error("tasks can't be handled at the moment; try again shortly")]
    Unavailable,
}

/// What a new task is made of.
#[derive(Debug)]
pub struct NewTask<'a> {
    /// Who calls.
    pub principal: Option<&'a Principal>,
    /// The name of the tool.
    pub tool: &'a str,
    /// Whether the tool may be run again when it is not known how far it came.
    pub repeatable: bool,
    /// The call.
    pub request: &'a TaskRequest,
}

/// All tasks.
#[derive(Debug)]
pub struct Tasks {
    store: Arc<dyn TaskStore>,
    lifetime: Duration,
}

impl Tasks {
    /// Tasks that are kept for `lifetime` from their creation.
    pub fn new(store: Arc<dyn TaskStore>, lifetime: Duration) -> Self {
        Self { store, lifetime }
    }

    /// Makes a task, which waits for its first worker. When this returns, every environment knows it.
    pub async fn create(&self, new: NewTask<'_>) -> Result<Task, TaskError> {
        let id = TaskId::random().map_err(|error| {
            tracing::error!(cause = logging::chain(&error), "no task can be made");
            TaskError::Unavailable
        })?;
        let now = Moment::now();
        let expires_at = now.plus(self.lifetime).seconds();
        let request = self.keep(&id, new.request, expires_at).await?;
        let task = Task {
            id,
            principal: new.principal.cloned(),
            tool: new.tool.to_owned(),
            repeatable: new.repeatable,
            status: Status::Working,
            message: None,
            created_at: now,
            updated_at: now,
            expires_at,
            turn: 1,
            begun: 0,
            worker: String::new(),
            lease_until: now,
            sent_at: now,
            restarts: 0,
            request,
            payload: None,
            revision: 1,
        };
        self.store.create(&task).await.map_err(|e| reported(&e))?;
        Ok(task)
    }

    /// A caller's task.
    pub async fn of(&self, principal: Option<&Principal>, id: &str) -> Result<Task, TaskError> {
        let id = id.parse().map_err(|_| TaskError::Unknown)?;
        let task = self.get(&id).await?;
        if task.principal.as_ref() == principal {
            Ok(task)
        } else {
            Err(TaskError::Unknown)
        }
    }

    /// A task, whoever asks.
    pub async fn get(&self, id: &TaskId) -> Result<Task, TaskError> {
        let task = self.store.get(id).await.map_err(|e| reported(&e))?;
        task.filter(|task| !task.is_expired(Moment::now()))
            .ok_or(TaskError::Unknown)
    }

    /// Changes a task: `change` gets it as it is and says what came of it, or nothing if there is nothing to write. It
    /// may be asked several times, each time about the task as somebody else left it.
    pub async fn change<T>(
        &self,
        id: &TaskId,
        mut change: impl FnMut(&mut Task) -> Option<T>,
    ) -> Result<Option<(Task, T)>, TaskError> {
        for _ in 0..ATTEMPTS {
            let mut task = self.get(id).await?;
            let Some(outcome) = change(&mut task) else {
                return Ok(None);
            };
            if let Some(task) = self.put(task).await? {
                return Ok(Some((task, outcome)));
            }
        }
        tracing::error!("a task was written by others again and again");
        Err(TaskError::Unavailable)
    }

    /// Puts a task in the place of the one it was made from, as it was read. None if somebody else wrote first.
    pub async fn put(&self, mut task: Task) -> Result<Option<Task>, TaskError> {
        task.revision += 1;
        let is_put = self.store.replace(&task).await.map_err(|e| reported(&e))?;
        Ok(is_put.then_some(task))
    }

    /// Keeps a document as long as its task.
    pub async fn keep(
        &self,
        id: &TaskId,
        document: &impl Serialize,
        expires_at: u64,
    ) -> Result<Stored, TaskError> {
        let json = serde_json::to_vec(document).expect("maps with string keys always serialise");
        self.store
            .keep(id, Bytes::from(json), expires_at)
            .await
            .map_err(|e| reported(&e))
    }

    /// A document that was kept.
    pub async fn fetch<T: DeserializeOwned>(
        &self,
        id: &TaskId,
        stored: &Stored,
    ) -> Result<T, TaskError> {
        let json = self.store.fetch(id, stored).await;
        let json = json.map_err(|e| reported(&e))?;
        serde_json::from_slice(&json).map_err(|error| {
            tracing::error!(
                cause = logging::chain(&error),
                "a task's document is damaged"
            );
            TaskError::Unavailable
        })
    }
}

fn reported(error: &TaskStoreError) -> TaskError {
    tracing::error!(cause = logging::chain(error), "tasks can't be handled");
    TaskError::Unavailable
}
