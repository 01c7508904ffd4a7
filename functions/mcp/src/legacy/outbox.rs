//! A stream that its client can lose and come back to.

use super::{Place, sse};
use crate::{
    moment::Moment,
    sessions::{CallKey, Event, EventId, Opening, SessionId, Sessions, reported},
};
use bytes::Bytes;
use rmcp::model::ProtocolVersion;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// How soon a client comes back that lost a stream.
pub(super) const BACK_SOON: Duration = Duration::from_secs(1);

/// Where what is said in answer to a request goes: to the client, while it is there, and into the table.
pub(super) struct Outbox {
    client: Option<mpsc::Sender<Bytes>>,
    kept: Option<Kept>,
}

struct Kept {
    sessions: Sessions,
    session: SessionId,
    call: CallKey,
    /// Of the last event.
    number: u64,
    /// Whether the client got an id to come back with.
    can_resume: bool,
}

impl Outbox {
    /// Begins a stream for an answer, kept if it can be resumed. `request` is the id of the request, as JSON.
    pub(super) async fn open<S, I>(
        place: &Place<S, I>,
        call: CallKey,
        request: &str,
        client: mpsc::Sender<Bytes>,
    ) -> Self {
        let mut outbox = Self {
            client: Some(client),
            kept: None,
        };
        if place.shared.stream_lifetime().is_none() {
            return outbox;
        }
        let left = place
            .invocation
            .deadline
            .saturating_duration_since(Instant::now());
        let opening = Opening {
            request: request.to_owned(),
            alive_until: Moment::now().plus(left).0,
        };
        let store = place.sessions.store();
        let opened = store.open(&place.session.id, call.as_str(), &opening).await;
        if let Err(error) = opened {
            // A stream that can't be resumed is better than none; the log says why.
            reported(&error);
            return outbox;
        }
        let primed = place.session.handshake.as_ref().is_some_and(|handshake| {
            // Source: MCP 2025-11-25, "Streamable HTTP", "Sending messages to the server".
            handshake.protocol_version >= ProtocolVersion::V_2025_11_25
        });
        if primed {
            let id = EventId::Answer {
                call: call.clone(),
                number: 0,
            };
            outbox
                .send(sse::Event::new().id(&id).retry(BACK_SOON).data(""))
                .await;
        }
        outbox.kept = Some(Kept {
            sessions: place.sessions.clone(),
            session: place.session.id.clone(),
            call,
            number: 0,
            can_resume: primed,
        });
        outbox
    }

    /// Says something, which is kept first. `answers` is the id of the request, as JSON, if this is the answer.
    pub(super) async fn say(&mut self, message: String, answers: Option<&str>) {
        let mut event = sse::Event::new();
        if let Some(kept) = &mut self.kept {
            let number = kept.number + 1;
            let said = Event {
                number,
                message: Bytes::from(message.clone()),
                answers: answers.map(str::to_owned),
            };
            let store = kept.sessions.store();
            match store.append(&kept.session, kept.call.as_str(), &said).await {
                Ok(()) => {
                    kept.number = number;
                    kept.can_resume = true;
                    let call = kept.call.clone();
                    event = event.id(&EventId::Answer { call, number });
                }
                // Without an id, the client goes on from an earlier one.
                Err(error) => reported(&error),
            }
        }
        self.send(event.data(&message)).await;
    }

    /// Lets the client go, if it can come back.
    pub(super) async fn let_go(&mut self, retry: Duration) {
        if self.kept.as_ref().is_some_and(|kept| kept.can_resume) {
            self.send(sse::Event::new().retry(retry).undispatched())
                .await;
            self.client = None;
        }
    }

    /// Ends the stream without an answer, which the client wants no more: nobody who comes back waits for one.
    pub(super) async fn call_off(&mut self, request: &str) {
        self.close();
        if self.kept.is_some() {
            self.say(String::new(), Some(request)).await;
        }
    }

    /// Ends the stream, as far as the client sees it.
    pub(super) fn close(&mut self) {
        self.client = None;
    }

    /// Shows that the stream is alive.
    pub(super) async fn beat(&mut self) {
        self.send(sse::HEARTBEAT).await;
    }

    async fn send(&mut self, chunk: Bytes) {
        if let Some(client) = &self.client
            && client.send(chunk).await.is_err()
        {
            self.client = None;
        }
    }
}
