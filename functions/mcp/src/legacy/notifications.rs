//! The stream on which a client of 2025 hears of changes.
//!
//! An open stream occupies an execution environment. A client that subscribed to nothing is therefore not kept waiting:
//! it is told what has changed since it asked last, and to ask again in half a minute, as late as a client since
//! 2026-07-28 learns of changes by reading its lists again. Only who subscribed to a resource has a stream that stays
//! open. Source: MCP 2025-03-26 and later, "Streamable HTTP", "Listening for messages from the server".

use super::{Place, outbox::BACK_SOON, sse};
use crate::{
    lambda::Answered,
    server::look,
    sessions::{Change as SessionChange, EventId, SessionError, Watched},
    subscriptions::{Change, Seen},
};
use bytes::{Bytes, BytesMut};
use registry::{CatalogVersions, RegistrationStore};
use rmcp::model::ProtocolVersion;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::{sync::mpsc, time::Instant};

/// When a client comes back that subscribed to nothing.
const BACK_LATER: Duration = Duration::from_secs(30);
/// How often it is looked whether something has changed.
const LOOK: Duration = Duration::from_secs(1);
/// Kept back from the time of an invocation, for an end in order.
const MARGIN: Duration = Duration::from_millis(500);

/// Tells a client what has changed since it saw the lists in `last`, or else since it was told before, and what changes
/// from then on, for at most `lifetime`.
pub async fn notifications<S: RegistrationStore, I: Send + Sync + 'static>(
    place: Place<S, I>,
    last: Option<CatalogVersions>,
    lifetime: Duration,
) -> Result<Answered, SessionError> {
    let store = place.sessions.store();
    let watched = store.watched(&place.session.id).await?;
    let uris: Vec<String> = watched.uris.keys().cloned().collect();
    let now = look(&place.shared, &uris, None)
        .await
        .map_err(|_| SessionError::Unavailable)?;
    let before = last.unwrap_or(place.session.seen);
    let teller = Teller {
        seen: now,
        is_primed: primed(&place),
    };
    let changes = teller.missed(before, &watched);
    if teller.seen.versions != place.session.seen {
        let change = SessionChange::Seen(teller.seen.versions);
        place.sessions.change(&place.session.id, change).await?;
    }
    let first = teller.events(&changes, watched.uris.is_empty().then_some(BACK_LATER));
    if watched.uris.is_empty() {
        return Ok(sse::whole(first).into());
    }
    let left = place.invocation.remaining().saturating_sub(MARGIN);
    let end = Instant::now() + lifetime.min(left);
    let (client, chunks) = mpsc::channel(sse::CHUNKS);
    let telling = tokio::spawn(async move {
        if client.send(first).await.is_ok() {
            // The end of the stream tells all there is to say about how it came.
            let _ = teller.tell(&place, &client, end).await;
        }
    });
    Ok(Answered {
        response: sse::stream(chunks),
        rest: Some(Box::pin(async move {
            // It ends by itself; a panic has been reported.
            let _ = telling.await;
        })),
    })
}

/// Whether the client knows events without data.
fn primed<S, I>(place: &Place<S, I>) -> bool {
    let handshake = place.session.handshake.as_ref();
    handshake.is_some_and(|it| it.protocol_version >= ProtocolVersion::V_2025_11_25)
}

/// The client is gone, or its session.
struct Gone;

struct Teller {
    /// What the client knows.
    seen: Seen,
    is_primed: bool,
}

impl Teller {
    /// What is new to a client that knows the lists of `before`.
    fn missed(&self, before: CatalogVersions, watched: &Watched) -> Vec<Change> {
        let lists = Seen {
            versions: before,
            resources: self.seen.resources.clone(),
        };
        let mut changes = lists.changes(&self.seen);
        for (uri, then) in watched.revisions() {
            let now = self.seen.resources.get(&uri).copied().flatten();
            let is_new = match now {
                Some(now) => Some(now) != then && now > before.resources,
                // It can't be told when it was deleted. Once too often is better than never.
                None => then.is_some() && self.seen.versions.resources > before.resources,
            };
            if is_new {
                changes.push(Change::Resource(uri));
            }
        }
        changes
    }

