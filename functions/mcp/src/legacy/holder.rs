//! The stream of a session of 2024-11-05: whoever holds it does the session's work.
//!
//! What the client posts arrives in other environments, which put it into the session's mailbox; this one looks into it,
//! soon while something is going on, and less and less often when not. It takes everything out at once, in order, if it
//! still holds the mailbox: a client that lost its stream opens another one, whose environment takes the mailbox over.
//! Source: MCP 2024-11-05, "Transports", "HTTP with SSE".

use super::{
    Place,
    predecessor::Predecessor,
    sse,
    work::{Desk, Heard},
    writer::{Outgoing, Writer},
};
use crate::{
    invoke::FunctionInvoker,
    lambda::Answered,
    moment::Moment,
    sessions::{Inherited, Opening, Peeked, PlaceInStream, SessionError, reported},
};
use bytes::Bytes;
use registry::RegistrationStore;
use std::time::Duration;
use tokio::{sync::mpsc, time::Instant};

/// Looks into the mailbox follow each other this soon after something came or was answered, for this long.
const SOON: Duration = Duration::from_millis(20);
const LIVELY_FOR: Duration = Duration::from_secs(2);
/// After that they follow each other after this part of the time since, so that a message waits for a tenth of the time
/// that its client took to send it.
const PART_OF_SILENCE: u32 = 10;
/// What that grows to while calls are under way, whose client may reply, and when nothing is.
const SELDOM: Duration = Duration::from_millis(250);
const IDLE: Duration = Duration::from_secs(2);
/// Requests that are not answered yet, from which on no more are taken.
const UNANSWERED_AT_MOST: usize = 256;
/// How long before the invocation ends nothing more is begun: the next stream finds it in the mailbox.
const WIND_UP: Duration = Duration::from_secs(2);
/// Messages that may wait to be written before the calls that say them have to.
const OUTGOING: usize = 64;
/// How soon a client comes back whose stream ended.
const RETRY: Duration = Duration::from_secs(1);

/// Why no stream can be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HolderError {
    /// There is no such session for this caller, or not any more.
    Unknown,
    /// The table can't be asked. The cause is in the log.
    Unavailable,
}

impl From<SessionError> for HolderError {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Unknown => Self::Unknown,
            SessionError::Unavailable | SessionError::TooMany => Self::Unavailable,
        }
    }
}

/// Opens the stream of a session, or the next one where the client left off at `last`. It ends when the client has sent
/// nothing for as long as `patience`, or with the invocation.
pub async fn hold<S: RegistrationStore, I: FunctionInvoker>(
    place: Place<S, I>,
    last: Option<PlaceInStream>,
    patience: Duration,
) -> Result<Answered, HolderError> {
    let name = uuid::Uuid::new_v4().simple().to_string();
    let store = place.sessions.store();
    let inherited = store.hold(&place.session.id, &name).await;
    let Inherited { term, taken } = inherited
        .map_err(SessionError::from)?
        .ok_or(HolderError::Unknown)?;
    let predecessor = last.map(|last| {
        let before = term - 1;
        // Of a stream that it lost before anything came, it has nothing.
        let has = if last.term == before { last.number } else { 0 };
        Predecessor::new(before, has, taken)
    });
    let (client, chunks) = mpsc::channel(sse::CHUNKS);
    let begin = PlaceInStream {
        session: place.session.id.clone(),
        term,
        number: 0,
    };
    let endpoint = format!("/message?sessionId={}", place.session.id);
    let first = sse::Event::new()
        .id(&begin)
        .retry(RETRY)
        .name("endpoint")
        .data(&endpoint);
    // There is room for it.
    let _ = client.try_send(first);
    let (outgoing, to_write) = mpsc::channel(OUTGOING);
    let writer = Writer {
        sessions: place.sessions.clone(),
        session: place.session.id.clone(),
        term,
        client: client.clone(),
    };
    let writing = tokio::spawn(writer.run(to_write));
    let now = Instant::now();
    let deadline = Instant::from(place.invocation.deadline);
    let holder = Holder {
        name,
        term,
        desk: Desk::new(place, outgoing.clone()),
        outgoing,
        client,
        predecessor,
        patience,
        active_at: now,
        look_at: now,
        winds_up: deadline.checked_sub(WIND_UP).unwrap_or(deadline),
    };
    let holding = tokio::spawn(holder.run());
    Ok(Answered {
        response: sse::stream(chunks),
        rest: Some(Box::pin(async move {
            // They end with the stream; a panic has been reported by itself.
            let _ = holding.await;
            let _ = writing.await;
        })),
    })
}

struct Holder<S, I> {
    name: String,
    /// Which of the session's streams this is.
    term: u64,
    desk: Desk<S, I>,
    outgoing: mpsc::Sender<Outgoing>,
    client: mpsc::Sender<Bytes>,
    predecessor: Option<Predecessor>,
    patience: Duration,
    /// When something last came, or was answered.
    active_at: Instant,
    look_at: Instant,
    winds_up: Instant,
}

/// How the mailbox is.
enum Mailbox {
    Held,
    Lost,
}

