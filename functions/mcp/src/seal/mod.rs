//! A request's state in the hands of the client.
//!
//! A 2026-07-28 client that is asked something comes back with a new request, which meets any environment; what has to
//! be known then travels with the client, sealed: encrypted, since it holds what the function thought was its own, and
//! bound to who was asked, for which request and until when. Source: MCP 2026-07-28, "Multi round-trip requests",
//! "Request state".

mod binding;
mod cipher;
mod dynamodb;

pub use binding::Binding;
pub use dynamodb::DynamoDbSealStore;

use crate::contract::{Questions, Responses};
use cipher::{Cipher, KEY_BYTES};
use registry::logging;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    error::Error,
    future::Future,
    pin::Pin,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::sync::OnceCell;

/// A future of a port that is rarely called, and so not worth a type parameter of everything that holds it.
pub type Rarely<'a, T> = Pin<Box<dyn Future<Output = Result<T, SealStoreError>> + Send + 'a>>;

/// What of sealing has to be shared by all environments.
pub trait SealStore: std::fmt::Debug + Send + Sync {
    /// The deployment's key; `fresh` becomes the key if there is none yet.
    fn key(&self, fresh: [u8; KEY_BYTES]) -> Rarely<'_, [u8; KEY_BYTES]>;

    /// Marks a state as used until `expires_at` (seconds since the epoch). False if it was used before.
    fn redeem<'a>(&'a self, id: &'a str, expires_at: u64) -> Rarely<'a, bool>;
}

/// The store could not be asked.
#[derive(Debug, thiserror::Error)]
#[error("the session table can't be used")]
pub struct SealStoreError(#[source] pub Box<dyn Error + Send + Sync>);

/// What is kept between a question and its answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pending {
    /// The function's own state.
    pub state: Option<Value>,
    /// What was asked and not answered yet.
    pub questions: Questions,
    /// What was answered already.
    pub responses: Responses,
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    /// Seconds since the epoch.
    expires_at: u64,
    pending: Pending,
}

/// A state that was given out here for this very request and has not expired.
#[derive(Debug)]
pub struct Opened {
    /// What it holds.
    pub pending: Pending,
    id: String,
    expires_at: u64,
}

/// Why there is no state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// It was not given out here, not to this caller, not for this request, too long ago, or it was used. One message
    /// for all of these: which one it is would only help who tries.
    #[error("the requestState is not valid for this request: begin again without it")]
    Refused,
    /// The table can't be asked. The cause is in the log.
    #[error("states of requests can't be handled at the moment; try again shortly")]
    Unavailable,
}

/// Seals and opens states.
#[derive(Debug)]
pub struct Seals {
    store: Arc<dyn SealStore>,
    lifetime: Duration,
    cipher: OnceCell<Cipher>,
}

impl Seals {
    /// Seals that hold for `lifetime`. The key is read when it is first needed.
    pub fn new(store: Arc<dyn SealStore>, lifetime: Duration) -> Self {
        Self {
            store,
            lifetime,
            cipher: OnceCell::new(),
        }
    }

    /// A text that only [`Seals::open`] with the same binding makes something of.
    pub async fn seal(&self, binding: &Binding, pending: Pending) -> Result<String, SealError> {
        let sealed = Sealed {
            expires_at: now().saturating_add(self.lifetime.as_secs()),
            pending,
        };
        let plain = serde_json::to_vec(&sealed).expect("maps with string keys always serialise");
        self.cipher()
            .await?
            .encrypt(plain, binding.as_bytes())
            .ok_or(SealError::Unavailable)
    }

    /// Opens a text that a client sent.
    ///
    /// # Errors
    ///
    /// It isn't one that [`Seals::seal`] made for the same binding, or it has expired.
    pub async fn open(&self, binding: &Binding, text: &str) -> Result<Opened, SealError> {
        let (plain, id) = self
            .cipher()
            .await?
            .decrypt(text, binding.as_bytes())
            .ok_or(SealError::Refused)?;
        let sealed: Sealed = serde_json::from_slice(&plain).map_err(|_| SealError::Refused)?;
        if sealed.expires_at <= now() {
            return Err(SealError::Refused);
        }
        Ok(Opened {
            pending: sealed.pending,
            id,
            expires_at: sealed.expires_at,
        })
    }

    /// Uses an opened state up, so that what a function does with an answer is done once.
    ///
    /// # Errors
    ///
    /// It was used before.
    pub async fn redeem(&self, opened: &Opened) -> Result<(), SealError> {
        match self.store.redeem(&opened.id, opened.expires_at).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(SealError::Refused),
            Err(error) => Err(reported(&error)),
        }
    }

    async fn cipher(&self) -> Result<&Cipher, SealError> {
        self.cipher
            .get_or_try_init(|| async {
                let fresh = cipher::random().ok_or(SealError::Unavailable)?;
                let key = self.store.key(fresh).await;
                Ok(Cipher::new(&key.map_err(|error| reported(&error))?))
            })
            .await
    }
}

fn reported(error: &SealStoreError) -> SealError {
    tracing::error!(
        cause = logging::chain(error),
        "states of requests can't be handled"
    );
    SealError::Unavailable
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

#[cfg(test)]
mod tests;
