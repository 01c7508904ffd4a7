//! The mailboxes of 2024-11-05.

use super::{DynamoDbSessionStore, damaged};
use crate::{
    invocation::Principal,
    moment::Moment,
    session_table::{
        EXPIRES_AT, Item, Stored, item, number, number_of, read_stored, stored, text, text_of,
        updated,
    },
    sessions::{
        Delivered, Inherited, LIFETIME, Later, Mailboxes, Peeked, Session, SessionId,
        SessionStoreError,
    },
};
use aws_sdk_dynamodb::types::{
    AttributeValue::{self, L, M, N},
    ReturnValue,
};
use bytes::Bytes;
use futures_util::future::try_join_all;
use std::{collections::HashMap, time::Duration};

pub(super) const MAILBOX: &str = "mailbox";
/// Messages up to this size stand in the mailbox itself, which its holder reads again and again.
const INLINE_AT_MOST: usize = 1024;
/// What a message takes in the mailbox beside its own bytes, with what is noted about it once it was taken.
const OVERHEAD: usize = 128;
/// What may lie in a mailbox. What was taken last lies beside it, and an item holds 400 KB.
const BYTES_AT_MOST: usize = 128 * 1024;
/// How long the parts of a message are kept: as long as a session may go without its stream before its messages are
/// of no use to anybody.
const PARTS_FOR: Duration = LIFETIME;

impl Mailboxes for DynamoDbSessionStore {
    fn create_mailbox<'a>(&'a self, session: &'a Session) -> Later<'a, ()> {
        Box::pin(async move {
            let attributes = [
                ("inbox", L(Vec::new())),
                ("taken", L(Vec::new())),
                ("inboxBytes", number(0_u64)),
                ("term", number(0_u64)),
                ("holder", text("")),
                (EXPIRES_AT, number(session.expires_at)),
            ];
            let mut item = item(session.id.as_str(), MAILBOX, attributes);
            if let Some(principal) = &session.principal {
                item.insert("principal".to_owned(), text(principal.as_str()));
            }
            Ok(self.0.put(item).await?)
        })
    }

