//! What is known of the client that sent a request.

use crate::{
    contract::LogLevel,
    sessions::{Session, Sessions},
};
use rmcp::model::{ClientCapabilities, ProtocolVersion};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::{sync::Arc, time::Duration};
use tokio::sync::mpsc;

/// Keys in `params._meta` of a request. Source: MCP 2026-07-28, "Base protocol".
const CLIENT_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";

/// How a client gets to its answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Era {
    /// 2026-07-28 and later: every request says all there is to know, and questions are part of an answer.
    Modern,
    /// The revisions that begin with `initialize`.
    Legacy,
}

/// What is known of the caller for one request.
#[derive(Debug, Clone)]
pub struct ClientView {
    /// Which way of working it knows.
    pub era: Era,
    /// The revision it speaks, where the request or its session says.
    pub protocol_version: Option<ProtocolVersion>,
    /// What it declared it can do. A legacy request without a session says nothing of that.
    pub capabilities: Option<ClientCapabilities>,
    /// The least severe log message it wants: a modern request's own, or the session's. None: none at all.
    pub log_level: Option<LogLevel>,
    /// The session that the request belongs to: then requests to the client reach it, and its replies this invocation.
    pub session: Option<Arc<InSession>>,
}

/// A request's session, as far as the request can change it.
#[derive(Debug)]
pub struct InSession {
    /// What is known of it.
    pub session: Session,
    /// All of them.
    pub sessions: Sessions,
    /// Lets the client go that waits for the answer, to come back after the time it is sent; none where the client could
    /// not come back.
    pub detach: Option<mpsc::Sender<Duration>>,
}

impl ClientView {
    /// The client of a request that says all about it.
    pub fn modern(version: ProtocolVersion, meta: &Map<String, Value>) -> Self {
        Self {
            era: Era::Modern,
            protocol_version: Some(version),
            capabilities: read(meta, CLIENT_CAPABILITIES),
            log_level: read(meta, LOG_LEVEL),
            session: None,
        }
    }

    /// The client of a legacy request outside of any session: nothing is known of it, there is no way to ask it, and no
    /// log messages are sent, since only a session declares that there are any.
    pub fn stateless_legacy() -> Self {
        Self {
            era: Era::Legacy,
            protocol_version: None,
            capabilities: None,
            log_level: None,
            session: None,
        }
    }

    /// The client of a request of a session.
    pub fn in_session(session: Arc<InSession>) -> Self {
        let handshake = session.session.handshake.as_ref();
        Self {
            era: Era::Legacy,
            protocol_version: handshake.map(|it| it.protocol_version.clone()),
            capabilities: handshake.map(|it| it.capabilities.clone()),
            log_level: Some(session.session.log_level),
            session: Some(session),
        }
    }

    /// Whether a log message of this level is to be sent.
    pub fn admits(&self, level: LogLevel) -> bool {
        self.log_level.is_some_and(|least| level >= least)
    }
}

/// A value of the wrong shape counts as absent here: the dispatcher refuses the request for it.
fn read<'a, T: Deserialize<'a>>(meta: &'a Map<String, Value>, key: &str) -> Option<T> {
    meta.get(key).and_then(|value| T::deserialize(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn view(meta: Value) -> ClientView {
        let Value::Object(meta) = meta else {
            unreachable!("tests give objects")
        };
        ClientView::modern(ProtocolVersion::V_2026_07_28, &meta)
    }

    #[test]
    fn a_level_admits_what_is_as_severe() {
        let view = view(json!({ LOG_LEVEL: "warning" }));
        assert!(view.admits(LogLevel::Warning) && view.admits(LogLevel::Emergency));
        assert!(!view.admits(LogLevel::Notice));
    }

    #[test]
    fn without_a_level_nothing_is_admitted() {
        assert!(!view(json!({})).admits(LogLevel::Emergency));
        assert!(!view(json!({ LOG_LEVEL: "loud" })).admits(LogLevel::Emergency));
    }
}
