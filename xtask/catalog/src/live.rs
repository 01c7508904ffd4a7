//! Reading what a deployment has.

use crate::plan::LiveCatalog;
use crate::ports::{Live, Page, Registry, RegistryError};
use crate::retry::Patience;

/// How often a catalog is read anew because somebody changed it meanwhile.
const READINGS: usize = 5;

/// Why a catalog can't be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadLiveError<E: std::error::Error + 'static> {
    /// The registry did not answer what it was asked.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// It changes faster than it can be read.
    #[error(
        "the catalog was changed during each of {READINGS} readings: export it when nobody writes"
    )]
    Changing,
    /// What was read can't be kept.
    #[error(transparent)]
    Sink(E),
}

/// Reads the whole catalog. Writes in between are no harm: what is written on it later is written on the revision that
/// was read.
pub async fn read(
    registry: &impl Registry,
    patience: Patience,
) -> Result<LiveCatalog, RegistryError> {
    let mut catalog = LiveCatalog::new();
    let mut cursor: Option<String> = None;
    loop {
        let page = patience.ask(|| registry.page(cursor.as_deref())).await?;
        for live in page.registrations {
            catalog.insert(live.document.id().clone(), live);
        }
        cursor = page.next;
        if cursor.is_none() {
            return Ok(catalog);
        }
    }
}

/// Hands every registration to `sink`, as of one moment. When somebody changes the catalog meanwhile, `restart` is called
/// and everything comes again.
pub async fn read_one_moment<S, E: std::error::Error + 'static>(
    registry: &impl Registry,
    patience: Patience,
    state: &mut S,
    restart: impl Fn(&mut S) -> Result<(), E>,
    sink: impl Fn(&mut S, Live) -> Result<(), E>,
) -> Result<(), ReadLiveError<E>> {
    for _ in 0..READINGS {
        restart(state).map_err(ReadLiveError::Sink)?;
        let mut cursor: Option<String> = None;
        let mut version: Option<String> = None;
        let is_whole = loop {
            let Page {
                registrations,
                next,
                version: now,
            } = patience.ask(|| registry.page(cursor.as_deref())).await?;
            if version.as_ref().is_some_and(|version| *version != now) {
                break false;
            }
            version = Some(now);
            for live in registrations {
                sink(state, live).map_err(ReadLiveError::Sink)?;
            }
            cursor = next;
            if cursor.is_none() {
                break true;
            }
        };
        if is_whole {
            return Ok(());
        }
    }
    Err(ReadLiveError::Changing)
}
