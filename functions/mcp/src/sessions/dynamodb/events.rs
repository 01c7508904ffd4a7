//! What was sent on streams.

use super::{DynamoDbSessionStore, damaged};
use crate::{
    moment::Moment,
    session_table::{
        EXPIRES_AT, ITEM, Item, failed, item, number, number_of, read_stored, stored, text, text_of,
    },
    sessions::{Event, Events, KEPT_AT_MOST, Later, Opening, SessionId},
};
use futures_util::future::try_join_all;
use std::time::Duration;

/// Messages up to this size stand in their event's item, which is seldom read.
const INLINE_AT_MOST: usize = 256 * 1024;
/// How long it is kept what was sent: a client that lost its stream comes back soon, or not at all.
const KEPT_FOR: Duration = Duration::from_mins(30);

fn event_item(stream: &str, number: u64) -> String {
    format!("event#{stream}#{number:020}")
}

fn stream_item(stream: &str) -> String {
    format!("stream#{stream}")
}

impl Events for DynamoDbSessionStore {
    fn open<'a>(
        &'a self,
        id: &'a SessionId,
        stream: &'a str,
        opening: &'a Opening,
    ) -> Later<'a, ()> {
        Box::pin(async move {
            let attributes = [
                ("answers", text(&opening.request)),
                ("aliveUntil", number(opening.alive_until)),
                (
                    EXPIRES_AT,
                    number(Moment(opening.alive_until).plus(KEPT_FOR).seconds()),
                ),
            ];
            let item = item(id.as_str(), stream_item(stream), attributes);
            Ok(self.0.put(item).await?)
        })
    }

    fn opening<'a>(&'a self, id: &'a SessionId, stream: &'a str) -> Later<'a, Option<Opening>> {
        Box::pin(async move {
            let Some(item) = self.0.get(id.as_str(), &stream_item(stream)).await? else {
                return Ok(None);
            };
            let read = || {
                Some(Opening {
                    request: text_of(&item, "answers")?.to_owned(),
                    alive_until: number_of(&item, "aliveUntil")?,
                })
            };
            read().map(Some).ok_or_else(|| damaged("stream"))
        })
    }

    fn append<'a>(&'a self, id: &'a SessionId, stream: &'a str, event: &'a Event) -> Later<'a, ()> {
        Box::pin(async move {
            let expires_at = Moment::now().plus(KEPT_FOR).seconds();
            let message = event.message.clone();
            let kept = self
                .0
                .keep(id.as_str(), message, INLINE_AT_MOST, expires_at)
                .await?;
            let attributes = [("message", stored(&kept)), (EXPIRES_AT, number(expires_at))];
            let mut item = item(id.as_str(), event_item(stream, event.number), attributes);
            if let Some(request) = &event.answers {
                item.insert("answers".to_owned(), text(request));
            }
            self.0.put(item).await?;
            if let Some(old @ 1..) = event.number.checked_sub(KEPT_AT_MOST) {
                self.0.delete(id.as_str(), &event_item(stream, old)).await?;
            }
            Ok(())
        })
    }

    fn after<'a>(
        &'a self,
        id: &'a SessionId,
        stream: &'a str,
        number: u64,
    ) -> Later<'a, Vec<Event>> {
        Box::pin(async move {
            let mut items: Vec<Item> = Vec::new();
            let mut from = None;
            loop {
                let output = self
                    .0
                    .client()
                    .query()
                    .table_name(self.0.name())
                    .consistent_read(true)
                    .key_condition_expression(
                        "sessionId = :session AND #item BETWEEN :first AND :last",
                    )
                    .expression_attribute_names("#item", ITEM)
                    .expression_attribute_values(":session", text(id.as_str()))
                    .expression_attribute_values(
                        ":first",
                        text(event_item(stream, number.saturating_add(1))),
                    )
                    .expression_attribute_values(":last", text(event_item(stream, u64::MAX)))
                    .set_exclusive_start_key(from)
                    .send()
                    .await
                    .map_err(failed)?;
                items.extend(output.items.unwrap_or_default());
                from = output.last_evaluated_key;
                if from.is_none() {
                    break;
                }
            }
            try_join_all(items.iter().map(|item| self.event(id, item))).await
        })
    }
}

impl DynamoDbSessionStore {
    async fn event(
        &self,
        id: &SessionId,
        item: &Item,
    ) -> Result<Event, crate::sessions::SessionStoreError> {
        let read = || {
            let (_, number) = text_of(item, ITEM)?.rsplit_once('#')?;
            Some((number.parse().ok()?, read_stored(item.get("message")?)?))
        };
        let (number, kept) = read().ok_or_else(|| damaged("event"))?;
        Ok(Event {
            number,
            message: self.0.fetch(id.as_str(), &kept).await?,
            answers: text_of(item, "answers").map(str::to_owned),
        })
    }
}
