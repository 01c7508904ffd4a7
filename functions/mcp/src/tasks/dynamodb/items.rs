//! A task as an item, attribute by attribute.

use crate::{
    invocation::Principal,
    session_table::{
        EXPIRES_AT, Item, item, number, number_of, read_stored, stored, text, text_of,
    },
    tasks::{Moment, Status, Task, TaskId},
};
use aws_sdk_dynamodb::types::AttributeValue::Bool;

/// The sort key of the task itself.
pub(super) const HEAD: &str = "head";
/// Counts the writes of a head.
const REVISION: &str = "revision";

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

pub(super) fn head(task: &Task) -> Item {
    let status = STATUSES.iter().find(|(status, _)| *status == task.status);
    let attributes = [
        ("status", text(status.map_or("", |(_, name)| *name))),
        ("tool", text(&task.tool)),
        ("repeatable", Bool(task.repeatable)),
        ("createdAt", number(task.created_at.0)),
        ("updatedAt", number(task.updated_at.0)),
        (EXPIRES_AT, number(task.expires_at)),
        ("turn", number(task.turn)),
        ("begun", number(task.begun)),
        ("worker", text(&task.worker)),
        ("leaseUntil", number(task.lease_until.0)),
        ("sentAt", number(task.sent_at.0)),
        ("restarts", number(task.restarts)),
        ("request", stored(&task.request)),
        (REVISION, number(task.revision)),
    ];
    let mut item = item(&partition(&task.id), HEAD, attributes);
    if let Some(principal) = &task.principal {
        item.insert("principal".to_owned(), text(principal.as_str()));
    }
    if let Some(message) = &task.message {
        item.insert("message".to_owned(), text(message));
    }
    if let Some(payload) = &task.payload {
        item.insert("payload".to_owned(), stored(payload));
    }
    item
}

/// None if the item is not one that [`head`] makes.
pub(super) fn task(id: &TaskId, item: &Item) -> Option<Task> {
    let status = text_of(item, "status")?;
    let (status, _) = STATUSES.iter().find(|(_, name)| *name == status)?;
    Some(Task {
        id: id.clone(),
        principal: text_of(item, "principal").map(Principal::from_user_arn),
        tool: text_of(item, "tool")?.to_owned(),
        repeatable: *item.get("repeatable")?.as_bool().ok()?,
        status: *status,
        message: text_of(item, "message").map(str::to_owned),
        created_at: Moment(number_of(item, "createdAt")?),
        updated_at: Moment(number_of(item, "updatedAt")?),
        expires_at: number_of(item, "expiresAt")?,
        turn: number_of(item, "turn")?,
        begun: number_of(item, "begun")?,
        worker: text_of(item, "worker")?.to_owned(),
        lease_until: Moment(number_of(item, "leaseUntil")?),
        sent_at: Moment(number_of(item, "sentAt")?),
        restarts: number_of(item, "restarts")?,
        request: read_stored(item.get("request")?)?,
        payload: match item.get("payload") {
            Some(payload) => Some(read_stored(payload)?),
            None => None,
        },
        revision: number_of(item, REVISION)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tasks::Stored;
    use bytes::Bytes;

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
