//! What is known of a task, and how it changes.

use super::TaskId;
use crate::{invocation::Principal, moment::Moment, session_table::Stored};
use std::time::Duration;

/// How long a worker that says nothing is taken to be at work.
pub const LEASE: Duration = Duration::from_mins(1);
/// How long a worker that was sent for may take to come, until it is sent for again. One that comes late does no harm:
/// a turn is taken once.
const SENT_FOR: Duration = Duration::from_mins(1);
/// How often a task whose worker died is begun again, where that may be.
const RESTARTS_AT_MOST: u32 = 2;

/// Where a task is in its life. Source: MCP extension "Tasks", "Task status".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// A worker is at it, or about to be.
    Working,
    /// It waits for the client's answers. Its payload is the [`Round`](super::Round).
    InputRequired,
    /// Done. Its payload is the result.
    Completed,
    /// Ended by an error of the protocol, which is its payload.
    Failed,
    /// The client wants it no more.
    Cancelled,
}

impl Status {
    /// Whether nothing changes any more.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

/// A task.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// Its name.
    pub id: TaskId,
    /// Who may know of it.
    pub principal: Option<Principal>,
    /// The name of the tool.
    pub tool: String,
    /// Whether the tool may be run again when it is not known how far it came.
    pub repeatable: bool,
    /// Where it is in its life.
    pub status: Status,
    /// How it goes, for people.
    pub message: Option<String>,
    /// When it was made.
    pub created_at: Moment,
    /// When a client last could see something change.
    pub updated_at: Moment,
    /// When it is forgotten, in seconds since the epoch.
    pub expires_at: u64,
    /// The turn that is under way: each answer of the client, and each new beginning, makes another.
    pub turn: u32,
    /// The last turn that a worker took; 0 before the first.
    pub begun: u32,
    /// What that worker called itself; empty before the first.
    pub worker: String,
    /// Until when the worker that took the turn is taken to be at work.
    pub lease_until: Moment,
    /// When a worker was last sent for.
    pub sent_at: Moment,
    /// How often it was begun again because a worker died.
    pub restarts: u32,
    /// The call: a [`TaskRequest`](super::TaskRequest).
    pub request: Stored,
    /// What goes with the status.
    pub payload: Option<Stored>,
    /// Counts the writes, so that none is lost to another that happens at the same time.
    pub revision: u64,
}

/// What is to be done about a task that may have been abandoned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Care {
    /// Nothing: it is looked after.
    None,
    /// No worker has come: send for one again.
    Send,
    /// Its worker died, and the tool may be run again.
    Restart,
    /// Its worker died, and nobody knows what the tool has done.
    GiveUp,
}

impl Task {
    /// Whether it is not to be had any more, even where it is not deleted yet.
    pub fn is_expired(&self, now: Moment) -> bool {
        self.expires_at.saturating_mul(1000) <= now.0
    }

    /// Whether a worker is still on this turn.
    pub fn is_on(&self, turn: u32) -> bool {
        self.status == Status::Working && self.turn == turn && self.begun == turn
    }

    /// Gives the turn to a worker; false if there is none to give. To ask again is no harm: the worker may not have
    /// heard that it was given.
    pub fn take(&mut self, turn: u32, worker: &str, now: Moment) -> bool {
        let is_open = self.status == Status::Working && self.turn == turn && self.begun < turn;
        if is_open {
            self.begun = turn;
            worker.clone_into(&mut self.worker);
            self.lease_until = now.plus(LEASE);
        }
        is_open || (self.is_on(turn) && self.worker == worker)
    }

    /// Moves it to a status; nothing is left of what went with the last one.
    pub fn become_status(&mut self, status: Status, payload: Option<Stored>, now: Moment) {
        self.status = status;
        self.payload = payload;
        self.updated_at = now;
    }

    /// Opens the next turn, for a worker that is sent for now.
    pub fn next_turn(&mut self, now: Moment) {
        self.turn += 1;
        self.sent_at = now;
    }

    /// What has to be done about it.
    pub fn care(&self, now: Moment) -> Care {
        if self.status != Status::Working {
            Care::None
        } else if self.begun < self.turn {
            if self.sent_at.plus(SENT_FOR) <= now {
                Care::Send
            } else {
                Care::None
            }
        } else if self.lease_until > now {
            Care::None
        } else if self.repeatable && self.restarts < RESTARTS_AT_MOST {
            Care::Restart
        } else {
            Care::GiveUp
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn task() -> Task {
        Task {
            id: "a".repeat(32).parse().unwrap(),
            principal: None,
            tool: "t".to_owned(),
            repeatable: false,
            status: Status::Working,
            message: None,
            created_at: Moment(0),
            updated_at: Moment(0),
            expires_at: 3600,
            turn: 1,
            begun: 0,
            worker: String::new(),
            lease_until: Moment(0),
            sent_at: Moment(0),
            restarts: 0,
            request: Stored::Inline(Bytes::new()),
            payload: None,
            revision: 1,
        }
    }

    #[test]
    fn a_turn_is_taken_once() {
        let mut task = task();
        assert!(!task.take(2, "a", Moment(1)));
        assert!(task.take(1, "a", Moment(1)) && task.is_on(1));
        assert!(!task.take(1, "b", Moment(1)) && task.take(1, "a", Moment(1)));
        task.next_turn(Moment(2));
        assert!(!task.is_on(1) && !task.is_on(2));
        assert!(!task.take(1, "b", Moment(2)) && task.take(2, "b", Moment(2)));
        task.become_status(Status::Cancelled, None, Moment(3));
        assert!(!task.is_on(2) && !task.take(2, "b", Moment(3)));
    }

    #[test]
    fn what_is_abandoned_is_noticed() {
        let minute = |minutes: u64| Moment(minutes * 60_000);
        let mut task = task();
        assert_eq!(task.care(Moment(59_999)), Care::None);
        assert_eq!(task.care(minute(1)), Care::Send);
        task.take(1, "a", minute(1));
        assert_eq!(task.care(Moment(119_999)), Care::None);
        assert_eq!(task.care(minute(2)), Care::GiveUp);
        task.repeatable = true;
        assert_eq!(task.care(minute(2)), Care::Restart);
        task.restarts = RESTARTS_AT_MOST;
        assert_eq!(task.care(minute(2)), Care::GiveUp);
        task.become_status(Status::InputRequired, None, minute(2));
        assert_eq!(task.care(minute(99)), Care::None);
    }

    #[test]
    fn an_expired_task_is_gone_before_it_is_deleted() {
        assert!(!task().is_expired(Moment(3_599_999)));
        assert!(task().is_expired(Moment(3_600_000)));
    }
}
