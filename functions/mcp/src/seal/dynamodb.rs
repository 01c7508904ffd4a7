//! [`SealStore`] in the session table.

use super::{Rarely, SealStore, SealStoreError, cipher::KEY_BYTES};
use crate::session_table::{EXPIRES_AT, SessionTable, TableError, item, number};
use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue::B};

/// The partition of what belongs to the deployment. No session's id begins with `$`.
const DEPLOYMENT: &str = "$deployment";
const KEY_ITEM: &str = "request-state-key";
const KEY: &str = "key";
/// Begins the partition of a state that was used.
const USED: &str = "$used-state#";

/// The session table as a [`SealStore`].
#[derive(Debug)]
pub struct DynamoDbSealStore(SessionTable);

impl DynamoDbSealStore {
    /// A store in this table.
    pub fn new(table: SessionTable) -> Self {
        Self(table)
    }

    async fn stored_key(&self) -> Result<Option<[u8; KEY_BYTES]>, SealStoreError> {
        let Some(item) = self.0.get(DEPLOYMENT, KEY_ITEM).await? else {
            return Ok(None);
        };
        let bytes = item.get(KEY).and_then(|value| value.as_b().ok());
        match bytes.and_then(|bytes| bytes.as_ref().try_into().ok()) {
            Some(key) => Ok(Some(key)),
            None => Err(SealStoreError("the stored key is damaged".into())),
        }
    }
}

impl From<TableError> for SealStoreError {
    fn from(TableError(cause): TableError) -> Self {
        Self(cause)
    }
}

impl SealStore for DynamoDbSealStore {
    fn key(&self, fresh: [u8; KEY_BYTES]) -> Rarely<'_, [u8; KEY_BYTES]> {
        Box::pin(async move {
            if let Some(key) = self.stored_key().await? {
                return Ok(key);
            }
            let stored = item(DEPLOYMENT, KEY_ITEM, [(KEY, B(Blob::new(fresh)))]);
            if self.0.put_new(stored).await? {
                return Ok(fresh);
            }
            // Another environment was first.
            let key = self.stored_key().await?;
            key.ok_or_else(|| SealStoreError("the key is gone again".into()))
        })
    }

    fn redeem<'a>(&'a self, id: &'a str, expires_at: u64) -> Rarely<'a, bool> {
        Box::pin(async move {
            let expiry = [(EXPIRES_AT, number(expires_at))];
            let mark = item(&format!("{USED}{id}"), "used", expiry);
            Ok(self.0.put_new(mark).await?)
        })
    }
}
