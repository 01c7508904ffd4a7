//! The rest of a stream that its client lost, or was let go from.
//!
//! Source: MCP 2025-03-26 and later, "Streamable HTTP", "Resumability and redelivery".

use super::{Place, outbox::BACK_SOON, sse};
use crate::{
    lambda::Answered,
    moment::Moment,
    sessions::{CallKey, Event, EventId, Opening, SessionError},
};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::{sync::mpsc, time::Instant};

/// The first looks for more, and what the time between two grows to.
const SOON: Duration = Duration::from_millis(50);
const SELDOM: Duration = Duration::from_secs(1);
/// Kept back from the time of an invocation, for an end in order.
const MARGIN: Duration = Duration::from_millis(500);
/// How long after the end of an invocation its last words may be on their way.
const LAST_WORDS: u64 = 2000;

/// Why a stream can't be gone on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResumeError {
    /// There is no such stream in this session, or not any more.
    Unknown,
    /// The table can't be asked. The cause is in the log.
    Unavailable,
}

impl From<SessionError> for ResumeError {
    fn from(_: SessionError) -> Self {
        Self::Unavailable
    }
}

/// Sends what was said on the stream of a call after the event of this number, and then what is said, up to its end.
pub async fn resume<S: Send + Sync + 'static, I: Send + Sync + 'static>(
    place: Place<S, I>,
    call: CallKey,
    number: u64,
    lifetime: Duration,
) -> Result<Answered, ResumeError> {
    let store = place.sessions.store();
    let opening = store.opening(&place.session.id, call.as_str()).await;
    let opening = opening.map_err(SessionError::from)?;
    let opening = opening.ok_or(ResumeError::Unknown)?;
    let (client, chunks) = mpsc::channel(sse::CHUNKS);
    let left = place.invocation.remaining().saturating_sub(MARGIN);
    let following = Following {
        call,
        number,
        opening,
        client,
        end: Instant::now() + lifetime.min(left),
    };
    let following = tokio::spawn(async move { following.run(&place).await });
    Ok(Answered {
        response: sse::stream(chunks),
        rest: Some(Box::pin(async move {
            // Either it has come to its end, or the client is gone; a panic has been reported by itself.
            let _ = following.await;
        })),
    })
}

struct Following {
    call: CallKey,
    /// Of the last event that the client has.
    number: u64,
    opening: Opening,
    client: mpsc::Sender<bytes::Bytes>,
    end: Instant,
}

/// The client is gone.
struct Gone;

impl Following {
    async fn run<S, I>(mut self, place: &Place<S, I>) -> Result<(), Gone> {
        let mut pause = SOON;
        let mut beat = Instant::now();
        loop {
            let store = place.sessions.store();
            let events = store
                .after(&place.session.id, self.call.as_str(), self.number)
                .await;
            // An error has been logged, and passes.
            let events = events.map_err(SessionError::from).unwrap_or_default();
            if !events.is_empty() {
                pause = SOON;
                beat = Instant::now();
            }
            for event in events {
                let is_last = event.answers.is_some();
                self.send(event).await?;
                if is_last {
                    return Ok(());
                }
            }
            if Moment::now().0 > self.opening.alive_until.saturating_add(LAST_WORDS) {
                return self.lost().await;
            }
            if Instant::now() >= self.end {
                let retry = sse::Event::new().retry(BACK_SOON).undispatched();
                return self.client.send(retry).await.map_err(|_| Gone);
            }
            if beat.elapsed() >= sse::HEARTBEAT_EVERY {
                beat = Instant::now();
                self.client.send(sse::HEARTBEAT).await.map_err(|_| Gone)?;
            }
            tokio::time::sleep_until(self.end.min(Instant::now() + pause)).await;
            pause = (pause * 3 / 2).min(SELDOM);
        }
    }

    async fn send(&mut self, event: Event) -> Result<(), Gone> {
        self.number = event.number;
        if event.message.is_empty() {
            return Ok(());
        }
        let id = EventId::Answer {
            call: self.call.clone(),
            number: event.number,
        };
        let data = String::from_utf8_lossy(&event.message);
        let event = sse::Event::new().id(&id).data(&data);
        self.client.send(event).await.map_err(|_| Gone)
    }

    /// Answers the request in place of the environment that is gone.
    async fn lost(self) -> Result<(), Gone> {
        let id: Value = serde_json::from_str(&self.opening.request).unwrap_or_default();
        let message = "the request was not answered in time";
        let error =
            json!({ "jsonrpc": "2.0", "id": id, "error": { "code": -32603, "message": message } });
        let event = sse::Event::new().data(&error.to_string());
        self.client.send(event).await.map_err(|_| Gone)
    }
}
