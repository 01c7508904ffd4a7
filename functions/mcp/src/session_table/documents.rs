//! Documents of any size: small ones stand in an item, larger ones in parts of their own beside it. An item holds at most
//! 400 KB. Source: `DynamoDB` developer guide, "Quotas".

use super::{EXPIRES_AT, ITEM, SessionTable, TableError, failed, item, number, text};
use aws_sdk_dynamodb::{
    primitives::Blob,
    types::AttributeValue::{self, B, S},
};
use bytes::{Bytes, BytesMut};
use futures_util::future::try_join_all;

/// On a part: its bytes.
const PART: &str = "part";
/// Bytes in a part; with the rest of the item below 400 KB.
const PART_BYTES: usize = 384 * 1000;

/// Where a document is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stored {
    /// In the item that it belongs to.
    Inline(Bytes),
    /// Beside it, in parts.
    Parts {
        /// What the parts have in common.
        name: String,
        /// How many there are.
        count: usize,
    },
}

/// As an attribute: bytes are the document, a text says how many parts there are and what they are called.
pub fn stored(stored: &Stored) -> AttributeValue {
    match stored {
        Stored::Inline(document) => B(Blob::new(document.as_ref())),
        Stored::Parts { name, count } => S(format!("{count} {name}")),
    }
}

/// None if the attribute is not one that [`stored`] makes.
pub fn read_stored(value: &AttributeValue) -> Option<Stored> {
    match value {
        B(document) => Some(Stored::Inline(Bytes::copy_from_slice(document.as_ref()))),
        S(parts) => {
            let (count, name) = parts.split_once(' ')?;
            Some(Stored::Parts {
                name: name.to_owned(),
                count: count.parse().ok()?,
            })
        }
        _ => None,
    }
}

impl SessionTable {
    /// Keeps a document in a partition until `expires_at` (seconds since the epoch). One of up to `inline_at_most` bytes
    /// is for the item it belongs to, which is still to be written.
    pub async fn keep(
        &self,
        partition: &str,
        document: Bytes,
        inline_at_most: usize,
        expires_at: u64,
    ) -> Result<Stored, TableError> {
        if document.len() <= inline_at_most {
            return Ok(Stored::Inline(document));
        }
        // A name of its own: whoever loses a race with another writer must not have overwritten its parts.
        let name = uuid::Uuid::new_v4().simple().to_string();
        let parts = document.chunks(PART_BYTES).enumerate();
        let puts = parts.map(|(index, part)| {
            let key = format!("{}{index:04}", prefix(&name));
            let attributes = [(PART, B(Blob::new(part))), (EXPIRES_AT, number(expires_at))];
            self.put(item(partition, key, attributes))
        });
        let count = try_join_all(puts).await?.len();
        Ok(Stored::Parts { name, count })
    }

    /// A document that was kept in this partition.
    pub async fn fetch(&self, partition: &str, stored: &Stored) -> Result<Bytes, TableError> {
        let (name, count) = match stored {
            Stored::Inline(document) => return Ok(document.clone()),
            Stored::Parts { name, count } => (name, *count),
        };
        let mut document = BytesMut::new();
        let mut found = 0;
        let mut after = None;
        loop {
            let output = self
                .client()
                .query()
                .table_name(self.name())
                .consistent_read(true)
                .key_condition_expression("sessionId = :partition AND begins_with(#item, :name)")
                .expression_attribute_names("#item", ITEM)
                .expression_attribute_values(":partition", text(partition))
                .expression_attribute_values(":name", S(prefix(name)))
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
            Err(TableError(
                format!("{found} parts of a document that has {count}").into(),
            ))
        }
    }
}

/// What the sort keys of a document's parts begin with.
fn prefix(name: &str) -> String {
    format!("part#{name}#")
}
