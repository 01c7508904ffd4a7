//! A task as an item, attribute by attribute.

use crate::{
    invocation::Principal,
    tasks::{Moment, Status, Stored, Task, TaskId},
};
use aws_sdk_dynamodb::{
    primitives::Blob,
    types::AttributeValue::{self, B, Bool, N, S},
};
use bytes::Bytes;
use std::collections::HashMap;

type Item = HashMap<String, AttributeValue>;

pub(super) const PARTITION: &str = "sessionId";
pub(super) const ITEM: &str = "item";
/// The sort key of the task itself.
pub(super) const HEAD: &str = "head";
/// On a part: its bytes.
pub(super) const PART: &str = "part";
/// Counts the writes of a head.
pub(super) const REVISION: &str = "revision";

const STATUSES: [(Status, &str); 5] = [
    (Status::Working, "working"),
    (Status::InputRequired, "input_required"),
    (Status::Completed, "completed"),
    (Status::Failed, "failed"),
    (Status::Cancelled, "cancelled"),
];

/// The partition of a task. No session's id begins with `$`.
pub(super) fn partition(id: &TaskId) -> String {
    format!("$task#{id}")
}

/// The sort key of a part.
pub(super) fn part(name: &str, index: usize) -> String {
    format!("{}{index:04}", part_prefix(name))
}

/// What the sort keys of a document's parts begin with.
pub(super) fn part_prefix(name: &str) -> String {
    format!("part#{name}#")
}

pub(super) fn head(task: &Task) -> Item {
    let status = STATUSES.iter().find(|(status, _)| *status == task.status);
    let mut item: Item = [
        (PARTITION, S(partition(&task.id))),
        (ITEM, S(HEAD.to_owned())),
        ("status", S(status.map_or("", |(_, name)| *name).to_owned())),
        ("tool", S(task.tool.clone())),
        ("repeatable", Bool(task.repeatable)),
        ("createdAt", number(task.created_at.0)),
        ("updatedAt", number(task.updated_at.0)),
        ("expiresAt", number(task.expires_at)),
        ("turn", number(task.turn)),
        ("begun", number(task.begun)),
        ("worker", S(task.worker.clone())),
        ("leaseUntil", number(task.lease_until.0)),
        ("sentAt", number(task.sent_at.0)),
        ("restarts", number(task.restarts)),
        ("request", stored(&task.request)),
        (REVISION, number(task.revision)),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    if let Some(principal) = &task.principal {
        item.insert("principal".to_owned(), S(principal.as_str().to_owned()));
    }
    if let Some(message) = &task.message {
        item.insert("message".to_owned(), S(message.clone()));
    }
    if let Some(payload) = &task.payload {
        item.insert("payload".to_owned(), stored(payload));
    }
    item
}

/// None if the item is not one that [`head`] makes.
pub(super) fn task(id: &TaskId, item: &Item) -> Option<Task> {
    let text = |name: &str| item.get(name)?.as_s().ok();
    let status = text("status")?;
    let (status, _) = STATUSES.iter().find(|(_, name)| name == status)?;
    Some(Task {
        id: id.clone(),
        principal: text("principal").map(|principal| Principal::from_user_arn(principal)),
        tool: text("tool")?.clone(),
        repeatable: *item.get("repeatable")?.as_bool().ok()?,
        status: *status,
        message: text("message").cloned(),
        created_at: Moment(numbered(item, "createdAt")?),
        updated_at: Moment(numbered(item, "updatedAt")?),
        expires_at: numbered(item, "expiresAt")?,
        turn: numbered(item, "turn")?,
        begun: numbered(item, "begun")?,
        worker: text("worker")?.clone(),
        lease_until: Moment(numbered(item, "leaseUntil")?),
        sent_at: Moment(numbered(item, "sentAt")?),
        restarts: numbered(item, "restarts")?,
        request: read_stored(item.get("request")?)?,
        payload: match item.get("payload") {
            Some(payload) => Some(read_stored(payload)?),
            None => None,
        },
        revision: numbered(item, REVISION)?,
    })
}

fn number(number: impl Into<u64>) -> AttributeValue {
    N(number.into().to_string())
}

fn numbered<T: std::str::FromStr>(item: &Item, name: &str) -> Option<T> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

/// Bytes are the document, a text says how many parts there are and what they are called.
fn stored(stored: &Stored) -> AttributeValue {
    match stored {
        Stored::Inline(document) => B(Blob::new(document.as_ref())),
        Stored::Parts { name, count } => S(format!("{count} {name}")),
    }
}

fn read_stored(value: &AttributeValue) -> Option<Stored> {
    match value {
        B(document) => Some(Stored::Inline(Bytes::copy_from_slice(document.as_ref()))),
        S(parts) => {
            let (count, name) = parts.split_once(' ')?;
            Some(Stored::Parts {
                name: name.to_owned(),
                count: count.parse().ok()?,
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut task = Task {
            id: "a".repeat(32).parse().unwrap(),
            principal: Some(Principal::from_user_arn("arn:aws:iam::1:role/Analyst")),
            tool: "t".to_owned(),
            repeatable: true,
            status: Status::InputRequired,
            message: Some("half".to_owned()),
            created_at: Moment(1),
            updated_at: Moment(2),
            expires_at: 3,
            turn: 4,
            begun: 5,
            worker: "w".to_owned(),
            lease_until: Moment(6),
            sent_at: Moment(7),
            restarts: 8,
            request: Stored::Inline(Bytes::from_static(b"{}")),
            payload: Some(Stored::Parts {
                name: "n".to_owned(),
                count: 9,
            }),
            revision: 10,
        };
        assert_eq!(super::task(&task.id, &head(&task)), Some(task.clone()));
        (task.principal, task.message, task.payload) = (None, None, None);
        for (status, _) in STATUSES {
            task.status = status;
            assert_eq!(super::task(&task.id, &head(&task)), Some(task.clone()));
        }
        let mut damaged = head(&task);
        damaged.remove("turn");
        assert_eq!(super::task(&task.id, &damaged), None);
    }
}
