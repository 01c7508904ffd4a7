//! The MCP methods, on `rmcp`'s dispatcher.

mod client;
mod cursor;
mod listing;
mod prompts;
mod resources;
mod tools;

pub use client::{ClientView, Era, LevelNotKept, LogLevel, LogLevelStore};

use crate::{
    catalog::{Catalog, CatalogError, Entry, FreshCatalog},
    contract::{Event, Extra, Reply},
    invocation::Invocation,
    invoke::{FunctionInvoker, InvokeRequest},
    settings::Settings,
};
use registry::{RegistrationName, RegistrationStore, logging};
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, CustomRequest, CustomResult, ErrorCode,
        GetPromptRequestParams, GetPromptResponse, Implementation, ListPromptsResult,
        ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, MetaObject,
        PaginatedRequestParams, ProtocolVersion, ReadResourceRequestParams, ReadResourceResponse,
        ServerCapabilities, ServerConfig, Tool,
    },
    service::RequestContext,
};
use serde_json::{Value, json};
use std::{borrow::Cow, sync::Arc, time::Duration};

/// Kept back from the time of an invocation, so that a function that takes too long still gets an answer written.
const ANSWER_MARGIN: Duration = Duration::from_millis(500);

/// The revisions that are spoken here, oldest first. 2024-11-05 has a transport of its own, which isn't.
pub const SUPPORTED_VERSIONS: &[ProtocolVersion] = &[
    ProtocolVersion::V_2025_03_26,
    ProtocolVersion::V_2025_06_18,
    ProtocolVersion::V_2025_11_25,
    ProtocolVersion::V_2026_07_28,
];

/// The key in `_meta` of a result with the server's name and version.
const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";

/// What all requests in an execution environment share.
#[derive(Debug)]
pub struct Shared<S, I> {
    /// The registrations.
    pub catalog: Catalog<S>,
    invoker: I,
    info: ServerConfig,
    /// What results say about this server.
    signature: Value,
}

impl<S: RegistrationStore, I: FunctionInvoker> Shared<S, I> {
    /// Puts the parts together.
    pub fn new(store: S, invoker: I, settings: &Settings) -> Self {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_resources()
            .enable_prompts()
            .build();
        let mut info = ServerConfig::new(capabilities).with_server_info(Implementation::new(
            settings.server_name.clone(),
            env!("CARGO_PKG_VERSION"),
        ));
        info.instructions.clone_from(&settings.instructions);
        let signature =
            json!({ "name": settings.server_name, "version": env!("CARGO_PKG_VERSION") });
        Self {
            catalog: Catalog::new(store),
            invoker,
            info,
            signature,
        }
    }

    /// Invokes the function of a registration and reads its answer.
    ///
    /// # Errors
    ///
    /// A text for the client, which names the registration and nothing behind it; the rest is in the log.
    async fn run(
        &self,
        entry: &Entry,
        event: Event,
        invocation: &Invocation,
    ) -> Result<Reply, String> {
        let request = InvokeRequest {
            function: entry.registration.lambda_arn.clone(),
            payload: event.payload,
            client_context: event.client_context,
            time_limit: time_limit(entry, invocation),
        };
        let answer = self.invoker.invoke(request).await.map_err(|failure| {
            report(entry, invocation, &failure);
            failure.explain(&entry.title())
        })?;
        Reply::parse(&answer).map_err(|error| {
            report(entry, invocation, &error);
            format!(
                "{} gave an answer that can't be used: {error}",
                entry.title()
            )
        })
    }
}

fn report(entry: &Entry, invocation: &Invocation, error: &dyn std::error::Error) {
    tracing::warn!(
        requestId = invocation.request_id,
        registration = %entry.registration.id(),
        cause = logging::chain(error),
        "a registered function gave no usable answer"
    );
}

/// The registration's own limit, but never longer than this invocation lasts.
fn time_limit(entry: &Entry, invocation: &Invocation) -> Duration {
    let remaining = invocation.remaining().saturating_sub(ANSWER_MARGIN);
    match entry.registration.invocation.timeout_seconds {
        Some(seconds) => remaining.min(Duration::from_secs(seconds.into())),
        None => remaining,
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

/// Serves one request.
#[derive(Debug)]
pub struct Server<S, I> {
    /// What all requests share.
    pub shared: Arc<Shared<S, I>>,
    /// The invocation that carries the request.
    pub invocation: Invocation,
    /// The tool it calls.
    pub called: Called,
    /// Who sent it.
    pub client: ClientView,
}

impl<S, I> Clone for Server<S, I> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            invocation: self.invocation.clone(),
            called: self.called.clone(),
            client: self.client.clone(),
        }
    }
}

