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

/// What is offered.
#[derive(Debug)]
pub(super) struct Offered {
    legacy: ServerConfig,
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
        let mut legacy = ServerConfig::new(capabilities).with_server_info(Implementation::new(
            settings.server_name.clone(),
            env!("CARGO_PKG_VERSION"),
        ));
        legacy.instructions.clone_from(&settings.instructions);
        let mut modern = legacy.clone();
        add_modern(&mut modern.capabilities, settings.stream_lifetime.is_some());
        Self {
            legacy,
            modern,
            stream_lifetime: settings.stream_lifetime,
        }
    }

    /// What is offered to a client, which may be one that sets the level of the log messages it gets.
    pub(super) fn to(&self, era: Era, sets_log_level: bool) -> ServerConfig {
        if era == Era::Modern {
            return self.modern.clone();
        }
        let mut config = self.legacy.clone();
        if sets_log_level {
            config.capabilities.logging = Some(JsonObject::default());
        }
        config
    }

    /// Whether there is such a method.
    pub(super) fn knows(&self, method: &str, era: Era) -> bool {
        METHODS.contains(&method)
            || match era {
                Era::Modern if method == LISTEN => self.stream_lifetime.is_some(),
                Era::Modern => MODERN_METHODS.contains(&method),
                Era::Legacy => LEGACY_METHODS.contains(&method),
            }
    }
}

/// What is offered to clients since 2026-07-28 only: they say in each request which log messages they want, what they
/// want to be told of, and whether they know tasks. The tasks of 2025-11-25, an experiment that the extension took the
/// place of, are not offered.
fn add_modern(capabilities: &mut ServerCapabilities, streams: bool) {
    capabilities.logging = Some(JsonObject::default());
    if streams {
        let changes = Some(true);
        capabilities.tools.get_or_insert_default().list_changed = changes;
        capabilities.prompts.get_or_insert_default().list_changed = changes;
        let resources = capabilities.resources.get_or_insert_default();
        (resources.list_changed, resources.subscribe) = (changes, changes);
    }
    capabilities
        .extensions
        .get_or_insert_default()
        .insert(TASKS_EXTENSION_ID.to_owned(), JsonObject::default());
}