    /// Changes as events. The last has the id: who loses the stream before it is told of all of them again.
    fn events(&self, changes: &[Change], retry: Option<Duration>) -> Bytes {
        let id = EventId::Lists(self.seen.versions);
        let mut events = BytesMut::new();
        for (index, change) in changes.iter().enumerate() {
            let event = if index + 1 == changes.len() {
                sse::Event::new().id(&id)
            } else {
                sse::Event::new()
            };
            events.extend_from_slice(&event.data(&notification(change).to_string()));
        }
        let mut last = sse::Event::new();
        if let Some(retry) = retry {
            last = last.retry(retry);
        }
        events.extend_from_slice(&if changes.is_empty() && self.is_primed {
            last.id(&id).data("")
        } else {
            last.undispatched()
        });
        events.freeze()
    }

    /// Looks for changes until the time is over or nothing is subscribed to any more.
    async fn tell<S: RegistrationStore, I>(
        mut self,
        place: &Place<S, I>,
        client: &mpsc::Sender<Bytes>,
        end: Instant,
    ) -> Result<(), Gone> {
        let mut beat = Instant::now();
        loop {
            tokio::time::sleep_until(end.min(Instant::now() + LOOK)).await;
            let watched = place.sessions.store().watched(&place.session.id).await;
            // An error has been logged, and passes.
            let watched = watched.map_err(SessionError::from).ok();
            let is_idle = watched
                .as_ref()
                .is_some_and(|watched| watched.uris.is_empty());
            if let Some(watched) = watched {
                self.look(place, client, &watched).await?;
            }
            let is_over = Instant::now() >= end;
            if is_over || is_idle {
                let retry = if is_idle { BACK_LATER } else { BACK_SOON };
                let retry = sse::Event::new().retry(retry).undispatched();
                return client.send(retry).await.map_err(|_| Gone);
            }
            if beat.elapsed() >= sse::HEARTBEAT_EVERY {
                beat = Instant::now();
                client.send(sse::HEARTBEAT).await.map_err(|_| Gone)?;
            }
        }
    }

    async fn look<S: RegistrationStore, I>(
        &mut self,
        place: &Place<S, I>,
        client: &mpsc::Sender<Bytes>,
        watched: &Watched,
    ) -> Result<(), Gone> {
        let mut wanted = watched.revisions();
        for (uri, known) in &self.seen.resources {
            if let Some(revision) = wanted.get_mut(uri) {
                *revision = *known;
            }
        }
        let uris: Vec<String> = wanted.keys().cloned().collect();
        let before = Seen {
            versions: self.seen.versions,
            resources: wanted,
        };
        // An error has been logged, and passes.
        let Ok(now) = look(&place.shared, &uris, Some(&before)).await else {
            return Ok(());
        };
        let changes = before.changes(&now);
        self.seen = now;
        if changes.is_empty() {
            return Ok(());
        }
        let events = self.events(&changes, None);
        client.send(events).await.map_err(|_| Gone)?;
        let told = SessionChange::Seen(self.seen.versions);
        let told = place.sessions.change(&place.session.id, told);
        match told.await {
            Err(SessionError::Unknown) => Err(Gone),
            _ => Ok(()),
        }
    }
}

/// A change as its notification.
pub(super) fn notification(change: &Change) -> Value {
    let (method, params) = match change {
        Change::Tools => ("notifications/tools/list_changed", None),
        Change::Prompts => ("notifications/prompts/list_changed", None),
        Change::Resources => ("notifications/resources/list_changed", None),
        Change::Resource(uri) => (
            "notifications/resources/updated",
            Some(json!({ "uri": uri })),
        ),
    };
    let mut notification = json!({ "jsonrpc": "2.0", "method": method });
    if let Some(params) = params {
        notification["params"] = params;
    }
    notification
}
