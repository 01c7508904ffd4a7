//! What comes back from the client of a call, from whatever environment its requests arrive in.
//!
//! Nothing tells one environment of another's requests, so a call that waits for its client looks. It looks for replies
//! only while it has asked something, soon at first and then less and less often; whether it was called off, once a
//! second, and not at all in its first.

use super::call::{Call, Said};
use crate::{
    moment::Moment,
    sessions::{QuestionId, SessionError, SessionId, Sessions, reported},
};
use std::time::Duration;
use tokio::time::Instant;

/// The first looks for a reply, and what the time between two grows to: programs reply at once, people don't.
const SOON: Duration = Duration::from_millis(20);
const SELDOM: Duration = Duration::from_millis(250);
/// How often it is looked whether a call was called off.
const CANCEL_LOOK: Duration = Duration::from_secs(1);
/// How far the clocks of two environments may differ. A request that was called off earlier than that before a call
/// began is another one: clients that take up a session again may count their requests from the beginning.
const CLOCKS_DIFFER: u64 = 1000;
/// How long questions and replies are kept: longer than any invocation lasts.
pub const KEPT_FOR: Duration = Duration::from_mins(16);

/// A call and the looking for what comes back.
pub(super) struct Attended {
    call: Call,
    sessions: Sessions,
    session: SessionId,
    /// The id of the request, as JSON.
    request: String,
    began: Moment,
    /// The questions that wait for their replies, and whether there ever were any.
    waiting: Vec<u32>,
    has_asked: bool,
    pause: Duration,
    reply_look: Instant,
    cancel_look: Instant,
}

/// What became of a call, so far.
pub(super) enum Next {
    /// It said something.
    Said(Said),
    /// Its client called it off: nothing more is to be said. Source: MCP, "Cancellation".
    Cancelled,
}

impl Attended {
    pub(super) fn new(call: Call, sessions: Sessions, session: SessionId, request: String) -> Self {
        let now = Instant::now();
        Self {
            call,
            sessions,
            session,
            request,
            began: Moment::now(),
            waiting: Vec::new(),
            has_asked: false,
            pause: SOON,
            reply_look: now,
            cancel_look: now + CANCEL_LOOK,
        }
    }

    /// What happens next. To be awaited to its end: a question that is being noted would be lost otherwise.
    pub(super) async fn next(&mut self) -> Next {
        loop {
            let look = if self.waiting.is_empty() {
                self.cancel_look
            } else {
                self.cancel_look.min(self.reply_look)
            };
            tokio::select! {
                biased;
                said = self.call.next() => {
                    if let Said::Question { number, .. } = &said && !self.ask(*number).await {
                        continue;
                    }
                    return Next::Said(said);
                }
                () = tokio::time::sleep_until(look) => {
                    let now = Instant::now();
                    if now >= self.cancel_look {
                        self.cancel_look = now + CANCEL_LOOK;
                        if self.is_cancelled().await {
                            return Next::Cancelled;
                        }
                    }
                    if now >= self.reply_look && !self.waiting.is_empty() {
                        self.look().await;
                    }
                }
            }
        }
    }

    /// The call has ended, or nobody cares any more: forgets what it asked.
    pub(super) async fn end(self) {
        if self.has_asked {
            let forgotten = self.sessions.store().forget(&self.session, &self.call.key);
            if let Err(error) = forgotten.await {
                // It expires.
                reported(&error);
            }
        }
    }

    /// Notes a question before it is asked: its reply may arrive before anything else could be written.
    async fn ask(&mut self, number: u32) -> bool {
        let call = self.call.key.clone();
        let question = QuestionId { call, number };
        let store = self.sessions.store();
        let expires_at = Moment::now().plus(KEPT_FOR).seconds();
        if let Err(error) = store.ask(&self.session, &question, expires_at).await {
            let why = SessionError::from(error).to_string();
            self.call.fail(number, &why);
            return false;
        }
        self.waiting.push(number);
        self.has_asked = true;
        self.pause = SOON;
        self.reply_look = Instant::now() + self.pause;
        true
    }

    async fn look(&mut self) {
        let store = self.sessions.store();
        let found = store
            .answers(&self.session, &self.call.key, &self.waiting)
            .await;
        // An error passes.
        for (number, reply) in found.map_err(SessionError::from).unwrap_or_default() {
            self.waiting.retain(|waiting| *waiting != number);
            self.call.reply(number, &reply);
        }
        self.pause = (self.pause * 3 / 2).min(SELDOM);
        self.reply_look = Instant::now() + self.pause;
    }

    async fn is_cancelled(&self) -> bool {
        let cancelled = self.sessions.store().cancelled(&self.session).await;
        let cancelled = cancelled.map_err(SessionError::from).unwrap_or_default();
        cancelled.iter().any(|(request, at)| {
            *request == self.request && at.saturating_add(CLOCKS_DIFFER) >= self.began.0
        })
    }
}
