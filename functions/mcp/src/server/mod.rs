//! The MCP methods, on `rmcp`'s dispatcher.

mod asking;
mod client;
mod completions;
mod cursor;
mod driver;
mod listing;
mod offered;
mod prompts;
mod resources;
mod revisions;
mod run;
mod shared;
mod subscriptions;
mod tasks;
mod tools;
mod updates;
mod verbatim;
mod worker;

pub use crate::contract::LogLevel;
pub use client::{ClientView, Era, InSession};
pub use revisions::{LEGACY_VERSIONS, SUPPORTED_VERSIONS};
pub use shared::{Called, Shared};
pub use subscriptions::look;
pub use tasks::missing_extension;
pub use updates::{Unheard, Updates};
pub use verbatim::Verbatim;
pub use worker::{give_up, work};

use run::report;

use crate::{
    catalog::{CatalogError, FreshCatalog},
    invocation::Invocation,
    invoke::FunctionInvoker,
    sessions::{Change, SessionError},
    subscriptions::Listening,
};
use registry::{RegistrationName, RegistrationStore};
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CacheScope, CallToolRequestParams, CallToolResponse, CancelTaskParams,
        CompleteRequestParams, CompleteResult, CustomRequest, CustomResult, DiscoverResult,
        ErrorCode, GetPromptRequestParams, GetPromptResponse, GetTaskParams, GetTaskResult,
        ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult, ListToolsResult,
        MetaObject, PaginatedRequestParams, ProtocolVersion, ReadResourceRequestParams,
        ReadResourceResponse, ServerConfig, SubscriptionFilter, Tool, UpdateTaskParams,
    },
    service::{RequestContext, SubscriptionContext},
};
use serde::Deserialize;
use serde_json::json;
use std::{borrow::Cow, sync::Arc, time::Duration};

/// Kept back from the time of an invocation, so that a function that takes too long still gets an answer written.
const ANSWER_MARGIN: Duration = Duration::from_millis(500);

/// How long clients may take a list, and what is discovered, for unchanged: a change is seen that much later, and a
/// client with a thousand tools reads them a few times a minute at most. Source: MCP 2026-07-28, "Caching".
const LISTS_TTL_MS: u64 = 30_000;

/// The key in `_meta` of a result with the server's name and version.
const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";

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
    /// For a client that listens: what it wants to hear of, and how that was when it began.
    pub listening: Option<Listening>,
    /// What its answer carries past the dispatcher.
    pub verbatim: Verbatim,
}

impl<S, I> Clone for Server<S, I> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            invocation: self.invocation.clone(),
            called: self.called.clone(),
            client: self.client.clone(),
            listening: self.listening.clone(),
            verbatim: self.verbatim.clone(),
        }
    }
}

/// Every method is boxed: the dispatcher moves its futures about, and copying them with an AWS request inside was a
/// twelfth of the instructions of a tool's call.
impl<S: RegistrationStore, I: FunctionInvoker> ServerHandler for Server<S, I> {
    fn get_info(&self) -> ServerConfig {
        let has_session = self.client.session.is_some();
        self.shared.offered.to(self.client.era, has_session).clone()
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
        result.ttl_ms = self.ttl();
        self.sign(&mut result.meta, &context);
        Ok(result)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let mut response = Box::pin(tools::call(self, request, &context)).await?;
        match &mut response {
            CallToolResponse::Complete(result) => self.sign(&mut result.meta, &context),
            CallToolResponse::InputRequired(result) => self.sign(&mut result.meta, &context),
            CallToolResponse::Task(result) => self.sign(&mut result.meta, &context),
            _ => {}
        }
        Ok(response)
    }

