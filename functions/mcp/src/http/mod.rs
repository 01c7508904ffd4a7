//! The HTTP surface: what reaches the dispatcher, and how everything else is answered.

mod batch;
mod envelope;
mod headers;
mod origin;
mod rejection;
mod sessions;
mod verbatim;

pub use origin::AllowedOrigins;

use crate::{
    invocation::Invocation,
    invoke::FunctionInvoker,
    lambda::{AnswerBody, Answered, Service},
    seal::Seals,
    server::{self, Server, Shared, Verbatim},
    sessions::Sessions,
    settings::Settings,
    tasks::{Tasks, WorkOrder},
};
use bytes::Bytes;
use envelope::Envelope;
use futures_util::FutureExt;
use http::{Method, Request, Response, header};
use http_body_util::Full;
use registry::RegistrationStore;
use rejection::Rejection;
use rmcp::transport::streamable_http_server::{
    StreamableHttpServerConfig, StreamableHttpService, session::never::NeverSessionManager,
};
use serde_json::Value;
use std::{panic::AssertUnwindSafe, sync::Arc, time::Instant};

/// Largest request body, as Lambda has it. Source: Lambda quotas, "Invocation payload".
const BODY_AT_MOST: usize = 6 * 1024 * 1024;
/// Characters of a client's text that are repeated in a log line.
const SHORT: usize = 256;

/// Routes requests to the MCP methods.
#[derive(Debug)]
pub struct Gateway<S, I> {
    shared: Arc<Shared<S, I>>,
    origins: AllowedOrigins,
    dispatcher: StreamableHttpServerConfig,
    no_sessions: Arc<NeverSessionManager>,
    sessions: Sessions,
}

impl<S: RegistrationStore, I: FunctionInvoker> Gateway<S, I> {
    /// Puts the parts together, once for an execution environment.
    pub fn new(
        store: S,
        invoker: I,
        seals: Seals,
        tasks: Tasks,
        sessions: Sessions,
        settings: &Settings,
    ) -> Self {
        let dispatcher = StreamableHttpServerConfig::default()
            // Nothing outlives an invocation in memory: the next request arrives in another environment.
            .with_legacy_session_mode(false)
            .with_json_response(true)
            .with_max_request_body_bytes(BODY_AT_MOST)
            // A Function URL's host is Lambda's own to check; origins are checked here, before anything is read.
            .disable_allowed_hosts();
        Self {
            shared: Arc::new(Shared::new(store, invoker, seals, tasks, settings)),
            origins: AllowedOrigins::new(&settings.allowed_origins),
            dispatcher,
            no_sessions: Arc::new(NeverSessionManager::default()),
            sessions,
        }
    }

    async fn answer(
        &self,
        mut request: Request<Bytes>,
        invocation: &Invocation,
        audit: &mut Audit,
    ) -> Result<Answered, Rejection> {
        self.origins.check(request.headers())?;
        let is_post = request.method() == Method::POST;
        match request.uri().path() {
            "/" | "/mcp" | "/mcp/" => {}
            // Boxed, so that their state is no part of every other request.
            "/sse" => return Box::pin(self.sse(&request, invocation, audit)).await,
            "/message" => return Box::pin(self.message(request, invocation, audit)).await,
            _ => return Err(Rejection::NotFound),
        }
        if !is_post {
            return Box::pin(self.stream_or_end(&request, invocation, audit)).await;
        }
        headers::require_json(request.headers())?;
        if request.body().len() > BODY_AT_MOST {
            return Err(Rejection::TooLarge);
        }
        headers::accept_both(request.headers_mut())?;
        if batch::is_one(request.body()) {
            audit.method = Some("(batch)".to_owned());
            if let Some(id) = headers::session(request.headers()) {
                let id = id.to_owned();
                return Box::pin(self.answer_batch_in_session(&id, request, invocation)).await;
            }
            batch::require_revision(request.headers())?;
            return Ok(Box::pin(self.answer_batch(request, invocation))
                .await?
                .into());
        }
        let envelope = Envelope::parse(request.body())?;
        audit.method = envelope.method.as_deref().map(shortened);
        audit.target = envelope.target().map(shortened);
        if envelope.is_modern() {
            headers::require_version(request.headers(), &envelope)?;
            return Ok(self.dispatch(request, envelope, invocation).await?.into());
        }
        if envelope.method.as_deref() == Some("initialize") && envelope.id.is_some() {
            return Box::pin(self.initialize(request, envelope, invocation)).await;
        }
        if let Some(id) = headers::session(request.headers()) {
            let id = id.to_owned();
            return Box::pin(self.answer_in_session(&id, request, envelope, invocation)).await;
        }
        headers::require_version(request.headers(), &envelope)?;
        Ok(self.dispatch(request, envelope, invocation).await?.into())
    }

