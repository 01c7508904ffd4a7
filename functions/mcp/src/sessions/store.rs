//! The ports behind which sessions are kept.

use super::{CallKey, Change, Event, Opening, QuestionId, Session, SessionId, Watched};
use crate::invocation::Principal;
use bytes::Bytes;
use std::{error::Error, fmt::Debug, future::Future, pin::Pin};

/// A future of a port that only the older revisions use, and so not worth a type parameter of everything that holds it.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = Result<T, SessionStoreError>> + Send + 'a>>;

/// The store could not do what it was asked, or holds what it should not.
#[derive(Debug, thiserror::Error)]
#[error("the session table can't be used")]
pub struct SessionStoreError(#[source] pub Box<dyn Error + Send + Sync>);

/// Everything of sessions, for all environments. Reads see every write that was answered before they began.
pub trait SessionStore: Heads + Calls + Events + Mailboxes {}

impl<T: Heads + Calls + Events + Mailboxes> SessionStore for T {}

/// What each request of a session needs to know.
pub trait Heads: Debug + Send + Sync {
    /// Keeps a new session.
    fn create<'a>(&'a self, session: &'a Session) -> Later<'a, ()>;

    /// A session, if it is there.
    fn get<'a>(&'a self, id: &'a SessionId) -> Later<'a, Option<Session>>;

    /// Changes a session. False if it is gone.
    fn change<'a>(&'a self, id: &'a SessionId, change: Change<'a>) -> Later<'a, bool>;

    /// Ends a session.
    fn delete<'a>(&'a self, id: &'a SessionId) -> Later<'a, ()>;

    /// What the client of a session subscribed to.
    fn watched<'a>(&'a self, id: &'a SessionId) -> Later<'a, Watched>;

    /// Puts that in the place of what has the revision before its own. False if there is none any more: somebody else
    /// wrote first.
    fn put_watched<'a>(
        &'a self,
        id: &'a SessionId,
        watched: &'a Watched,
        expires_at: u64,
    ) -> Later<'a, bool>;
}

/// What crosses from a client's other requests to a call that is under way.
pub trait Calls: Debug + Send + Sync {
    /// Notes that a question is about to be asked.
    fn ask<'a>(
        &'a self,
        id: &'a SessionId,
        question: &'a QuestionId,
        expires_at: u64,
    ) -> Later<'a, ()>;

    /// Keeps the reply to a question. False if that is not asked, or answered already.
    fn answer<'a>(
        &'a self,
        id: &'a SessionId,
        question: &'a QuestionId,
        reply: Bytes,
        expires_at: u64,
    ) -> Later<'a, bool>;

    /// The replies to some of a call's questions, by number.
    fn answers<'a>(
        &'a self,
        id: &'a SessionId,
        call: &'a CallKey,
        of: &'a [u32],
    ) -> Later<'a, Vec<(u32, Bytes)>>;

    /// Forgets a call's questions.
    fn forget<'a>(&'a self, id: &'a SessionId, call: &'a CallKey) -> Later<'a, ()>;

    /// Notes that the client called a request off, at this moment (milliseconds since the epoch).
    fn cancel<'a>(&'a self, id: &'a SessionId, request: &'a str, at: u64) -> Later<'a, ()>;

    /// The requests that the client called off lately, and when.
    fn cancelled<'a>(&'a self, id: &'a SessionId) -> Later<'a, Vec<(String, u64)>>;
}

/// What was sent on streams, for clients that lost them.
pub trait Events: Debug + Send + Sync {
    /// Keeps how a stream begins.
    fn open<'a>(
        &'a self,
        id: &'a SessionId,
        stream: &'a str,
        opening: &'a Opening,
    ) -> Later<'a, ()>;

    /// How a stream began, if it is there.
    fn opening<'a>(&'a self, id: &'a SessionId, stream: &'a str) -> Later<'a, Option<Opening>>;

    /// Keeps an event, and forgets the one that is far enough behind it.
    fn append<'a>(&'a self, id: &'a SessionId, stream: &'a str, event: &'a Event) -> Later<'a, ()>;

    /// The events of a stream after the one of this number.
    fn after<'a>(
        &'a self,
        id: &'a SessionId,
        stream: &'a str,
        number: u64,
    ) -> Later<'a, Vec<Event>>;
}

/// What became of a message for a mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivered {
    /// It is there.
    Kept,
    /// There is no such mailbox for this caller.
    Unknown,
    /// There is too much in it.
    Full,
}

/// What whoever takes a mailbox over finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inherited {
    /// Which holder it now has, counted from 1.
    pub term: u64,
    /// The requests that the one before took out and may not have answered: their ids, as JSON.
    pub taken: Vec<String>,
}

/// A mailbox as its holder sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peeked {
    /// Nothing has come.
    Empty,
    /// Something has.
    Mail,
    /// Somebody else holds it now, or the session has ended.
    Lost,
}

/// The mailboxes of 2024-11-05: what clients post, in order, for the environment that holds their stream.
pub trait Mailboxes: Debug + Send + Sync {
    /// Makes one.
    fn create_mailbox<'a>(&'a self, session: &'a Session) -> Later<'a, ()>;

    /// Puts a message into one, behind those that are there. If it is a request, its id comes with it, as JSON.
    fn deliver<'a>(
        &'a self,
        id: &'a SessionId,
        principal: Option<&'a Principal>,
        message: Bytes,
        request: Option<String>,
    ) -> Later<'a, Delivered>;

    /// Becomes the holder of one. None if there is none.
    fn hold<'a>(&'a self, id: &'a SessionId, holder: &'a str) -> Later<'a, Option<Inherited>>;

    /// Whether something has come.
    fn peek<'a>(&'a self, id: &'a SessionId, holder: &'a str) -> Later<'a, Peeked>;

    /// Takes everything out, in order, and notes besides it which requests were taken before and are not answered yet.
    /// None if somebody else holds it.
    fn take<'a>(
        &'a self,
        id: &'a SessionId,
        holder: &'a str,
        unanswered: &'a [String],
    ) -> Later<'a, Option<Vec<Bytes>>>;

    /// Everything that was taken is answered; nothing is changed if somebody else holds it by now.
    fn settle<'a>(&'a self, id: &'a SessionId, holder: &'a str) -> Later<'a, ()>;
}