/// Every method is boxed: the dispatcher moves its futures about, and copying them with an AWS request inside was a
/// twelfth of the instructions of a tool's call.
impl<S: RegistrationStore, I: FunctionInvoker> ServerHandler for Server<S, I> {
    fn get_info(&self) -> ServerConfig {
        self.shared.info.clone()
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        Cow::Borrowed(SUPPORTED_VERSIONS)
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        let Called::Tool(Ok(Some(entry))) = &self.called else {
            return None;
        };
        (entry.registration.name.as_str() == name)
            .then(|| entry.tool.as_ref().map(|tool| tool.tool.clone()))?
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let (items, next) = Box::pin(listing::page(self, request)).await?;
        let mut result = ListToolsResult::with_all_items(items);
        result.next_cursor = next;
        self.sign(&mut result.meta, &context);
        Ok(result)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let mut result = Box::pin(tools::call(self, request, &context)).await?;
        self.sign(&mut result.meta, &context);
        Ok(result.into())
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let mut result = Box::pin(resources::list(self, request, &context)).await?;
        self.sign(&mut result.meta, &context);
        Ok(result)
    }

    async fn list_resource_templates(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let (items, next) = Box::pin(listing::page(self, request)).await?;
        let mut result = ListResourceTemplatesResult::with_all_items(items);
        result.next_cursor = next;
        self.sign(&mut result.meta, &context);
        Ok(result)
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let mut result = Box::pin(resources::read(self, &request.uri, &context)).await?;
        self.sign(&mut result.meta, &context);
        Ok(result.into())
    }

    async fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let (items, next) = Box::pin(listing::page(self, request)).await?;
        let mut result = ListPromptsResult::with_all_items(items);
        result.next_cursor = next;
        self.sign(&mut result.meta, &context);
        Ok(result)
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let mut result = Box::pin(prompts::get(self, request, &context)).await?;
        self.sign(&mut result.meta, &context);
        Ok(result.into())
    }

    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        // A request whose method is known and whose parameters have another shape arrives here as well.
        Err(if METHODS.contains(&request.method.as_str()) {
            ErrorData::invalid_params(
                format!("the params are not those of `{}`", request.method),
                None,
            )
        } else {
            ErrorData::new(
                ErrorCode::METHOD_NOT_FOUND,
                format!("method `{}` is not known", named(&request.method)),
                None,
            )
        })
    }
}

/// The methods this server implements.
const METHODS: &[&str] = &[
    "initialize",
    "ping",
    "server/discover",
    "tools/list",
    "tools/call",
    "resources/list",
    "resources/templates/list",
    "resources/read",
    "prompts/list",
    "prompts/get",
];

impl<S: RegistrationStore, I> Server<S, I> {
    /// Says in a result which server gave it. The older revisions say that once, when they shake hands.
    ///
    /// Source: MCP 2026-07-28, "Base protocol", `_meta` of results.
    fn sign(&self, meta: &mut Option<MetaObject>, context: &RequestContext<RoleServer>) {
        let is_stateless = context
            .protocol_version()
            .is_some_and(|version| version >= ProtocolVersion::V_2026_07_28);
        if is_stateless {
            meta.get_or_insert_default()
                .insert(SERVER_INFO.to_owned(), self.shared.signature.clone());
        }
    }

    async fn catalog(&self) -> Result<FreshCatalog<'_, S>, ErrorData> {
        self.shared.catalog.fresh().await.map_err(unreadable)
    }

    fn extra<'a>(&'a self, entry: &'a Entry, context: &RequestContext<RoleServer>) -> Extra<'a> {
        Extra::new(&entry.registration, &self.invocation, context)
    }
}

/// A name that a client sent, no longer than a name can be, so that no message grows with what it is about.
fn named(name: &str) -> &str {
    let end = name
        .char_indices()
        .nth(RegistrationName::MAX_CHARS)
        .map_or(name.len(), |(end, _)| end);
    &name[..end]
}

/// A registry that can't be read is this server's failure, not the client's.
fn unreadable(error: CatalogError) -> ErrorData {
    ErrorData::internal_error(error.to_string(), None)
}
