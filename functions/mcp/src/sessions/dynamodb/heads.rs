//! Sessions themselves, and their subscriptions.

use super::{DynamoDbSessionStore, damaged};
use crate::{
    contract::LogLevel,
    invocation::Principal,
    session_table::{EXPIRES_AT, Item, item, number, number_of, text, text_of, updated},
    sessions::{Change, Heads, Later, Session, SessionId, Transport, Watched},
};
use aws_sdk_dynamodb::types::AttributeValue;
use registry::{CatalogVersion, CatalogVersions};
use serde::Deserialize;
use serde_json::json;

const HEAD: &str = "head";
const WATCHED: &str = "watched";
const TRANSPORTS: [(Transport, &str); 2] = [
    (Transport::StreamableHttp, "streamable-http"),
    (Transport::HttpWithSse, "http+sse"),
];

impl Heads for DynamoDbSessionStore {
    fn create<'a>(&'a self, session: &'a Session) -> Later<'a, ()> {
        Box::pin(async move { Ok(self.0.put(head(session)).await?) })
    }

    fn get<'a>(&'a self, id: &'a SessionId) -> Later<'a, Option<Session>> {
        Box::pin(async move {
            let Some(item) = self.0.get(id.as_str(), HEAD).await? else {
                return Ok(None);
            };
            session(id, &item)
                .map(Some)
                .ok_or_else(|| damaged("session"))
        })
    }

    fn change<'a>(&'a self, id: &'a SessionId, change: Change<'a>) -> Later<'a, bool> {
        Box::pin(async move {
            if let Change::ExpiresAt(expires_at) = change {
                return self.prolong(id, expires_at).await;
            }
            let (name, value) = attribute(&change);
            let update = self
                .0
                .update(id.as_str(), HEAD)
                .update_expression("SET #name = :value")
                .condition_expression("attribute_exists(sessionId)")
                .expression_attribute_names("#name", name)
                .expression_attribute_values(":value", value);
            Ok(updated(update).await?.is_some())
        })
    }

    fn delete<'a>(&'a self, id: &'a SessionId) -> Later<'a, ()> {
        Box::pin(async move {
            self.0.delete(id.as_str(), HEAD).await?;
            Ok(self.0.delete(id.as_str(), WATCHED).await?)
        })
    }

    fn watched<'a>(&'a self, id: &'a SessionId) -> Later<'a, Watched> {
        Box::pin(async move {
            let Some(item) = self.0.get(id.as_str(), WATCHED).await? else {
                return Ok(Watched::default());
            };
            let read = || {
                let mut watched: Watched = serde_json::from_str(text_of(&item, "watched")?).ok()?;
                watched.revision = number_of(&item, "revision")?;
                Some(watched)
            };
            read().ok_or_else(|| damaged("subscriptions"))
        })
    }

    fn put_watched<'a>(
        &'a self,
        id: &'a SessionId,
        watched: &'a Watched,
        expires_at: u64,
    ) -> Later<'a, bool> {
        Box::pin(async move {
            let attributes = [
                ("watched", text(json!(watched).to_string())),
                ("revision", number(watched.revision)),
                (EXPIRES_AT, number(expires_at)),
            ];
            let item = item(id.as_str(), WATCHED, attributes);
            let before = watched.revision.saturating_sub(1);
            Ok(if before == 0 {
                self.0.put_new(item).await?
            } else {
                let before = [(":before", number(before))];
                self.0.put_if(item, "revision = :before", before).await?
            })
        })
    }
}

impl DynamoDbSessionStore {
    /// Has everything live longer that lives as long as the session.
    async fn prolong(
        &self,
        id: &SessionId,
        expires_at: u64,
    ) -> Result<bool, crate::sessions::SessionStoreError> {
        let mut is_there = [false; 3];
        for (name, is_there) in [HEAD, WATCHED, super::mailboxes::MAILBOX]
            .into_iter()
            .zip(&mut is_there)
        {
            let update = self
                .0
                .update(id.as_str(), name)
                .update_expression("SET expiresAt = :time")
                .condition_expression("attribute_exists(sessionId)")
                .expression_attribute_values(":time", number(expires_at));
            *is_there = updated(update).await?.is_some();
        }
        Ok(is_there[0])
    }
}

