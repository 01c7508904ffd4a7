//! [`SealStore`] in the session table: string keys `sessionId` (partition) and `item` (sort), and `expiresAt` in
//! seconds since the epoch, after which `DynamoDB` deletes an item.

use super::{Rarely, SealStore, SealStoreError, cipher::KEY_BYTES};
use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::put_item::PutItemError,
    primitives::Blob,
    types::AttributeValue::{B, N, S},
};
use registry::{TableName, aws::LazyDynamoDb};

/// The partition of what belongs to the deployment. No session's id begins with `$`.
const DEPLOYMENT: &str = "$deployment";
const KEY_ITEM: &str = "request-state-key";
const KEY: &str = "key";
/// Begins the partition of a state that was used.
const USED: &str = "$used-state#";
const FRESH_ONLY: &str = "attribute_not_exists(sessionId)";

/// The session table as a [`SealStore`].
#[derive(Debug)]
pub struct DynamoDbSealStore {
    client: LazyDynamoDb,
    table: TableName,
}

impl DynamoDbSealStore {
    /// A store in this table.
    pub fn new(client: LazyDynamoDb, table: TableName) -> Self {
        Self { client, table }
    }

    fn client(&self) -> &Client {
        self.client.get()
    }

    async fn stored_key(&self) -> Result<Option<[u8; KEY_BYTES]>, SealStoreError> {
        let output = self
            .client()
            .get_item()
            .table_name(self.table.as_str())
            .key("sessionId", S(DEPLOYMENT.to_owned()))
            .key("item", S(KEY_ITEM.to_owned()))
            .consistent_read(true)
            .send()
            .await
            .map_err(failed)?;
        let Some(item) = output.item else {
            return Ok(None);
        };
        let bytes = item.get(KEY).and_then(|value| value.as_b().ok());
        match bytes.and_then(|bytes| bytes.as_ref().try_into().ok()) {
            Some(key) => Ok(Some(key)),
            None => Err(SealStoreError("the stored key is damaged".into())),
        }
    }

    /// False if there is such an item already.
    async fn put(
        &self,
        partition: &str,
        item: &str,
        attribute: (&str, aws_sdk_dynamodb::types::AttributeValue),
    ) -> Result<bool, SealStoreError> {
        let put = self
            .client()
            .put_item()
            .table_name(self.table.as_str())
            .item("sessionId", S(partition.to_owned()))
            .item("item", S(item.to_owned()))
            .item(attribute.0, attribute.1)
            .condition_expression(FRESH_ONLY)
            .send()
            .await;
        match put {
            Ok(_) => Ok(true),
            Err(error) if is_taken(&error) => Ok(false),
            Err(error) => Err(failed(error)),
        }
    }
}

impl SealStore for DynamoDbSealStore {
    fn key(&self, fresh: [u8; KEY_BYTES]) -> Rarely<'_, [u8; KEY_BYTES]> {
        Box::pin(async move {
            if let Some(key) = self.stored_key().await? {
                return Ok(key);
            }
            let stored = (KEY, B(Blob::new(fresh)));
            if self.put(DEPLOYMENT, KEY_ITEM, stored).await? {
                return Ok(fresh);
            }
            // Another environment was first.
            let key = self.stored_key().await?;
            key.ok_or_else(|| SealStoreError("the key is gone again".into()))
        })
    }

    fn redeem<'a>(&'a self, id: &'a str, expires_at: u64) -> Rarely<'a, bool> {
        Box::pin(async move {
            let expiry = ("expiresAt", N(expires_at.to_string()));
            self.put(&format!("{USED}{id}"), "used", expiry).await
        })
    }
}

fn is_taken(error: &SdkError<PutItemError>) -> bool {
    error
        .as_service_error()
        .is_some_and(PutItemError::is_conditional_check_failed_exception)
}

fn failed<E: std::error::Error + Send + Sync + 'static>(error: SdkError<E>) -> SealStoreError {
    SealStoreError(match error {
        // The service's own words, without the request and the raw answer, which don't belong in logs.
        SdkError::ServiceError(context) => Box::new(context.into_err()),
        other => other.to_string().into(),
    })
}
