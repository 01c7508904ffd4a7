//! How the revisions that begin with `initialize` are served where a request needs more than its own answer.
//!
//! - [`call`]: one request through the dispatcher, with what it says on the way and what comes back from its client.
//! - [`replies`]: what comes back, from the other environments in which it arrives.
//! - [`mod@answer`]: a call's answer, as JSON or as a stream that a client can lose and come back to.
//! - [`mod@resume`]: the rest of such a stream.
//! - [`mod@notifications`]: the stream on which a client of 2025 hears of changes.
//! - [`handshake`], that is `initialize`.
//! - [`outbox`]: where it goes.
//! - [`holder`]: the one stream of a session of 2024-11-05; [`work`]: what happens on it; [`writer`]: how it is written;
//!   [`predecessor`]: what an earlier stream of the session left.

mod answer;
mod call;
mod handshake;
mod holder;
mod notifications;
mod outbox;
mod predecessor;
mod replies;
mod resume;
mod sse;
mod work;
mod writer;

pub use answer::{NoAnswer, answer, answer_all};
pub use call::Request;
pub use handshake::{HANDSHAKE_AT_MOST, agree, initialize, open};
pub use holder::{HolderError, hold};
pub use notifications::notifications;
pub use replies::KEPT_FOR;
pub use resume::{ResumeError, resume};

use crate::{
    invocation::Invocation,
    server::Shared,
    sessions::{Session, Sessions},
};
use std::sync::Arc;

/// A request's place: who serves it, in which invocation and which session.
#[derive(Debug)]
pub struct Place<S, I> {
    /// What all requests share.
    pub shared: Arc<Shared<S, I>>,
    /// The invocation that carries the request.
    pub invocation: Invocation,
    /// All sessions.
    pub sessions: Sessions,
    /// The request's.
    pub session: Session,
}

impl<S, I> Clone for Place<S, I> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            invocation: self.invocation.clone(),
            sessions: self.sessions.clone(),
            session: self.session.clone(),
        }
    }
}
