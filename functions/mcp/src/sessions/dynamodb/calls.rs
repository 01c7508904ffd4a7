//! Questions and replies, and requests that were called off.

use super::DynamoDbSessionStore;
use crate::{
    moment::Moment,
    session_table::{EXPIRES_AT, item, number, read_stored, stored, text, updated},
    sessions::{CallKey, Calls, Later, QuestionId, SessionId},
};
use aws_sdk_dynamodb::types::AttributeValue::{self, Bool, L};
use bytes::Bytes;
use futures_util::future::try_join_all;
use std::time::Duration;

/// Replies up to this size stand in the call's item, which the call reads again and again.
const INLINE_AT_MOST: usize = 4 * 1024;
const CANCELLED: &str = "cancelled";
/// Requests called off that are remembered for one session; with more, the oldest are forgotten.
const CANCELLED_AT_MOST: usize = 64;
/// How long they are: longer than any invocation lasts.
const CANCELLED_FOR: Duration = Duration::from_mins(16);

fn call_item(call: &CallKey) -> String {
    format!("call#{call}")
}

/// The attribute of a question: true while it waits for its reply, which then takes the place.
fn attribute(number: u32) -> String {
    format!("question{number}")
}

impl Calls for DynamoDbSessionStore {
    fn ask<'a>(
        &'a self,
        id: &'a SessionId,
        question: &'a QuestionId,
        expires_at: u64,
    ) -> Later<'a, ()> {
        Box::pin(async move {
            let update = self
                .0
                .update(id.as_str(), &call_item(&question.call))
                .update_expression("SET #question = :waits, expiresAt = :time")
                .expression_attribute_names("#question", attribute(question.number))
                .expression_attribute_values(":waits", Bool(true))
                .expression_attribute_values(":time", number(expires_at));
            updated(update).await?;
            Ok(())
        })
    }

    fn answer<'a>(
        &'a self,
        id: &'a SessionId,
        question: &'a QuestionId,
        reply: Bytes,
        expires_at: u64,
    ) -> Later<'a, bool> {
        Box::pin(async move {
            let kept = self
                .0
                .keep(id.as_str(), reply, INLINE_AT_MOST, expires_at)
                .await?;
            let update = self
                .0
                .update(id.as_str(), &call_item(&question.call))
                .update_expression("SET #question = :reply")
                .condition_expression("#question = :waits")
                .expression_attribute_names("#question", attribute(question.number))
                .expression_attribute_values(":waits", Bool(true))
                .expression_attribute_values(":reply", stored(&kept));
            Ok(updated(update).await?.is_some())
        })
    }

    fn answers<'a>(
        &'a self,
        id: &'a SessionId,
        call: &'a CallKey,
        of: &'a [u32],
    ) -> Later<'a, Vec<(u32, Bytes)>> {
        Box::pin(async move {
            let item = self.0.get(id.as_str(), &call_item(call)).await?;
            let item = item.unwrap_or_default();
            let stored = of
                .iter()
                .filter_map(|number| Some((*number, read_stored(item.get(&attribute(*number))?)?)));
            let fetched = stored.map(|(number, stored)| async move {
                let reply = self.0.fetch(id.as_str(), &stored).await?;
                Ok((number, reply))
            });
            try_join_all(fetched).await
        })
    }

    fn forget<'a>(&'a self, id: &'a SessionId, call: &'a CallKey) -> Later<'a, ()> {
        Box::pin(async move { Ok(self.0.delete(id.as_str(), &call_item(call)).await?) })
    }

    fn cancel<'a>(&'a self, id: &'a SessionId, request: &'a str, at: u64) -> Later<'a, ()> {
        Box::pin(async move {
            let expires_at = number(Moment(at).plus(CANCELLED_FOR).seconds());
            let entry = L(vec![text(format!("{at} {request}"))]);
            let full = AttributeValue::N(CANCELLED_AT_MOST.to_string());
            let update = self
                .0
                .update(id.as_str(), CANCELLED)
                .update_expression(
                    "SET requests = list_append(if_not_exists(requests, :none), :one), expiresAt = :time",
                )
                .condition_expression("attribute_not_exists(requests) OR size(requests) < :full")
                .expression_attribute_values(":none", L(Vec::new()))
                .expression_attribute_values(":one", entry.clone())
                .expression_attribute_values(":time", expires_at.clone())
                .expression_attribute_values(":full", full);
            if updated(update).await?.is_none() {
                // Full of requests that were called off long ago, unless the client does nothing else.
                let attributes = [("requests", entry), (EXPIRES_AT, expires_at)];
                self.0.put(item(id.as_str(), CANCELLED, attributes)).await?;
            }
            Ok(())
        })
    }

    fn cancelled<'a>(&'a self, id: &'a SessionId) -> Later<'a, Vec<(String, u64)>> {
        Box::pin(async move {
            let item = self.0.get(id.as_str(), CANCELLED).await?;
            let item = item.unwrap_or_default();
            let requests = item
                .get("requests")
                .and_then(|requests| requests.as_l().ok());
            let read = |entry: &AttributeValue| {
                let (at, request) = entry.as_s().ok()?.split_once(' ')?;
                Some((request.to_owned(), at.parse().ok()?))
            };
            Ok(requests.into_iter().flatten().filter_map(read).collect())
        })
    }
}
