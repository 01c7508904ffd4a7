//! The HTTP surface: what reaches the dispatcher, and how everything else is answered.

mod batch;
mod envelope;
mod headers;
mod origin;
mod rejection;
mod verbatim;

pub use origin::AllowedOrigins;

use crate::{
    invocation::Invocation,
    invoke::FunctionInvoker,
    lambda::{AnswerBody, Service},
    seal::Seals,
    server::{self, Called, Server, Shared, Verbatim},
    settings::Settings,
    tasks::{Tasks, WorkOrder},
};
use bytes::Bytes;
use envelope::Envelope;
use futures_util::FutureExt;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use registry::{RegistrationId, RegistrationStore, RegistrationType};
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
    sessions: Arc<NeverSessionManager>,
}

impl<S: RegistrationStore, I: FunctionInvoker> Gateway<S, I> {
    /// Puts the parts together, once for an execution environment.
    pub fn new(store: S, invoker: I, seals: Seals, tasks: Tasks, settings: &Settings) -> Self {
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
            sessions: Arc::new(NeverSessionManager::default()),
        }
    }

    async fn answer(
        &self,
        mut request: Request<Bytes>,
        invocation: &Invocation,
        audit: &mut Audit,
    ) -> Result<Response<AnswerBody>, Rejection> {
        self.origins.check(request.headers())?;
        if !matches!(request.uri().path(), "/" | "/mcp" | "/mcp/") {
            return Err(Rejection::NotFound);
        }
        if request.method() != Method::POST {
            return Err(Rejection::MethodNotAllowed);
        }
        headers::require_json(request.headers())?;
        if request.body().len() > BODY_AT_MOST {
            return Err(Rejection::TooLarge);
        }
        headers::accept_both(request.headers_mut())?;
        if batch::is_batch(request.headers(), request.body()) {
            audit.method = Some("(batch)".to_owned());
            // Boxed, so that its state is no part of every other request.
            return Box::pin(self.answer_batch(request, invocation)).await;
        }
        let envelope = Envelope::parse(request.body())?;
        audit.method = envelope.method.as_deref().map(shortened);
        audit.target = envelope.target().map(shortened);
        headers::require_version(request.headers(), &envelope)?;
        self.dispatch(request, envelope, invocation).await
    }

    async fn answer_batch(
        &self,
        request: Request<Bytes>,
        invocation: &Invocation,
    ) -> Result<Response<AnswerBody>, Rejection> {
        let (parts, body) = request.into_parts();
        let mut answers = Vec::new();
        for message in batch::messages(&body)? {
            let answered = match Envelope::parse(&message) {
                Ok(envelope) if envelope.method.as_deref() == Some("initialize") => Err(
                    Rejection::invalid(envelope.id, "`initialize` can't be part of a batch"),
                ),
                Ok(envelope) => {
                    let request = Request::from_parts(parts.clone(), message);
                    self.dispatch(request, envelope, invocation).await
                }
                Err(rejection) => Err(rejection),
            };
            let response = answered.unwrap_or_else(Rejection::into_response);
            let Ok(body) = response.into_body().collect().await;
            answers.push(body.to_bytes());
        }
        let joined = batch::joined(&answers);
        let mut response = Response::new(Full::new(joined.clone().unwrap_or_default()).boxed());
        if joined.is_some() {
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert(header::CONTENT_TYPE, json);
        } else {
            *response.status_mut() = StatusCode::ACCEPTED;
        }
        Ok(response)
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
            called: self.called(&envelope).await,
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
            Arc::clone(&self.sessions),
            self.dispatcher.clone(),
        );
        let response = service.handle(request.map(Full::new)).await;
        let response = in_json(response, envelope.id)?;
        Ok(verbatim::complete(response, verbatim).await)
    }

    async fn called(&self, envelope: &Envelope) -> Called {
        let Some(tool) = envelope.tool() else {
            return Called::Nothing;
        };
        let Ok(name) = tool.parse() else {
            return Called::Tool(Ok(None));
        };
        let id = RegistrationId {
            kind: RegistrationType::Tool,
            name,
        };
        Called::Tool(match self.shared.catalog.fresh().await {
            Ok(catalog) => catalog.entry(&id).await,
            Err(error) => Err(error),
        })
    }
}

impl<S: RegistrationStore, I: FunctionInvoker> Service for Gateway<S, I> {
    async fn call(&self, request: Request<Bytes>, invocation: Invocation) -> Response<AnswerBody> {
        let started = Instant::now();
        let mut audit = Audit::default();
        // A panic is a bug of ours. It costs this request its answer, and nobody else anything.
        let answered = AssertUnwindSafe(self.answer(request, &invocation, &mut audit))
            .catch_unwind()
            .await;
        let response = match answered {
            Ok(answered) => answered.unwrap_or_else(Rejection::into_response),
            Err(_panic) => Rejection::Internal.into_response(),
        };
        tracing::info!(
            requestId = invocation.request_id,
            principal = invocation
                .principal
                .as_ref()
                .map(crate::invocation::Principal::as_str),
            method = audit.method,
            target = audit.target,
            status = response.status().as_u16(),
            durationMs = started.elapsed().as_secs_f64() * 1000.0,
            "answered"
        );
        response
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
        Err(Rejection::invalid(
            id,
            "this is not a message of the Model Context Protocol",
        ))
    } else {
        Err(Rejection::Internal)
    }
}

/// What a client sent, in a length that is good for a log or a message.
fn shortened(text: &str) -> String {
    text.chars().take(SHORT).collect()
}
