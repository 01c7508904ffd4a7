//! What is offered to which clients: capabilities and methods.

use super::Era;
use crate::settings::Settings;
use rmcp::model::{
    Implementation, JsonObject, ServerCapabilities, ServerConfig, TASKS_EXTENSION_ID,
};
use std::time::Duration;

/// The methods of all revisions that are spoken here.
const METHODS: &[&str] = &[
    "server/discover",
    "tools/list",
    "tools/call",
    "resources/list",
    "resources/templates/list",
    "resources/read",
    "prompts/list",
    "prompts/get",
    "completion/complete",
];

/// Those of the tasks extension, which came with 2026-07-28.
const MODERN_METHODS: &[&str] = &["tasks/get", "tasks/update", "tasks/cancel"];

/// The method of a client that listens, where streams are offered.
const LISTEN: &str = "subscriptions/listen";

/// Those that 2026-07-28 has removed.
const LEGACY_METHODS: &[&str] = &["initialize", "ping", "logging/setLevel"];

/// Those for which a session with a stream is needed.
const SUBSCRIBING_METHODS: &[&str] = &["resources/subscribe", "resources/unsubscribe"];

/// What is offered.
#[derive(Debug)]
pub(super) struct Offered {
    stateless: ServerConfig,
    in_session: ServerConfig,
    modern: ServerConfig,
    /// How long a stream of notifications lasts, where there are any.
    pub(super) stream_lifetime: Option<Duration>,
}

impl Offered {
    pub(super) fn new(settings: &Settings) -> Self {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_resources()
            .enable_prompts()
            .enable_completions()
            .build();
        let mut stateless = ServerConfig::new(capabilities).with_server_info(Implementation::new(
            settings.server_name.clone(),
            env!("CARGO_PKG_VERSION"),
        ));
        stateless.instructions.clone_from(&settings.instructions);
        let mut in_session = stateless.clone();
        add_notifications(
            &mut in_session.capabilities,
            settings.stream_lifetime.is_some(),
        );
        let mut modern = in_session.clone();
        modern
            .capabilities
            .extensions
            .get_or_insert_default()
            .insert(TASKS_EXTENSION_ID.to_owned(), JsonObject::default());
        Self {
            stateless,
            in_session,
            modern,
            stream_lifetime: settings.stream_lifetime,
        }
    }

    /// What is offered to a client.
    pub(super) fn to(&self, era: Era, has_session: bool) -> &ServerConfig {
        match era {
            Era::Modern => &self.modern,
            Era::Legacy if has_session => &self.in_session,
            Era::Legacy => &self.stateless,
        }
    }

    /// Whether there is such a method.
    pub(super) fn knows(&self, method: &str, era: Era) -> bool {
        METHODS.contains(&method)
            || match era {
                Era::Modern if method == LISTEN => self.stream_lifetime.is_some(),
                Era::Modern => MODERN_METHODS.contains(&method),
                Era::Legacy => {
                    LEGACY_METHODS.contains(&method) || SUBSCRIBING_METHODS.contains(&method)
                }
            }
    }
}

/// What is offered to clients that say which log messages they want, and to what they want to be told of: those since
/// 2026-07-28, and those with a session. The tasks of 2025-11-25, an experiment that the extension took the place of, are
/// not offered.
fn add_notifications(capabilities: &mut ServerCapabilities, streams: bool) {
    capabilities.logging = Some(JsonObject::default());
    if streams {
        let changes = Some(true);
        capabilities.tools.get_or_insert_default().list_changed = changes;
        capabilities.prompts.get_or_insert_default().list_changed = changes;
        let resources = capabilities.resources.get_or_insert_default();
        (resources.list_changed, resources.subscribe) = (changes, changes);
    }
}