    fn deliver<'a>(
        &'a self,
        id: &'a SessionId,
        principal: Option<&'a Principal>,
        message: Bytes,
        request: Option<String>,
    ) -> Later<'a, Delivered> {
        Box::pin(async move {
            let now = Moment::now();
            // Before anything is kept of a large message: parts of a partition that is nobody's are of no use.
            if message.len() > INLINE_AT_MOST && !self.is_theirs(id, principal, now).await? {
                return Ok(Delivered::Unknown);
            }
            let expires_at = now.plus(PARTS_FOR).seconds();
            let kept = self
                .0
                .keep(id.as_str(), message, INLINE_AT_MOST, expires_at)
                .await?;
            let bytes = match &kept {
                Stored::Inline(message) => message.len(),
                Stored::Parts { .. } => 0,
            } + request.as_ref().map_or(0, String::len)
                + OVERHEAD;
            let update = self
                .0
                .update(id.as_str(), MAILBOX)
                .update_expression(
                    "SET inbox = list_append(inbox, :mail), inboxBytes = inboxBytes + :bytes",
                )
                .condition_expression(format!("{} AND inboxBytes < :full", theirs(principal)))
                .set_expression_attribute_values(Some(their_values(principal, now)))
                .expression_attribute_values(":mail", L(vec![mail(&kept, request)]))
                .expression_attribute_values(":bytes", N(bytes.to_string()))
                .expression_attribute_values(":full", N(BYTES_AT_MOST.to_string()));
            if updated(update).await?.is_some() {
                Ok(Delivered::Kept)
            } else if self.is_theirs(id, principal, now).await? {
                Ok(Delivered::Full)
            } else {
                Ok(Delivered::Unknown)
            }
        })
    }

    fn hold<'a>(&'a self, id: &'a SessionId, holder: &'a str) -> Later<'a, Option<Inherited>> {
        Box::pin(async move {
            let update = self
                .0
                .update(id.as_str(), MAILBOX)
                .update_expression("SET holder = :holder, term = term + :one")
                .condition_expression("attribute_exists(sessionId)")
                .expression_attribute_values(":holder", text(holder))
                .expression_attribute_values(":one", number(1_u64))
                .return_values(ReturnValue::AllNew);
            let Some(item) = updated(update).await? else {
                return Ok(None);
            };
            let taken = entries(&item, "taken").iter();
            Ok(Some(Inherited {
                term: number_of(&item, "term").ok_or_else(|| damaged("mailbox"))?,
                taken: taken
                    .filter_map(|entry| text_of(entry.as_m().ok()?, "request"))
                    .map(str::to_owned)
                    .collect(),
            }))
        })
    }

    fn peek<'a>(&'a self, id: &'a SessionId, holder: &'a str) -> Later<'a, Peeked> {
        Box::pin(async move {
            let item = self.0.get(id.as_str(), MAILBOX).await?.unwrap_or_default();
            Ok(if text_of(&item, "holder") != Some(holder) {
                Peeked::Lost
            } else if entries(&item, "inbox").is_empty() {
                Peeked::Empty
            } else {
                Peeked::Mail
            })
        })
    }

    fn take<'a>(
        &'a self,
        id: &'a SessionId,
        holder: &'a str,
        unanswered: &'a [String],
    ) -> Later<'a, Option<Vec<Bytes>>> {
        Box::pin(async move {
            let before = unanswered.iter().map(|request| noted(request)).collect();
            let update = self
                .0
                .update(id.as_str(), MAILBOX)
                .update_expression(
                    "SET taken = list_append(:before, inbox), inbox = :none, inboxBytes = :zero",
                )
                .condition_expression("holder = :holder")
                .expression_attribute_values(":before", L(before))
                .expression_attribute_values(":none", L(Vec::new()))
                .expression_attribute_values(":zero", number(0_u64))
                .expression_attribute_values(":holder", text(holder))
                .return_values(ReturnValue::UpdatedOld);
            let Some(item) = updated(update).await? else {
                return Ok(None);
            };
            let kept = entries(&item, "inbox").iter().map(|entry| {
                let message = entry.as_m().ok().and_then(|entry| entry.get("message"));
                message
                    .and_then(read_stored)
                    .ok_or_else(|| damaged("message"))
            });
            let kept: Vec<Stored> = kept.collect::<Result<_, _>>()?;
            let fetched = kept.iter().map(|kept| self.0.fetch(id.as_str(), kept));
            Ok(Some(try_join_all(fetched).await?))
        })
    }

    fn settle<'a>(&'a self, id: &'a SessionId, holder: &'a str) -> Later<'a, ()> {
        Box::pin(async move {
            let update = self
                .0
                .update(id.as_str(), MAILBOX)
                .update_expression("SET taken = :none")
                .condition_expression("holder = :holder")
                .expression_attribute_values(":none", L(Vec::new()))
                .expression_attribute_values(":holder", text(holder));
            updated(update).await?;
            Ok(())
        })
    }
}

impl DynamoDbSessionStore {
    async fn is_theirs(
        &self,
        id: &SessionId,
        principal: Option<&Principal>,
        now: Moment,
    ) -> Result<bool, SessionStoreError> {
        let Some(item) = self.0.get(id.as_str(), MAILBOX).await? else {
            return Ok(false);
        };
        let expires_at: u64 = number_of(&item, EXPIRES_AT).ok_or_else(|| damaged("mailbox"))?;
        let owner = text_of(&item, "principal");
        Ok(owner == principal.map(Principal::as_str) && expires_at > now.0 / 1000)
    }
}

/// The condition that a mailbox is there and this caller's; its values are [`their_values`].
fn theirs(principal: Option<&Principal>) -> &'static str {
    match principal {
        Some(_) => "principal = :principal AND expiresAt > :now",
        None => "attribute_not_exists(principal) AND expiresAt > :now",
    }
}

fn their_values(principal: Option<&Principal>, now: Moment) -> HashMap<String, AttributeValue> {
    let principal = principal.map(|principal| (":principal", text(principal.as_str())));
    let now = (":now", number(now.0 / 1000));
    let values = principal.into_iter().chain([now]);
    values
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn entries<'a>(item: &'a Item, name: &str) -> &'a [AttributeValue] {
    item.get(name)
        .and_then(|list| list.as_l().ok())
        .map_or(&[], Vec::as_slice)
}

fn mail(kept: &Stored, request: Option<String>) -> AttributeValue {
    let mut entry = Item::from([("message".to_owned(), stored(kept))]);
    if let Some(request) = request {
        entry.insert("request".to_owned(), text(request));
    }
    M(entry)
}

/// What is left of a request that was taken: its id.
fn noted(request: &str) -> AttributeValue {
    M(Item::from([("request".to_owned(), text(request))]))
}
