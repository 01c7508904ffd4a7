//! Sessions: what the revisions that begin with `initialize` have to know across environments.
//!
//! A session is a partition of the session table. Its head says who opened it, in which revision, and what its client
//! can do; the rest is there only while it is needed: the questions of calls that wait for their client, what was sent
//! on streams that a client may come back to, and the mailbox of a session of 2024-11-05. Everything in it is bounded,
//! and expires.

mod dynamodb;
mod events;
mod id;
mod session;
mod store;

pub use dynamodb::DynamoDbSessionStore;
pub use events::{Event, EventId, InvalidEventId, KEPT_AT_MOST, Opening, PlaceInStream};
pub use id::{CallKey, InvalidName, QuestionId, SessionId};
pub use session::{Change, LIFETIME, LOG_LEVEL, Session, Transport, Watched};
pub use store::{
    Calls, Delivered, Events, Heads, Inherited, Later, Mailboxes, Peeked, SessionStore,
    SessionStoreError,
};

use crate::{invocation::Principal, moment::Moment};
use registry::{CatalogVersion, CatalogVersions, logging};
use rmcp::model::InitializeRequestParams;
use std::sync::Arc;

/// Resources that the client of one session can subscribe to; each costs reads when resources change.
pub const SUBSCRIPTIONS_AT_MOST: usize = crate::subscriptions::URIS_AT_MOST;
/// Longest URI that can be subscribed to, in bytes.
const URI_AT_MOST: usize = 2048;
/// How often a change of subscriptions is tried when others write at the same time: the client's own requests.
const ATTEMPTS: usize = 10;

/// Why there is no session, or no change of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// There is none of that name for this caller, or not any more. One message for all of these: somebody else's
    /// sessions are nobody's business.
    #[error("there is no such session, or not any more: begin again with `initialize`")]
    Unknown,
    /// There are too many subscriptions, or the URI is too long.
    #[error(
        "a session holds at most {SUBSCRIPTIONS_AT_MOST} subscriptions, to URIs of up to {URI_AT_MOST} bytes"
    )]
    TooMany,
    /// The table can't be asked. The cause is in the log.
    #[error("sessions can't be handled at the moment; try again shortly")]
    Unavailable,
}

impl From<SessionStoreError> for SessionError {
    fn from(error: SessionStoreError) -> Self {
        reported(&error);
        Self::Unavailable
    }
}

/// Logs why something about a session could not be done.
pub fn reported(error: &SessionStoreError) {
    tracing::error!(cause = logging::chain(error), "sessions can't be handled");
}

/// All sessions.
#[derive(Debug, Clone)]
pub struct Sessions {
    store: Arc<dyn SessionStore>,
}

impl Sessions {
    /// The sessions in this store.
    pub fn new(store: Arc<dyn SessionStore>) -> Self {
        Self { store }
    }

    /// Where they are kept, for what needs no rules beyond the store's.
    pub fn store(&self) -> &dyn SessionStore {
        &*self.store
    }

    /// Opens a session. When this returns, every environment knows it.
    pub async fn open(
        &self,
        principal: Option<&Principal>,
        transport: Transport,
        handshake: Option<InitializeRequestParams>,
        seen: CatalogVersions,
    ) -> Result<Session, SessionError> {
        let id = SessionId::random().map_err(|error| {
            tracing::error!(cause = logging::chain(&error), "no session can be opened");
            SessionError::Unavailable
        })?;
        let session = Session {
            id,
            principal: principal.cloned(),
            transport,
            handshake,
            log_level: LOG_LEVEL,
            seen,
            expires_at: Moment::now().plus(LIFETIME).seconds(),
        };
        if transport == Transport::HttpWithSse {
            self.store.create_mailbox(&session).await?;
        }
        self.store.create(&session).await?;
        Ok(session)
    }

    /// A caller's session of this kind, which is thereby kept alive.
    pub async fn of(
        &self,
        principal: Option<&Principal>,
        transport: Transport,
        id: &str,
    ) -> Result<Session, SessionError> {
        let id: SessionId = id.parse().map_err(|_| SessionError::Unknown)?;
        let now = Moment::now();
        let session = self.store.get(&id).await?;
        let is_theirs = |session: &Session| {
            session.principal.as_ref() == principal
                && session.transport == transport
                && !session.is_expired(now)
        };
        let session = session.filter(is_theirs).ok_or(SessionError::Unknown)?;
        if session.is_due(now) {
            let change = Change::ExpiresAt(now.plus(LIFETIME).seconds());
            if !self.store.change(&session.id, change).await? {
                return Err(SessionError::Unknown);
            }
        }
        Ok(session)
    }

    /// Changes a session.
    pub async fn change(&self, id: &SessionId, change: Change<'_>) -> Result<(), SessionError> {
        if self.store.change(id, change).await? {
            Ok(())
        } else {
            Err(SessionError::Unknown)
        }
    }

    /// Ends a session: nothing knows it any more.
    pub async fn end(&self, session: &Session) -> Result<(), SessionError> {
        Ok(self.store.delete(&session.id).await?)
    }

    /// Subscribes the client of a session to a resource, which is served by what was written in this version.
    pub async fn subscribe(
        &self,
        session: &Session,
        uri: &str,
        served_by: Option<CatalogVersion>,
    ) -> Result<(), SessionError> {
        self.rewatch(session, |watched| {
            watched
                .uris
                .insert(uri.to_owned(), served_by.map(CatalogVersion::get));
            watched.uris.len() <= SUBSCRIPTIONS_AT_MOST && uri.len() <= URI_AT_MOST
        })
        .await
    }

    /// Ends the subscription to a resource.
    pub async fn unsubscribe(&self, session: &Session, uri: &str) -> Result<(), SessionError> {
        self.rewatch(session, |watched| {
            watched.uris.remove(uri);
            true
        })
        .await
    }

    async fn rewatch(
        &self,
        session: &Session,
        mut change: impl FnMut(&mut Watched) -> bool,
    ) -> Result<(), SessionError> {
        for _ in 0..ATTEMPTS {
            let mut watched = self.store.watched(&session.id).await?;
            if !change(&mut watched) {
                return Err(SessionError::TooMany);
            }
            watched.revision += 1;
            let put = self
                .store
                .put_watched(&session.id, &watched, session.expires_at);
            if put.await? {
                return Ok(());
            }
        }
        tracing::error!("subscriptions were written by others again and again");
        Err(SessionError::Unavailable)
    }
}
