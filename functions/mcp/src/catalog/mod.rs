//! The registrations as this execution environment knows them.
//!
//! A request reads the catalog's version, one small item. What was read from the table before stays good until that
//! version moves, so a warm request costs one read, however many registrations there are, and a change is seen by the
//! next request in every environment. Under load, requests share that read; the module `freshness` says when.

mod bounded;
mod entry;
mod freshness;
mod listed;

pub use entry::{Entry, InvalidEntry, ToolEntry};
pub use listed::{Listed, ListedPage};

use bounded::Bounded;
use freshness::Freshness;
use listed::Pages;
use registry::{
    CatalogVersion, CatalogVersions, Registration, RegistrationId, RegistrationName,
    RegistrationStore, RegistrationType, Selection, StoreError, StoredTemplate, logging,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

/// Registrations on one page of a list.
const PAGE_SIZE: usize = 200;
/// Document bytes kept as entries; parsed and compiled they take several times as much memory.
const ENTRIES_BYTES: usize = 4 * 1024 * 1024;
/// What remembering a URI takes beside its text: its place in the table, and the name it leads to.
const URI_OVERHEAD: usize = 160;
/// URIs whose registration is remembered, in bytes.
const URIS_BYTES: usize = 1024 * 1024;

/// Why a registration or a list can't be had. The cause is in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CatalogError {
    /// The table didn't answer, or refused.
    #[error("the registrations can't be read at the moment; try again shortly")]
    Unavailable,
    /// What is stored can't be understood.
    #[error("the registration is damaged; ask the administrator to register it again")]
    Damaged,
}

/// A resource registration found for a URI.
#[derive(Debug, Clone)]
pub struct FoundResource {
    /// The registration.
    pub entry: Arc<Entry>,
    /// What the template's variables stand for; empty for a resource with a plain URI.
    pub variables: BTreeMap<String, String>,
}

/// Reads registrations through a cache that is as fresh as the table.
#[derive(Debug)]
pub struct Catalog<S> {
    store: S,
    // One request at a time runs in an execution environment, so nobody ever waits for this lock.
    cache: Mutex<Cache>,
}

#[derive(Debug)]
struct Cache {
    freshness: Freshness,
    version: Option<CatalogVersion>,
    entries: Bounded<RegistrationId, Arc<Entry>>,
    uris: Bounded<String, Option<RegistrationName>>,
    templates: Option<Arc<Vec<StoredTemplate>>>,
    pages: Pages,
}

impl Cache {
    fn new() -> Self {
        Self {
            freshness: Freshness::new(),
            version: None,
            entries: Bounded::new(ENTRIES_BYTES),
            uris: Bounded::new(URIS_BYTES),
            templates: None,
            pages: Pages::default(),
        }
    }

    fn is_due(&mut self) -> bool {
        self.freshness.due(Instant::now()) || self.version.is_none()
    }

    /// Starts anew, with what is read from now on.
    fn forget(&mut self, version: Option<CatalogVersion>) {
        let freshness = std::mem::replace(&mut self.freshness, Freshness::new());
        *self = Self {
            freshness,
            version,
            ..Self::new()
        };
    }
}

impl<S: RegistrationStore> Catalog<S> {
    /// A catalog that has read nothing yet.
    pub fn new(store: S) -> Self {
        Self {
            store,
            cache: Mutex::new(Cache::new()),
        }
    }

    /// Makes sure that nothing outdated is answered from here on. Once a request.
    pub async fn fresh(&self) -> Result<FreshCatalog<'_, S>, CatalogError> {
        if !self.cache().is_due() {
            return Ok(FreshCatalog(self));
        }
        let version = self.store.catalog_version().await;
        let mut cache = self.cache();
        match version {
            Ok(version) if cache.version == Some(version) => {}
            Ok(version) => cache.forget(Some(version)),
            Err(error) => {
                // Whatever is kept may be outdated: the next request has to ask again.
                cache.forget(None);
                return Err(reported(&error));
            }
        }
        drop(cache);
        Ok(FreshCatalog(self))
    }

    /// The versions that the catalog has now, whatever was read before, and the registrations that are at least as new.
    pub async fn versions(&self) -> Result<(CatalogVersions, FreshCatalog<'_, S>), CatalogError> {
        let versions = self.store.catalog_versions().await;
        let versions = versions.map_err(|error| reported(&error))?;
        let mut cache = self.cache();
        if cache.version != Some(versions.whole) {
            cache.forget(Some(versions.whole));
        }
        drop(cache);
        Ok((versions, FreshCatalog(self)))
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        // A panic while the lock was held left a cache that is at worst emptier than it was.
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A catalog whose version was read for this request: what is read through it is at least as new as the version it
/// is kept under.
#[derive(Debug)]
pub struct FreshCatalog<'a, S>(&'a Catalog<S>);

