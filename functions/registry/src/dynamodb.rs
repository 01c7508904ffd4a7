//! The store in `DynamoDB`: one table, keyed by `type` and `name`.
//!
//! Registrations stand under their type and name. Beside them stand pointers from URIs to resources (`resource-uri`,
//! whose name is the URI), a short list of all templates (`resource-template`), and the version of the whole
//! (`catalog`, `version`), which every write moves in the transaction that writes the rest.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, LazyLock};

use aws_sdk_dynamodb::Client;

use crate::id::{RegistrationId, RegistrationType};
use crate::name::RegistrationName;
use crate::registration::Registration;
use crate::store::{
    CatalogVersion, CatalogVersions, Page, RegistrationStore, ResourceFilter, StoreError,
    StoredRegistration, StoredTemplate,
};

mod failures;
mod items;
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
        }
    }
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
        filter: ResourceFilter,
        after: Option<&RegistrationName>,
        limit: usize,
    ) -> Result<Page<StoredRegistration>, StoreError> {
        self.read_list(kind, filter, after, limit).await
    }

    async fn resource_at(&self, uri: &str) -> Result<Option<RegistrationName>, StoreError> {
        self.read_uri_pointer(uri).await
    }

    async fn resource_templates(&self) -> Result<Vec<StoredTemplate>, StoreError> {
        self.read_templates().await
    }

    async fn create(&self, registration: &Registration) -> Result<StoredRegistration, StoreError> {
        self.write_new(registration).await
    }

    async fn replace(&self, registration: &Registration) -> Result<StoredRegistration, StoreError> {
        self.write_over(registration).await
    }

    async fn delete(&self, id: &RegistrationId) -> Result<(), StoreError> {
        self.remove(id).await
    }
}
