//! What an earlier stream of a session left behind: events that its client did not get, and requests that were taken out
//! of the mailbox and not answered.
//!
//! A client that lost its stream opens another one, which takes the mailbox over. The environment of the lost one may
//! have ended; or it is still there, since nobody told it, and goes on with its calls. Then it says so, and what it says
//! in answer is passed on. Otherwise the requests it had are answered with an error.

use super::Place;
use crate::{
    moment::Moment,
    sessions::{Event, SessionError},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

/// How long an environment that lost the mailbox may take to notice and to say that it is there: several of its looks.
const NOTICED_WITHIN: Duration = Duration::from_secs(5);
/// How long after the end of an invocation its last words may be on their way.
const LAST_WORDS: u64 = 2000;

/// The name of a stream's log: the session's streams are counted.
pub(super) fn log_of(term: u64) -> String {
    format!("t{term}")
}

/// The stream before this one.
pub(super) struct Predecessor {
    log: String,
    /// Of the last event that was looked at, and of the last that the client has.
    read: u64,
    has: u64,
    /// The requests that it took and that are not answered yet: their ids, as JSON.
    unanswered: BTreeSet<String>,
    began: Instant,
}

impl Predecessor {
    /// The stream of this term, of whose events the client has got those up to `has`.
    pub(super) fn new(term: u64, has: u64, taken: Vec<String>) -> Self {
        Self {
            log: log_of(term),
            read: 0,
            has,
            unanswered: taken.into_iter().collect(),
            began: Instant::now(),
        }
    }

    /// The requests that may still be answered by it.
    pub(super) fn unanswered(&self) -> impl Iterator<Item = &String> {
        self.unanswered.iter()
    }

    /// Whether there is nothing to be expected of it.
    pub(super) fn is_done(&self) -> bool {
        self.unanswered.is_empty()
    }

    /// What it said since the last look, and what has to be said in its place.
    pub(super) async fn look<S, I>(
        &mut self,
        place: &Place<S, I>,
    ) -> Result<Vec<Event>, SessionError> {
        let store = place.sessions.store();
        let id = &place.session.id;
        // Before its events are read: what it says after that is heard next time.
        let is_gone = self.is_gone(place).await?;
        let mut events = store.after(id, &self.log, self.read).await?;
        for event in &events {
            self.read = event.number;
            if let Some(request) = &event.answers {
                self.unanswered.remove(request);
            }
        }
        events.retain(|event| event.number > self.has && !event.message.is_empty());
        if is_gone {
            let lost = std::mem::take(&mut self.unanswered).into_iter();
            events.extend(lost.map(|request| lost_request(&request)));
        }
        Ok(events)
    }

    async fn is_gone<S, I>(&self, place: &Place<S, I>) -> Result<bool, SessionError> {
        let store = place.sessions.store();
        let goes_on = store.opening(&place.session.id, &self.log).await?;
        Ok(match goes_on {
            Some(until) => Moment::now().0 > until.alive_until.saturating_add(LAST_WORDS),
            None => self.began.elapsed() > NOTICED_WITHIN,
        })
    }
}

/// The answer to a request whose environment is gone.
fn lost_request(request: &str) -> Event {
    let id: Value = serde_json::from_str(request).unwrap_or_default();
    let message = "the connection was lost, and with it what worked on this request; how far it came is not known";
    let error =
        json!({ "jsonrpc": "2.0", "id": id, "error": { "code": -32603, "message": message } });
    Event {
        number: 0,
        message: error.to_string().into(),
        answers: Some(request.to_owned()),
    }
}