    async fn dispatch(
        &self,
        request: Request<Bytes>,
        envelope: Envelope,
        invocation: &Invocation,
    ) -> Result<Response<AnswerBody>, Rejection> {
        let mut server = Server {
            shared: Arc::clone(&self.shared),
            invocation: invocation.clone(),
            called: self.shared.called(envelope.tool()).await,
            client: envelope.client,
            listening: None,
            verbatim: Verbatim::default(),
        };
        if let Some(wanted) = envelope.wanted {
            if !wanted.tasks.is_empty() && !server.knows_tasks() {
                return Err(Rejection::NoTasks { id: envelope.id });
            }
            Box::pin(server.listen_from_now(wanted)).await;
        }
        let verbatim = server.verbatim.clone();
        let service = StreamableHttpService::new(
            move || Ok(server.clone()),
            Arc::clone(&self.no_sessions),
            self.dispatcher.clone(),
        );
        let response = service.handle(request.map(Full::new)).await;
        let response = in_json(response, envelope.id)?;
        Ok(verbatim::complete(response, verbatim).await)
    }
}

impl<S: RegistrationStore, I: FunctionInvoker> Service for Gateway<S, I> {
    async fn call(&self, request: Request<Bytes>, invocation: Invocation) -> Answered {
        let started = Instant::now();
        let mut audit = Audit::default();
        // A panic is a bug of ours. It costs this request its answer, and nobody else anything.
        let answered = AssertUnwindSafe(self.answer(request, &invocation, &mut audit))
            .catch_unwind()
            .await;
        let answered = match answered {
            Ok(Ok(answered)) => answered,
            Ok(Err(rejection)) => rejection.into_response().into(),
            Err(_panic) => Rejection::Internal.into_response().into(),
        };
        tracing::info!(
            requestId = invocation.request_id,
            principal = invocation
                .principal
                .as_ref()
                .map(crate::invocation::Principal::as_str),
            method = audit.method,
            target = audit.target,
            status = answered.response.status().as_u16(),
            durationMs = started.elapsed().as_secs_f64() * 1000.0,
            "answered"
        );
        answered
    }

    async fn work(&self, order: WorkOrder, invocation: Invocation) {
        let started = Instant::now();
        let worked = AssertUnwindSafe(server::work(&self.shared, &order, &invocation))
            .catch_unwind()
            .await;
        let outcome = match worked {
            Ok(outcome) => outcome,
            Err(_panic) => server::give_up(&self.shared, &order).await,
        };
        tracing::info!(
            requestId = invocation.request_id,
            task = %order.task,
            turn = order.turn,
            outcome,
            durationMs = started.elapsed().as_secs_f64() * 1000.0,
            "worked on a task"
        );
    }
}

/// What a request is about, for the log.
#[derive(Debug, Default)]
struct Audit {
    method: Option<String>,
    target: Option<String>,
}

/// The dispatcher refuses some requests in plain text, and tells what went wrong inside of it.
fn in_json(
    response: Response<AnswerBody>,
    id: Option<Value>,
) -> Result<Response<AnswerBody>, Rejection> {
    let status = response.status();
    let content_type = response.headers().get(header::CONTENT_TYPE);
    if status.is_success() || content_type.is_some_and(|value| value == "application/json") {
        Ok(response)
    } else if status.is_client_error() {
        Err(Rejection::not_a_message(id))
    } else {
        Err(Rejection::Internal)
    }
}

/// What a client sent, in a length that is good for a log or a message.
fn shortened(text: &str) -> String {
    text.chars().take(SHORT).collect()
}