    async fn get_task(
        &self,
        request: GetTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetTaskResult, ErrorData> {
        let mut result = Box::pin(tasks::get(self, &request.task_id)).await?;
        self.sign(&mut result.meta, &context);
        Ok(result)
    }

    async fn update_task(
        &self,
        request: UpdateTaskParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        Box::pin(tasks::update(
            self,
            &request.task_id,
            request.input_responses,
        ))
        .await
    }

    async fn cancel_task(
        &self,
        request: CancelTaskParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        Box::pin(tasks::cancel(self, &request.task_id)).await
    }

    fn accepted_subscription_filter(
        &self,
        requested: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        subscriptions::accepted(self, requested)
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        Box::pin(subscriptions::listen(self, &context)).await
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let mut result = Box::pin(resources::list(self, request, &context)).await?;
        result.ttl_ms = self.ttl();
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
        result.ttl_ms = self.ttl();
        self.sign(&mut result.meta, &context);
        Ok(result)
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let mut response = Box::pin(resources::read(self, request, &context)).await?;
        match &mut response {
            ReadResourceResponse::Complete(result) => self.sign(&mut result.meta, &context),
            ReadResourceResponse::InputRequired(result) => self.sign(&mut result.meta, &context),
            _ => {}
        }
        Ok(response)
    }

    async fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let (items, next) = Box::pin(listing::page(self, request)).await?;
        let mut result = ListPromptsResult::with_all_items(items);
        result.next_cursor = next;
        result.ttl_ms = self.ttl();
        self.sign(&mut result.meta, &context);
        Ok(result)
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let mut response = Box::pin(prompts::get(self, request, &context)).await?;
        match &mut response {
            GetPromptResponse::Complete(result) => self.sign(&mut result.meta, &context),
            GetPromptResponse::InputRequired(result) => self.sign(&mut result.meta, &context),
            _ => {}
        }
        Ok(response)
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let info = Box::pin(completions::complete(self, request, &context)).await?;
        let mut result = CompleteResult::new(info);
        self.sign(&mut result.meta, &context);
        Ok(result)
    }

    /// Sets the level of a session. Without one there is nothing that a level could be set for, so that the capability
    /// isn't declared and the method isn't known. Source: MCP 2025-11-25, "Logging", "Capabilities".
    #[expect(deprecated, reason = "the older revisions still have it")]
    async fn set_level(
        &self,
        request: rmcp::model::SetLevelRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        let Some(session) = &self.client.session else {
            return Err(needs_session("logging/setLevel"));
        };
        let level = json!(request.level);
        let level = LogLevel::deserialize(&level)
            .map_err(|_| ErrorData::invalid_params("`level` is no level of MCP", None))?;
        let change = Change::LogLevel(level);
        let changed = session.sessions.change(&session.session.id, change);
        Box::pin(changed).await.map_err(refused)
    }

    async fn subscribe(
        &self,
        request: rmcp::model::SubscribeRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        Box::pin(subscriptions::subscribe(self, &request.uri)).await
    }

    async fn unsubscribe(
        &self,
        request: rmcp::model::UnsubscribeRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        Box::pin(subscriptions::unsubscribe(self, &request.uri)).await
    }

    async fn discover(
        &self,
        context: RequestContext<RoleServer>,
    ) -> Result<DiscoverResult, ErrorData> {
        let versions = self.supported_protocol_versions().into_owned();
        let mut result = DiscoverResult::from_server_info(versions, self.get_info())
            .with_ttl_ms(LISTS_TTL_MS)
            .with_cache_scope(CacheScope::Private);
        self.sign(&mut result.meta, &context);
        Ok(result)
    }

    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        // A request whose method is known and whose parameters have another shape arrives here as well.
        let method = request.method.as_str();
        let is_known = self.shared.offered.knows(method, self.client.era);
        Err(if is_known {
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

    /// How long this client may keep a list. The dispatcher adds the scope: private, since each caller is authorised on
    /// its own. The older revisions know no such thing.
    fn ttl(&self) -> Option<u64> {
        (self.client.era == Era::Modern).then_some(LISTS_TTL_MS)
    }

    async fn catalog(&self) -> Result<FreshCatalog<'_, S>, ErrorData> {
        self.shared.catalog.fresh().await.map_err(unreadable)
    }
}

/// The error of a method that is only known in sessions.
fn needs_session(method: &str) -> ErrorData {
    ErrorData::new(
        ErrorCode::METHOD_NOT_FOUND,
        format!("`{method}` needs a session"),
        None,
    )
}

/// Why a session was not changed.
fn refused(error: SessionError) -> ErrorData {
    match error {
        SessionError::Unknown => ErrorData::invalid_request(error.to_string(), None),
        SessionError::TooMany => ErrorData::invalid_params(error.to_string(), None),
        SessionError::Unavailable => ErrorData::internal_error(error.to_string(), None),
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