impl<S: RegistrationStore> FreshCatalog<'_, S> {
    /// The registration with this id. One that is disabled does not exist for clients.
    pub async fn entry(&self, id: &RegistrationId) -> Result<Option<Arc<Entry>>, CatalogError> {
        if let Some(entry) = self.0.cache().entries.get(id) {
            return Ok(Some(Arc::clone(entry)));
        }
        let Some(stored) = self
            .0
            .store
            .get(id)
            .await
            .map_err(|error| reported(&error))?
            .filter(|stored| stored.registration.enabled)
        else {
            return Ok(None);
        };
        let entry = Entry::new(stored).map_err(|error| {
            tracing::error!(registration = %id, cause = logging::chain(&error), "a registration can't be used");
            CatalogError::Damaged
        })?;
        let bytes = weight(&entry.registration);
        let entry = Arc::new(entry);
        self.0
            .cache()
            .entries
            .insert(id.clone(), Arc::clone(&entry), bytes);
        Ok(Some(entry))
    }

    /// The registration that serves a URI: the one with just this URI, else the first template (by name) that fits.
    pub async fn resource(&self, uri: &str) -> Result<Option<FoundResource>, CatalogError> {
        let (name, variables) = if let Some(name) = self.name_at(uri).await? {
            (name, BTreeMap::new())
        } else {
            let templates = self.templates().await?;
            let fits = |stored: &StoredTemplate| {
                Some((stored.name.clone(), stored.template.match_uri(uri)?))
            };
            let Some(found) = templates.iter().find_map(fits) else {
                return Ok(None);
            };
            found
        };
        let id = RegistrationId {
            kind: RegistrationType::Resource,
            name,
        };
        Ok(self
            .entry(&id)
            .await?
            .map(|entry| FoundResource { entry, variables }))
    }

    /// The resource templates, by name.
    pub async fn templates(&self) -> Result<Arc<Vec<StoredTemplate>>, CatalogError> {
        if let Some(templates) = &self.0.cache().templates {
            return Ok(Arc::clone(templates));
        }
        let templates = Arc::new(
            self.0
                .store
                .resource_templates()
                .await
                .map_err(|error| reported(&error))?,
        );
        self.0.cache().templates = Some(Arc::clone(&templates));
        Ok(templates)
    }

    /// A page of a list, in the order of names, after the registration `after`.
    pub async fn page<T: Listed>(
        &self,
        after: Option<&RegistrationName>,
    ) -> Result<Arc<ListedPage<T>>, CatalogError> {
        if let Some(page) = T::pages(&mut self.0.cache().pages).get(&after.cloned()) {
            return Ok(Arc::clone(page));
        }
        let stored = self
            .0
            .store
            .list(T::KIND, &Selection::enabled(T::FILTER), after, PAGE_SIZE)
            .await
            .map_err(|error| reported(&error))?;
        let page = Arc::new(ListedPage::read(&stored));
        T::pages(&mut self.0.cache().pages).insert(after.cloned(), Arc::clone(&page), page.bytes);
        Ok(page)
    }

    async fn name_at(&self, uri: &str) -> Result<Option<RegistrationName>, CatalogError> {
        if let Some(name) = self.0.cache().uris.get(uri) {
            return Ok(name.clone());
        }
        let name = self
            .0
            .store
            .resource_at(uri)
            .await
            .map_err(|error| reported(&error))?;
        self.0
            .cache()
            .uris
            .insert(uri.to_owned(), name.clone(), uri.len() + URI_OVERHEAD);
        Ok(name)
    }
}

fn reported(error: &StoreError) -> CatalogError {
    tracing::error!(
        cause = logging::chain(error),
        "the registrations can't be read"
    );
    match error {
        StoreError::Corrupt { .. } => CatalogError::Damaged,
        _ => CatalogError::Unavailable,
    }
}

/// What keeping a registration costs, measured by its document.
fn weight(registration: &Registration) -> usize {
    registration.to_json().get().len()
}