fn attribute(change: &Change<'_>) -> (&'static str, AttributeValue) {
    match change {
        Change::ExpiresAt(seconds) => (EXPIRES_AT, number(*seconds)),
        Change::LogLevel(level) => ("logLevel", log_level(*level)),
        Change::Handshake(handshake) => ("handshake", text(json!(handshake).to_string())),
        Change::Seen(versions) => ("seen", seen(versions)),
    }
}

fn head(session: &Session) -> Item {
    let transport = TRANSPORTS
        .iter()
        .find(|(transport, _)| *transport == session.transport);
    let attributes = [
        (
            "transport",
            text(transport.map_or("", |(_, transport)| transport)),
        ),
        ("logLevel", log_level(session.log_level)),
        ("seen", seen(&session.seen)),
        (EXPIRES_AT, number(session.expires_at)),
    ];
    let mut item = item(session.id.as_str(), HEAD, attributes);
    if let Some(principal) = &session.principal {
        item.insert("principal".to_owned(), text(principal.as_str()));
    }
    if let Some(handshake) = &session.handshake {
        let handshake = text(json!(handshake).to_string());
        item.insert("handshake".to_owned(), handshake);
    }
    item
}

/// None if the item is not one that [`head`] makes.
fn session(id: &SessionId, item: &Item) -> Option<Session> {
    let transport = text_of(item, "transport")?;
    let (transport, _) = TRANSPORTS.iter().find(|(_, name)| *name == transport)?;
    Some(Session {
        id: id.clone(),
        principal: text_of(item, "principal").map(Principal::from_user_arn),
        transport: *transport,
        handshake: match text_of(item, "handshake") {
            Some(handshake) => Some(serde_json::from_str(handshake).ok()?),
            None => None,
        },
        log_level: LogLevel::deserialize(&json!(text_of(item, "logLevel")?)).ok()?,
        seen: read_seen(text_of(item, "seen")?)?,
        expires_at: number_of(item, EXPIRES_AT)?,
    })
}

fn log_level(level: LogLevel) -> AttributeValue {
    text(json!(level).as_str().unwrap_or_default())
}

fn seen(versions: &CatalogVersions) -> AttributeValue {
    let CatalogVersions {
        whole,
        tools,
        prompts,
        resources,
    } = versions;
    text(format!("{whole}.{tools}.{prompts}.{resources}"))
}

fn read_seen(text: &str) -> Option<CatalogVersions> {
    let numbers: Result<Vec<u64>, _> = text.split('.').map(str::parse).collect();
    let numbers: [u64; 4] = numbers.ok()?.try_into().ok()?;
    let [whole, tools, prompts, resources] = numbers.map(CatalogVersion::new);
    Some(CatalogVersions {
        whole,
        tools,
        prompts,
        resources,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rmcp::model::{ClientCapabilities, Implementation, InitializeRequestParams};

    #[test]
    fn what_is_written_is_read() {
        let capabilities = ClientCapabilities::default();
        let client = Implementation::new("c", "1");
        let mut session = Session {
            id: SessionId::random().unwrap(),
            principal: Some(Principal::from_user_arn("arn:aws:iam::1:role/Analyst")),
            transport: Transport::StreamableHttp,
            handshake: Some(InitializeRequestParams::new(capabilities, client)),
            log_level: LogLevel::Warning,
            seen: read_seen("9.1.2.3").unwrap(),
            expires_at: 4,
        };
        let read = |session: &Session| super::session(&session.id, &head(session));
        assert_eq!(read(&session), Some(session.clone()));
        session.transport = Transport::HttpWithSse;
        (session.principal, session.handshake) = (None, None);
        assert_eq!(read(&session), Some(session.clone()));
        let mut damaged = head(&session);
        damaged.insert("seen".to_owned(), text("1.2.3"));
        assert_eq!(super::session(&session.id, &damaged), None);
    }
}
