//! The port behind which registrations are kept.

use std::fmt;
use std::future::Future;

use crate::id::{RegistrationId, RegistrationType};
use crate::name::RegistrationName;
use crate::registration::Registration;
use crate::uri_template::UriTemplate;

mod change;
mod history;
mod selection;

pub use change::{
    Author, Change, Operation, Precondition, Refusal, Refused, Revisions, WriteError, Written,
};
pub use history::{Action, ChangeRecord, History};
pub use selection::{FunctionFilter, InvalidFunction, ResourceFilter, Selection};

/// Counts the writes of the whole catalog: each write of any registration makes the next version. 0 before the first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CatalogVersion(u64);

impl CatalogVersion {
    /// The version with this number.
    pub fn new(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    pub fn get(self) -> u64 {
        self.0
    }

    /// The version that the next write makes.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for CatalogVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The catalog's version, and those that the last writes of each type of registration made: what a list of one type
/// holds has changed when that type's version has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CatalogVersions {
    /// The version of the whole.
    pub whole: CatalogVersion,
    /// The last write of a tool, 0 before the first. Deletions are writes as well.
    pub tools: CatalogVersion,
    /// The last write of a resource.
    pub resources: CatalogVersion,
    /// The last write of a prompt.
    pub prompts: CatalogVersion,
}

impl CatalogVersions {
    /// The version that the last write of a registration of this type made.
    pub fn of(self, kind: RegistrationType) -> CatalogVersion {
        match kind {
            RegistrationType::Tool => self.tools,
            RegistrationType::Resource => self.resources,
            RegistrationType::Prompt => self.prompts,
        }
    }

    /// The versions after the next write, which is of registrations of these types.
    #[must_use]
    pub fn next(mut self, kinds: impl IntoIterator<Item = RegistrationType>) -> Self {
        self.whole = self.whole.next();
        for kind in kinds {
            *match kind {
                RegistrationType::Tool => &mut self.tools,
                RegistrationType::Resource => &mut self.resources,
                RegistrationType::Prompt => &mut self.prompts,
            } = self.whole;
        }
        self
    }
}

/// A registration as the store keeps it.
#[derive(Debug, Clone)]
pub struct StoredRegistration {
    /// What was registered.
    pub registration: Registration,
    /// The catalog version that its last write made, so no two writes of it ever share one.
    pub revision: CatalogVersion,
    /// When it was first written: RFC 3339, UTC, milliseconds.
    pub created_at: String,
    /// When it was last written: RFC 3339, UTC, milliseconds.
    pub updated_at: String,
}

/// Part of a list.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The part, in order.
    pub entries: Vec<T>,
    /// There is more, after this name.
    pub next: Option<RegistrationName>,
}

/// What went wrong below the store. Its text is for logs: it says which operation failed and how, and holds neither
/// credentials nor documents.
pub type StoreSource = Box<dyn std::error::Error + Send + Sync>;

/// Why the store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// An item exists but is not what this program writes.
    #[error("the stored item {item} cannot be read")]
    Corrupt {
        /// The item's type and name, as an id.
        item: String,
        /// What is wrong with it.
        #[source]
        source: StoreSource,
    },
    /// The table's capacity is used up; trying later will do.
    #[error("the table is throttled")]
    Throttled(#[source] StoreSource),
    /// The function's role lacks a permission.
    #[error("access to the table is denied")]
    Denied(#[source] StoreSource),
    /// Anything else: the table is missing, the network is down, the answer makes no sense.
    #[error("the table is unavailable")]
    Unavailable(#[source] StoreSource),
}

/// What a request for a resource by URI has to know of each template, kept in the `resource-template` pointers so that
/// no registration has to be read to match one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredTemplate {
    /// The registration that has the template.
    pub name: RegistrationName,
    /// The template.
    pub template: UriTemplate,
    /// Whether its function lists the resources behind it (`invocation.list`).
    pub lists: bool,
}

/// Where registrations are kept. All reads see every write that was answered before they began.
pub trait RegistrationStore: Send + Sync + 'static {
    /// The catalog's version: moves with every write.
    fn catalog_version(&self) -> impl Future<Output = Result<CatalogVersion, StoreError>> + Send;

    /// The catalog's version and those of each type, with one read.
    fn catalog_versions(&self) -> impl Future<Output = Result<CatalogVersions, StoreError>> + Send;

    /// One registration, with one read.
    fn get(
        &self,
        id: &RegistrationId,
    ) -> impl Future<Output = Result<Option<StoredRegistration>, StoreError>> + Send;

    /// The first `limit` registrations of a type that the selection holds and whose names come after `after`, in the
    /// order of their names' bytes.
    /// A page holds fewer when their documents come to about 1 MB before; only a page without `next` is the last one.
    /// An item that cannot be read is logged and left out, so that one broken item does not take a list down.
    fn list(
        &self,
        kind: RegistrationType,
        selection: &Selection,
        after: Option<&RegistrationName>,
        limit: usize,
    ) -> impl Future<Output = Result<Page<StoredRegistration>, StoreError>> + Send;

    /// The enabled resource registered with exactly this URI.
    fn resource_at(
        &self,
        uri: &str,
    ) -> impl Future<Output = Result<Option<RegistrationName>, StoreError>> + Send;

    /// Every enabled resource template, in the order of names.
    fn resource_templates(
        &self,
    ) -> impl Future<Output = Result<Vec<StoredTemplate>, StoreError>> + Send;

    /// Makes all of the changes or none, in one transaction that makes one version of the catalog and leaves one record
    /// of each change. What was done is answered in the order of the changes.
    ///
    /// It succeeds or is refused on what is true at one moment; when somebody else writes meanwhile, it is tried again on
    /// what they left. No changes are done at once, and make no version.
    fn write(
        &self,
        changes: &[Change],
        author: Option<&Author>,
    ) -> impl Future<Output = Result<Vec<Written>, WriteError>> + Send;

    /// What was done to a registration, newest first, also when it is deleted: at most `limit` records of versions
    /// before `before`. A part may hold fewer, and none; only one without `next` is the last.
    fn history(
        &self,
        id: &RegistrationId,
        before: Option<CatalogVersion>,
        limit: usize,
    ) -> impl Future<Output = Result<History, StoreError>> + Send;
}
