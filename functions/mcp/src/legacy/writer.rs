//! Writes the one stream of a session of 2024-11-05.

use super::{predecessor::log_of, sse};
use crate::sessions::{Event, PlaceInStream, SessionId, Sessions, reported};
use bytes::Bytes;
use futures_util::future::join_all;
use tokio::sync::mpsc;

/// Messages that are kept at the same time, and so wait for the table only once.
const AT_ONCE: usize = 32;

/// A message on its way to the client.
#[derive(Debug)]
pub(super) struct Outgoing {
    /// The message, as JSON.
    pub(super) message: String,
    /// The id of the request that it answers, as JSON.
    pub(super) answers: Option<String>,
}

/// Keeps messages and sends them.
pub(super) struct Writer {
    pub(super) sessions: Sessions,
    pub(super) session: SessionId,
    pub(super) term: u64,
    pub(super) client: mpsc::Sender<Bytes>,
}

impl Writer {
    /// Writes what comes until nothing can come any more.
    pub(super) async fn run(self, mut outgoing: mpsc::Receiver<Outgoing>) {
        let log = log_of(self.term);
        let mut number = 0;
        let mut batch = Vec::with_capacity(AT_ONCE);
        while outgoing.recv_many(&mut batch, AT_ONCE).await > 0 {
            let events: Vec<Event> = batch
                .drain(..)
                .map(|outgoing| {
                    number += 1;
                    Event {
                        number,
                        message: outgoing.message.into(),
                        answers: outgoing.answers,
                    }
                })
                .collect();
            let store = self.sessions.store();
            let kept = events
                .iter()
                .map(|event| store.append(&self.session, &log, event));
            let kept = join_all(kept).await;
            for (event, kept) in events.iter().zip(kept) {
                if event.message.is_empty() {
                    continue;
                }
                let mut written = sse::Event::new();
                match kept {
                    Ok(()) => {
                        written = written.id(&PlaceInStream {
                            session: self.session.clone(),
                            term: self.term,
                            number: event.number,
                        });
                    }
                    // Without an id, the client goes on from an earlier one.
                    Err(error) => reported(&error),
                }
                let data = String::from_utf8_lossy(&event.message);
                let event = written.name("message").data(&data);
                // It is kept for a client that comes back.
                let _ = self.client.send(event).await;
            }
        }
    }
}
