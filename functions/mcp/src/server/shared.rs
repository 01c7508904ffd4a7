//! What requests share, and what is looked up for each before the dispatcher runs.

use super::{Era, LEGACY_VERSIONS, offered::Offered};
use crate::{
    catalog::{Catalog, CatalogError, Entry},
    invoke::FunctionInvoker,
    seal::Seals,
    settings::Settings,
    tasks::Tasks,
};
use registry::{RegistrationId, RegistrationStore, RegistrationType};
use rmcp::model::{InitializeRequestParams, InitializeResult, ProtocolVersion};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// What all requests in an execution environment share.
#[derive(Debug)]
pub struct Shared<S, I> {
    /// The registrations.
    pub catalog: Catalog<S>,
    /// Seals the state of requests whose client is asked something.
    pub seals: Seals,
    /// Calls that outlive their requests.
    pub tasks: Tasks,
    pub(super) invoker: I,
    pub(super) offered: Offered,
    /// What results say about this server.
    pub(super) signature: Value,
}

impl<S, I> Shared<S, I> {
    /// How long a stream of notifications lasts, where there are any.
    pub fn stream_lifetime(&self) -> Option<Duration> {
        self.offered.stream_lifetime
    }

    /// Shakes hands with a client that is about to get a session. The revision is the client's where that is spoken here,
    /// otherwise the newest that begins with `initialize`. Source: MCP 2025-11-25, "Lifecycle", "Version negotiation".
    pub fn shake_hands(&self, client: &InitializeRequestParams) -> InitializeResult {
        let mut result = self.offered.to(Era::Legacy, true).clone();
        let spoken = LEGACY_VERSIONS
            .iter()
            .find(|version| **version == client.protocol_version);
        result.protocol_version = spoken.unwrap_or(&ProtocolVersion::V_2025_11_25).clone();
        result
    }
}

impl<S: RegistrationStore, I> Shared<S, I> {
    /// Looks up the tool that a request calls, if it calls one.
    pub async fn called(&self, tool: Option<&str>) -> Called {
        let Some(tool) = tool else {
            return Called::Nothing;
        };
        let Ok(name) = tool.parse() else {
            return Called::Tool(Ok(None));
        };
        let id = RegistrationId {
            kind: RegistrationType::Tool,
            name,
        };
        Called::Tool(match self.catalog.fresh().await {
            Ok(catalog) => catalog.entry(&id).await,
            Err(error) => Err(error),
        })
    }
}

impl<S: RegistrationStore, I: FunctionInvoker> Shared<S, I> {
    /// Puts the parts together.
    pub fn new(store: S, invoker: I, seals: Seals, tasks: Tasks, settings: &Settings) -> Self {
        let offered = Offered::new(settings);
        let signature =
            json!({ "name": settings.server_name, "version": env!("CARGO_PKG_VERSION") });
        Self {
            catalog: Catalog::new(store),
            seals,
            tasks,
            invoker,
            offered,
            signature,
        }
    }
}

/// What the HTTP layer looked up before the dispatcher runs: the dispatcher checks `Mcp-Param-*` headers against the
/// tool's schema without awaiting anything.
#[derive(Debug, Clone)]
pub enum Called {
    /// The request calls no tool.
    Nothing,
    /// The request calls a tool; this is what the catalog says of it.
    Tool(Result<Option<Arc<Entry>>, CatalogError>),
}
