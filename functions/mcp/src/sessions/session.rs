//! What is known of a session.

use super::SessionId;
use crate::{contract::LogLevel, invocation::Principal, moment::Moment};
use registry::{CatalogVersion, CatalogVersions};
use rmcp::model::InitializeRequestParams;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};

/// How long a session is kept after it was made or last renewed. Clients deal badly with sessions that are gone, and one
/// costs nothing while nobody uses it.
pub const LIFETIME: Duration = Duration::from_hours(24);

/// What a client that has set none is sent: the server may choose. Source: MCP 2025-11-25, "Logging".
pub const LOG_LEVEL: LogLevel = LogLevel::Info;

/// How the messages of a session travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// Requests and their answers, since 2025-03-26.
    StreamableHttp,
    /// One stream and a mailbox, in 2024-11-05.
    HttpWithSse,
}

/// A session.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// Its name.
    pub id: SessionId,
    /// Who opened it, and alone may use it.
    pub principal: Option<Principal>,
    /// How its messages travel.
    pub transport: Transport,
    /// What `initialize` agreed on; none until then, which only 2024-11-05 knows.
    pub handshake: Option<InitializeRequestParams>,
    /// The least severe log message that its client is sent.
    pub log_level: LogLevel,
    /// The versions of the lists that the client was told of last, or that there were when it came.
    pub seen: CatalogVersions,
    /// When it is forgotten, in seconds since the epoch.
    pub expires_at: u64,
}

impl Session {
    /// Whether it is time to renew it: less than half of its life is left.
    pub fn is_due(&self, now: Moment) -> bool {
        now.plus(LIFETIME / 2).seconds() > self.expires_at
    }

    /// Whether it is over, though the table may not have noticed.
    pub fn is_expired(&self, now: Moment) -> bool {
        self.expires_at <= now.0 / 1000
    }
}

/// A change of a session.
#[derive(Debug)]
pub enum Change<'a> {
    /// It lives until then, in seconds since the epoch.
    ExpiresAt(u64),
    /// Its client wants log messages from this level on.
    LogLevel(LogLevel),
    /// `initialize` was answered.
    Handshake(&'a InitializeRequestParams),
    /// Its client was told of the lists as they are in these versions.
    Seen(CatalogVersions),
}

/// The resources that the client of a session subscribed to: for each URI, the version of what served it then.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watched {
    /// The resources.
    pub uris: BTreeMap<String, Option<u64>>,
    /// Counts the writes, so that none is lost to another that happens at the same time.
    #[serde(skip)]
    pub revision: u64,
}

impl Watched {
    /// As the rest of the function counts versions.
    pub fn revisions(&self) -> BTreeMap<String, Option<CatalogVersion>> {
        let revision = |number: &Option<u64>| number.map(CatalogVersion::new);
        let pairs = self.uris.iter();
        pairs
            .map(|(uri, number)| (uri.clone(), revision(number)))
            .collect()
    }
}
