//! The store in `DynamoDB`: one table, keyed by `type` and `name`.
//!
//! Registrations stand under their type and name. Beside them stand pointers from URIs to resources (`resource-uri`,
//! whose name is the URI), a short list of all templates (`resource-template`), the records of all changes (`audit`), and
//! the version of the whole (`catalog`, `version`), which every write moves in the transaction that writes the rest.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use time::OffsetDateTime;
use time::macros::format_description;

use crate::id::{RegistrationId, RegistrationType};
use crate::name::RegistrationName;
use crate::store::{
    Author, CatalogVersion, CatalogVersions, Change, History, Page, RegistrationStore, Selection,
    StoreError, StoredRegistration, StoredTemplate, WriteError, Written,
};

mod audit;
mod failures;
mod history;
mod items;
mod plan;
mod reads;
mod transaction;
mod writes;

/// The name of a `DynamoDB` table: 3 to 255 of letters, digits, `_`, `.` and `-`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableName(String);

/// The text is no name of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a table name has 3 to 255 of letters, digits, `_`, `.` and `-`")]
pub struct InvalidTableName;

impl TableName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TableName {
    type Err = InvalidTableName;

    fn from_str(name: &str) -> Result<Self, InvalidTableName> {
        let sound = (3..=255).contains(&name.len())
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'));
        if sound {
            Ok(Self(name.to_owned()))
        } else {
            Err(InvalidTableName)
        }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Registrations in one `DynamoDB` table. Cheap to clone.
///
/// Reads are strongly consistent `GetItem`s and `Query`s, never a `Scan`; each write is one `TransactWriteItems`.
#[derive(Debug, Clone)]
pub struct DynamoDbStore {
    client: Arc<LazyLock<Client, MakeClient>>,
    table: TableName,
    /// How long records of changes are kept.
    keep_changes: Option<Duration>,
}

type MakeClient = Box<dyn FnOnce() -> Client + Send + Sync>;

impl DynamoDbStore {
    /// A store in this table, which must exist with the string keys `type` (partition) and `name` (sort).
    ///
    /// The client is made for the first request: it reads the list of AWS partitions when it is made, which takes a
    /// noticeable part of the time from process start to first answer, and a first answer may need no table.
    pub fn new(
        make_client: impl FnOnce() -> Client + Send + Sync + 'static,
        table: TableName,
    ) -> Self {
        let make_client: MakeClient = Box::new(make_client);
        Self {
            client: Arc::new(LazyLock::new(make_client)),
            table,
            keep_changes: None,
        }
    }

    /// The same store, which has `DynamoDB` delete records of changes after this time, by the table's time to live
    /// (`expiresAt`). Without this they are kept for ever.
    #[must_use]
    pub fn keeping_changes_for(mut self, time: Duration) -> Self {
        self.keep_changes = Some(time);
        self
    }
}

/// RFC 3339, UTC, milliseconds: all of one length, so that their order as texts is theirs in time.
fn timestamp(time: OffsetDateTime) -> String {
    let format =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    time.format(format)
        .expect("a UTC time always has all of these parts")
}

impl RegistrationStore for DynamoDbStore {
    async fn catalog_version(&self) -> Result<CatalogVersion, StoreError> {
        Ok(self.read_catalog().await?.whole)
    }

    async fn catalog_versions(&self) -> Result<CatalogVersions, StoreError> {
        self.read_catalog().await
    }

    async fn get(&self, id: &RegistrationId) -> Result<Option<StoredRegistration>, StoreError> {
        self.read_registration(id).await
    }

    async fn list(
        &self,
        kind: RegistrationType,
        selection: &Selection,
        after: Option<&RegistrationName>,
        limit: usize,
    ) -> Result<Page<StoredRegistration>, StoreError> {
        self.read_list(kind, selection, after, limit).await
    }

    async fn resource_at(&self, uri: &str) -> Result<Option<RegistrationName>, StoreError> {
        self.read_uri_pointer(uri).await
    }

    async fn resource_templates(&self) -> Result<Vec<StoredTemplate>, StoreError> {
        self.read_templates().await
    }

    async fn write(
        &self,
        changes: &[Change],
        author: Option<&Author>,
    ) -> Result<Vec<Written>, WriteError> {
        self.write_changes(changes, author).await
    }

    async fn history(
        &self,
        id: &RegistrationId,
        before: Option<CatalogVersion>,
        limit: usize,
    ) -> Result<History, StoreError> {
        self.read_history(id, before, limit).await
    }
}
