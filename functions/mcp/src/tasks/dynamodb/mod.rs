//! [`TaskStore`] in the session table: string keys `sessionId` (partition) and `item` (sort), and `expiresAt` in seconds
//! since the epoch, after which `DynamoDB` deletes an item.
//!
//! A task is a partition: its `head`, which every request about it reads, and the parts of documents that are too large
//! for the head, or would make each read of it dear. An item holds at most 400 KB. Source: `DynamoDB` developer guide,
//! "Quotas".

mod items;

use super::{Later, Stored, Task, TaskId, TaskStore, TaskStoreError};
use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::put_item::PutItemError,
    primitives::Blob,
    types::AttributeValue::{B, N, S},
};
use bytes::{Bytes, BytesMut};
use futures_util::future::try_join_all;
use items::{HEAD, ITEM, PART, PARTITION, partition};
use registry::{TableName, aws::LazyDynamoDb};

/// Documents up to this size stand in the head.
const INLINE_AT_MOST: usize = 4 * 1024;
/// Bytes in a part; with the rest of the item below 400 KB.
const PART_BYTES: usize = 384 * 1000;

/// The session table as a [`TaskStore`].
#[derive(Debug)]
pub struct DynamoDbTaskStore {
    client: LazyDynamoDb,
    table: TableName,
}

impl DynamoDbTaskStore {
    /// A store in this table.
    pub fn new(client: LazyDynamoDb, table: TableName) -> Self {
        Self { client, table }
    }

    fn client(&self) -> &Client {
        self.client.get()
    }

    async fn put_part(
        &self,
        id: &TaskId,
        item: String,
        bytes: &[u8],
        expires_at: u64,
    ) -> Result<(), TaskStoreError> {
        let put = self.client().put_item().table_name(self.table.as_str());
        put.item(PARTITION, S(partition(id)))
            .item(ITEM, S(item))
            .item(PART, B(Blob::new(bytes)))
            .item("expiresAt", N(expires_at.to_string()))
            .send()
            .await
            .map_err(failed)?;
        Ok(())
    }

    async fn fetch_parts(
        &self,
        id: &TaskId,
        name: &str,
        count: usize,
    ) -> Result<Bytes, TaskStoreError> {
        let mut document = BytesMut::new();
        let mut found = 0;
        let mut after = None;
        loop {
            let output = self
                .client()
                .query()
                .table_name(self.table.as_str())
                .consistent_read(true)
                .key_condition_expression("sessionId = :task AND begins_with(#item, :name)")
                .expression_attribute_names("#item", ITEM)
                .expression_attribute_values(":task", S(partition(id)))
                .expression_attribute_values(":name", S(items::part_prefix(name)))
                .set_exclusive_start_key(after)
                .send()
                .await
                .map_err(failed)?;
            for item in output.items() {
                let part = item.get(PART).and_then(|part| part.as_b().ok());
                document.extend_from_slice(part.map(Blob::as_ref).unwrap_or_default());
                found += 1;
            }
            after = output.last_evaluated_key;
            if after.is_none() {
                break;
            }
        }
        if found == count {
            Ok(document.freeze())
        } else {
            Err(TaskStoreError(
                format!("{found} parts of a document that has {count}").into(),
            ))
        }
    }
}

impl TaskStore for DynamoDbTaskStore {
    fn create<'a>(&'a self, task: &'a Task) -> Later<'a, ()> {
        Box::pin(async move {
            self.client()
                .put_item()
                .table_name(self.table.as_str())
                .set_item(Some(items::head(task)))
                .condition_expression("attribute_not_exists(sessionId)")
                .send()
                .await
                .map_err(failed)?;
            Ok(())
        })
    }

    fn get<'a>(&'a self, id: &'a TaskId) -> Later<'a, Option<Task>> {
        Box::pin(async move {
            let output = self
                .client()
                .get_item()
                .table_name(self.table.as_str())
                .key(PARTITION, S(partition(id)))
                .key(ITEM, S(HEAD.to_owned()))
                .consistent_read(true)
                .send()
                .await
                .map_err(failed)?;
            let Some(item) = output.item else {
                return Ok(None);
            };
            let task = items::task(id, &item);
            task.map(Some)
                .ok_or_else(|| TaskStoreError("the stored task is damaged".into()))
        })
    }

    fn replace<'a>(&'a self, task: &'a Task) -> Later<'a, bool> {
        Box::pin(async move {
            let before = task.revision.saturating_sub(1);
            let put = self
                .client()
                .put_item()
                .table_name(self.table.as_str())
                .set_item(Some(items::head(task)))
                .condition_expression("#revision = :before")
                .expression_attribute_names("#revision", items::REVISION)
                .expression_attribute_values(":before", N(before.to_string()))
                .send()
                .await;
            match put {
                Ok(_) => Ok(true),
                Err(error) if is_taken(&error) => Ok(false),
                Err(error) => Err(failed(error)),
            }
        })
    }

    fn keep<'a>(&'a self, id: &'a TaskId, document: Bytes, expires_at: u64) -> Later<'a, Stored> {
        Box::pin(async move {
            if document.len() <= INLINE_AT_MOST {
                return Ok(Stored::Inline(document));
            }
            // A name of its own: whoever loses a race with another writer must not have overwritten its parts.
            let name = uuid::Uuid::new_v4().simple().to_string();
            let parts = document.chunks(PART_BYTES).enumerate();
            let puts = parts.map(|(index, part)| {
                self.put_part(id, items::part(&name, index), part, expires_at)
            });
            let count = try_join_all(puts).await?.len();
            Ok(Stored::Parts { name, count })
        })
    }

    fn fetch<'a>(&'a self, id: &'a TaskId, stored: &'a Stored) -> Later<'a, Bytes> {
        Box::pin(async move {
            match stored {
                Stored::Inline(document) => Ok(document.clone()),
                Stored::Parts { name, count } => self.fetch_parts(id, name, *count).await,
            }
        })
    }
}

fn is_taken(error: &SdkError<PutItemError>) -> bool {
    error
        .as_service_error()
        .is_some_and(PutItemError::is_conditional_check_failed_exception)
}

fn failed<E: std::error::Error + Send + Sync + 'static>(error: SdkError<E>) -> TaskStoreError {
    TaskStoreError(match error {
        // The service's own words, without the request and the raw answer, which don't belong in logs.
        SdkError::ServiceError(context) => Box::new(context.into_err()),
        other => other.to_string().into(),
    })
}
