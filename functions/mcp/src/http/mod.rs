//! The HTTP surface: what reaches the dispatcher, and how everything else is answered.

mod envelope;
mod origin;
mod rejection;

pub use origin::AllowedOrigins;

use crate::{
    invocation::Invocation,
    invoke::FunctionInvoker,
    lambda::{AnswerBody, HttpService},
    server::{Called, Server, Shared},
    settings::Settings,
};
use bytes::Bytes;
use envelope::Envelope;
use futures_util::FutureExt;
use http::{HeaderMap, HeaderValue, Method, Request, Response, header};
use http_body_util::Full;
use registry::{RegistrationId, RegistrationStore, RegistrationType};
use rejection::Rejection;
use rmcp::transport::streamable_http_server::{
    StreamableHttpServerConfig, StreamableHttpService, session::never::NeverSessionManager,
};
use std::{panic::AssertUnwindSafe, sync::Arc, time::Instant};

/// Largest request body, as Lambda has it. Source: Lambda quotas, "Invocation payload".
const BODY_AT_MOST: usize = 6 * 1024 * 1024;
/// What the dispatcher wants to read in `Accept`.
const ACCEPT_BOTH: HeaderValue = HeaderValue::from_static("application/json, text/event-stream");

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
    pub fn new(store: S, invoker: I, settings: &Settings) -> Self {
        let dispatcher = StreamableHttpServerConfig::default()
            // Nothing outlives an invocation in memory: the next request arrives in another environment.
            .with_legacy_session_mode(false)
            .with_json_response(true)
            .with_max_request_body_bytes(BODY_AT_MOST)
            // A Function URL's host is Lambda's own to check; origins are checked here, before anything is read.
            .disable_allowed_hosts();
        Self {
            shared: Arc::new(Shared::new(store, invoker, settings)),
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
        require_json(request.headers())?;
        if request.body().len() > BODY_AT_MOST {
            return Err(Rejection::TooLarge);
        }
        let envelope = Envelope::parse(request.body())?;
        audit.method.clone_from(&envelope.method);
        audit.target = envelope.target().map(str::to_owned);
        accept_both(request.headers_mut());
        let server = Server {
            shared: Arc::clone(&self.shared),
            invocation: invocation.clone(),
            called: self.called(&envelope).await,
        };
        let service = StreamableHttpService::new(
            move || Ok(server.clone()),
            Arc::clone(&self.sessions),
            self.dispatcher.clone(),
        );
        Ok(service.handle(request.map(Full::new)).await)
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

impl<S: RegistrationStore, I: FunctionInvoker> HttpService for Gateway<S, I> {
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
            request_id = invocation.request_id,
            principal = invocation
                .principal
                .as_ref()
                .map(crate::invocation::Principal::as_str),
            method = audit.method,
            target = audit.target,
            status = response.status().as_u16(),
            duration_ms = started.elapsed().as_secs_f64() * 1000.0,
            "answered"
        );
        response
    }
}

/// What a request is about, for the log.
#[derive(Debug, Default)]
struct Audit {
    method: Option<String>,
    target: Option<String>,
}

fn require_json(headers: &HeaderMap) -> Result<(), Rejection> {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        Ok(())
    } else {
        Err(Rejection::UnsupportedMediaType)
    }
}

/// MCP clients accept JSON and event streams, and have to say so. One that accepts anything, or doesn't say, is
/// served as well.
fn accept_both(headers: &mut HeaderMap) {
    let anything = match headers.get(header::ACCEPT) {
        None => true,
        Some(accept) => accept.to_str().is_ok_and(|accept| accept.contains("*/*")),
    };
    if anything {
        headers.insert(header::ACCEPT, ACCEPT_BOTH);
    }
}