impl<S: RegistrationStore, I: FunctionInvoker> Holder<S, I> {
    async fn run(mut self) {
        let mut beat_at = Instant::now() + sse::HEARTBEAT_EVERY;
        loop {
            let ends_at = if self.is_idle() {
                self.winds_up.min(self.active_at + self.patience)
            } else {
                self.winds_up
            };
            let news_at = self.desk.news_at();
            tokio::select! {
                biased;
                Some(ended) = self.desk.ended() => {
                    if self.desk.settle(ended).await == Heard::Answered {
                        self.stir();
                    }
                }
                () = tokio::time::sleep_until(ends_at) => return self.end().await,
                () = tokio::time::sleep_until(self.look_at) => {
                    if matches!(self.look().await, Mailbox::Lost) {
                        return self.go_on_without_mailbox().await;
                    }
                }
                () = tokio::time::sleep_until(beat_at) => {
                    beat_at = Instant::now() + sse::HEARTBEAT_EVERY;
                    // A client that is gone is not noticed: Lambda reads on.
                    let _ = self.client.send(sse::HEARTBEAT).await;
                }
                () = tokio::time::sleep_until(news_at) => self.desk.tell_news().await,
            }
        }
    }

    /// Ends in order: what was begun is finished, and if that was all there is nothing to be inherited.
    async fn end(mut self) {
        self.desk.finish().await;
        if self.is_idle() {
            let place = self.desk.place();
            let settled = place.sessions.store().settle(&place.session.id, &self.name);
            // Otherwise the next stream finds the answers in the log of this one.
            let _ = settled.await.map_err(SessionError::from);
        }
    }

    fn is_idle(&self) -> bool {
        self.desk.is_empty() && self.predecessor.as_ref().is_none_or(Predecessor::is_done)
    }

    /// Something is going on: the client's next message may come soon.
    fn stir(&mut self) {
        let now = Instant::now();
        self.active_at = now;
        self.look_at = self.look_at.min(now + SOON);
    }

    async fn look(&mut self) -> Mailbox {
        self.listen_to_predecessor().await;
        let has_room = self.desk.unanswered() < UNANSWERED_AT_MOST;
        let place = self.desk.place();
        let store = place.sessions.store();
        let peeked = store.peek(&place.session.id, &self.name).await;
        match peeked.map_err(SessionError::from) {
            Ok(Peeked::Lost) => return Mailbox::Lost,
            Ok(Peeked::Mail) if has_room => {
                let unanswered = self.unanswered();
                let taken = store.take(&place.session.id, &self.name, &unanswered).await;
                match taken.map_err(SessionError::from) {
                    Ok(None) => return Mailbox::Lost,
                    Ok(Some(messages)) => {
                        for message in messages {
                            self.desk.begin(message).await;
                        }
                        self.stir();
                    }
                    // It has been logged, and the next look may fare better.
                    Err(_) => {}
                }
            }
            Ok(Peeked::Mail | Peeked::Empty) | Err(_) => {}
        }
        let now = Instant::now();
        let silence = now.duration_since(self.active_at);
        let pause = if silence > LIVELY_FOR {
            let most = if self.is_idle() { IDLE } else { SELDOM };
            (silence / PART_OF_SILENCE).min(most)
        } else {
            SOON
        };
        self.look_at = now + pause;
        Mailbox::Held
    }

    /// The requests that were taken and are not answered: whoever takes over has to know.
    fn unanswered(&self) -> Vec<String> {
        let inherited = self.predecessor.iter().flat_map(Predecessor::unanswered);
        self.desk.requests().chain(inherited).cloned().collect()
    }

    async fn listen_to_predecessor(&mut self) {
        let Some(predecessor) = &mut self.predecessor else {
            return;
        };
        // An error has been logged, and passes.
        for event in predecessor
            .look(self.desk.place())
            .await
            .unwrap_or_default()
        {
            let outgoing = Outgoing {
                message: String::from_utf8_lossy(&event.message).into_owned(),
                answers: event.answers,
            };
            // The writer lives as long as this.
            let _ = self.outgoing.send(outgoing).await;
        }
        if predecessor.is_done() {
            self.predecessor = None;
        }
    }

    /// The client has another stream by now, or its session has ended. What was begun is finished nevertheless, for the
    /// other stream to pass on, and the other one is told to wait for it.
    async fn go_on_without_mailbox(mut self) {
        if self.is_idle() {
            return;
        }
        let place = self.desk.place();
        let opening = Opening {
            request: String::new(),
            alive_until: Moment::now().plus(place.invocation.remaining()).0,
        };
        let log = super::predecessor::log_of(self.term);
        let said = place
            .sessions
            .store()
            .open(&place.session.id, &log, &opening);
        if let Err(error) = said.await {
            // Then they are answered with an error.
            reported(&error);
        }
        while !self.is_idle() && Instant::now() < self.winds_up {
            self.listen_to_predecessor().await;
            let pause = tokio::time::sleep(SELDOM);
            tokio::select! {
                biased;
                Some(ended) = self.desk.ended() => {
                    self.desk.settle(ended).await;
                }
                () = pause => {}
            }
        }
        self.desk.finish().await;
    }
}
