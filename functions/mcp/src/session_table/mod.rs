//! The session table: what has to cross environments, other than registrations.
//!
//! String keys `sessionId` (partition) and `item` (sort), and `expiresAt` in seconds since the epoch, after which
//! `DynamoDB` deletes an item, in its own time. Partitions that are no session's begin with `$`, which no session's id
//! does.

mod documents;

pub use documents::{Stored, read_stored, stored};

use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::update_item::builders::UpdateItemFluentBuilder,
    types::AttributeValue::{self, N, S},
};
use registry::{TableName, aws::LazyDynamoDb};
use std::{collections::HashMap, error::Error};

/// The partition key.
pub const PARTITION: &str = "sessionId";
/// The sort key.
pub const ITEM: &str = "item";
/// When an item may be forgotten.
pub const EXPIRES_AT: &str = "expiresAt";

/// An item, attribute by attribute.
pub type Item = HashMap<String, AttributeValue>;

/// The table could not do what it was asked, or holds what it should not.
#[derive(Debug, thiserror::Error)]
#[error("the session table can't be used")]
pub struct TableError(#[source] pub Box<dyn Error + Send + Sync>);

/// The table. Clones share the client.
#[derive(Debug, Clone)]
pub struct SessionTable {
    client: LazyDynamoDb,
    name: TableName,
}

impl SessionTable {
    /// The table of this name.
    pub fn new(client: LazyDynamoDb, name: TableName) -> Self {
        Self { client, name }
    }

    /// For requests that only one of its users makes.
    pub fn client(&self) -> &Client {
        self.client.get()
    }

    /// The name.
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    /// An item, as all writes left it that were answered before.
    pub async fn get(&self, partition: &str, item: &str) -> Result<Option<Item>, TableError> {
        let output = self
            .client()
            .get_item()
            .table_name(self.name())
            .key(PARTITION, text(partition))
            .key(ITEM, text(item))
            .consistent_read(true)
            .send()
            .await
            .map_err(failed)?;
        Ok(output.item)
    }

    /// Writes an item over what is there.
    pub async fn put(&self, item: Item) -> Result<(), TableError> {
        let put = self.client().put_item().table_name(self.name());
        put.set_item(Some(item)).send().await.map_err(failed)?;
        Ok(())
    }

    /// Writes an item where there is none. False if there is one.
    pub async fn put_new(&self, item: Item) -> Result<bool, TableError> {
        self.put_if(item, "attribute_not_exists(sessionId)", [])
            .await
    }

    /// Writes an item over one that is as the condition says. False if it isn't.
    pub async fn put_if<const N: usize>(
        &self,
        item: Item,
        condition: &str,
        values: [(&str, AttributeValue); N],
    ) -> Result<bool, TableError> {
        let mut put = self
            .client()
            .put_item()
            .table_name(self.name())
            .set_item(Some(item))
            .condition_expression(condition);
        for (name, value) in values {
            put = put.expression_attribute_values(name, value);
        }
        let refused = |error: &aws_sdk_dynamodb::operation::put_item::PutItemError| {
            error.is_conditional_check_failed_exception()
        };
        match put.send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(refused) => Ok(false),
            Err(error) => Err(failed(error)),
        }
    }

    /// Deletes an item, if there is one.
    pub async fn delete(&self, partition: &str, item: &str) -> Result<(), TableError> {
        let delete = self.client().delete_item().table_name(self.name());
        delete
            .key(PARTITION, text(partition))
            .key(ITEM, text(item))
            .send()
            .await
            .map_err(failed)?;
        Ok(())
    }

    /// A change of an item, still to be said; see [`updated`].
    pub fn update(&self, partition: &str, item: &str) -> UpdateItemFluentBuilder {
        self.client()
            .update_item()
            .table_name(self.name())
            .key(PARTITION, text(partition))
            .key(ITEM, text(item))
    }
}

/// Makes a change. None if its condition does not hold, otherwise the attributes that it asked to have returned.
pub async fn updated(update: UpdateItemFluentBuilder) -> Result<Option<Item>, TableError> {
    let refused = |error: &aws_sdk_dynamodb::operation::update_item::UpdateItemError| {
        error.is_conditional_check_failed_exception()
    };
    match update.send().await {
        Ok(output) => Ok(Some(output.attributes.unwrap_or_default())),
        Err(error) if error.as_service_error().is_some_and(refused) => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

/// What went wrong, in the service's own words, without the request and the raw answer, which don't belong in logs.
pub fn failed<E: Error + Send + Sync + 'static>(error: SdkError<E>) -> TableError {
    TableError(match error {
        SdkError::ServiceError(context) => Box::new(context.into_err()),
        other => other.to_string().into(),
    })
}

/// An attribute.
pub fn text(text: impl Into<String>) -> AttributeValue {
    S(text.into())
}

/// An attribute.
pub fn number(number: impl Into<u64>) -> AttributeValue {
    N(number.into().to_string())
}

/// The text of an attribute, if it is there and one.
pub fn text_of<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

/// The number of an attribute, if it is there and one.
pub fn number_of<T: std::str::FromStr>(item: &Item, name: &str) -> Option<T> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

/// An item of these attributes.
pub fn item<'a>(
    partition: &str,
    item: impl Into<String>,
    attributes: impl IntoIterator<Item = (&'a str, AttributeValue)>,
) -> Item {
    let keys = [(PARTITION, text(partition)), (ITEM, S(item.into()))];
    keys.into_iter()
        .chain(attributes)
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
