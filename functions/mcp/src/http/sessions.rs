//! Requests of sessions.

use super::{
    Audit, BODY_AT_MOST, Gateway, Rejection, batch,
    envelope::Envelope,
    headers::{self, SESSION_ID},
    shortened,
};
use crate::{
    invocation::Invocation,
    invoke::FunctionInvoker,
    lambda::{AnswerBody, Answered},
    legacy::{self, HolderError, NoAnswer, Place, ResumeError},
    moment::Moment,
    server::Called,
    sessions::{Delivered, EventId, PlaceInStream, QuestionId, Session, SessionError, Transport},
};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use registry::RegistrationStore;
use rmcp::model::ProtocolVersion;
use serde_json::Value;
use std::{sync::Arc, time::Duration};

/// Longest id of a request in a session, as JSON, in bytes: it is kept beside the answer.
const ID_AT_MOST: usize = 256;

impl<S: RegistrationStore, I: FunctionInvoker> Gateway<S, I> {
    /// `initialize`, which opens a session.
    pub(super) async fn initialize(
        &self,
        request: Request<Bytes>,
        envelope: Envelope,
        invocation: &Invocation,
    ) -> Result<Answered, Rejection> {
        let id = envelope.id.clone();
        let Some(agreed) = legacy::agree(&self.shared, request.body()) else {
            // Not what it should look like: the dispatcher says so.
            return Ok(self.dispatch(request, envelope, invocation).await?.into());
        };
        let (client, answer) = agreed.map_err(|why| Rejection::params(id.clone(), &why))?;
        let opened = legacy::initialize(&self.shared, &self.sessions, invocation, client);
        let session = opened.await.map_err(|error| refused(error, id))?;
        let mut response = json(&answer);
        if let Ok(id) = HeaderValue::from_str(session.id.as_str()) {
            response.headers_mut().insert(SESSION_ID, id);
        }
        Ok(response.into())
    }

    /// A message of a session.
    pub(super) async fn answer_in_session(
        &self,
        session: &str,
        request: Request<Bytes>,
        envelope: Envelope,
        invocation: &Invocation,
    ) -> Result<Answered, Rejection> {
        let principal = invocation.principal.as_ref();
        let session = self
            .sessions
            .of(principal, Transport::StreamableHttp, session);
        // Side by side: neither read waits for the other.
        let (session, called) = tokio::join!(session, self.shared.called(envelope.tool()));
        let session = session.map_err(|error| refused(error, envelope.id.clone()))?;
        let id = envelope.id.as_ref();
        headers::require_agreed(request.headers(), version(&session), id)?;
        self.take(session, request.into_body(), envelope, called, invocation)
            .await
    }

    /// Several messages of a session: replies and notifications are taken, and requests answered one after the other on
    /// one stream.
    pub(super) async fn answer_batch_in_session(
        &self,
        session: &str,
        request: Request<Bytes>,
        invocation: &Invocation,
    ) -> Result<Answered, Rejection> {
        let principal = invocation.principal.as_ref();
        let session = self
            .sessions
            .of(principal, Transport::StreamableHttp, session);
        let session = session.await.map_err(|error| refused(error, None))?;
        headers::require_agreed(request.headers(), version(&session), None)?;
        batch::require_version(version(&session))?;
        let mut requests = Vec::new();
        for message in batch::messages(request.body())? {
            let envelope = Envelope::parse(&message)?;
            match (envelope.method.as_deref(), &envelope.id) {
                (Some("initialize"), id) => {
                    let why = "`initialize` can't be part of a batch";
                    return Err(Rejection::invalid(id.clone(), why));
                }
                (Some(_), Some(id)) => {
                    check_id(id)?;
                    let called = self.shared.called(envelope.tool()).await;
                    requests.push(legacy::Request {
                        body: message,
                        id: id.clone(),
                        called,
                    });
                }
                _ => {
                    let session = session.clone();
                    self.take(session, message, envelope, Called::Nothing, invocation)
                        .await?;
                }
            }
        }
        if requests.is_empty() {
            return Ok(accepted(""));
        }
        legacy::answer_all(self.place(session, invocation), requests)
            .await
            .map_err(|error| unanswered(error, None))
    }

    async fn take(
        &self,
        session: Session,
        body: Bytes,
        envelope: Envelope,
        called: Called,
        invocation: &Invocation,
    ) -> Result<Answered, Rejection> {
        match (envelope.method.as_deref(), envelope.id) {
            (Some(_), Some(id)) => {
                check_id(&id)?;
                let request = legacy::Request {
                    body,
                    id: id.clone(),
                    called,
                };
                legacy::answer(self.place(session, invocation), request)
                    .await
                    .map_err(|error| unanswered(error, Some(id)))
            }
            (Some("notifications/cancelled"), None) => {
                self.cancel(&session, &body).await?;
                Ok(accepted(""))
            }
            (Some(_), None) => Ok(accepted("")),
            (None, id) => {
                self.reply(&session, id, body).await?;
                Ok(accepted(""))
            }
        }
    }

    /// Notes that a request is called off. One that is answered by now, or never was, does no harm.
    async fn cancel(&self, session: &Session, body: &[u8]) -> Result<(), Rejection> {
        let notification: Value = serde_json::from_slice(body).unwrap_or_default();
        let request = &notification["params"]["requestId"];
        if !request.is_string() && !request.is_i64() {
            let why = "`params.requestId` has to be the id of a request";
            return Err(Rejection::params(None, why));
        }
        check_id(request)?;
        let request = request.to_string();
        let store = self.sessions.store();
        let noted = store.cancel(&session.id, &request, Moment::now().0);
        noted.await.map_err(|error| refused(error.into(), None))
    }

    /// Takes a reply to a question: one that was asked in this session and is not answered yet.
    async fn reply(
        &self,
        session: &Session,
        id: Option<Value>,
        body: Bytes,
    ) -> Result<(), Rejection> {
        let not_asked =
            || Rejection::invalid(id.clone(), "no request of this id waits for a reply");
        let question: QuestionId = id
            .as_ref()
            .and_then(Value::as_str)
            .and_then(|id| id.parse().ok())
            .ok_or_else(not_asked)?;
        let store = self.sessions.store();
        let expires_at = Moment::now().plus(legacy::KEPT_FOR).seconds();
        let taken = store.answer(&session.id, &question, body, expires_at);
        match taken.await {
            Ok(true) => Ok(()),
            Ok(false) => Err(not_asked()),
            Err(error) => Err(refused(error.into(), id.clone())),
        }
    }

    /// GET and DELETE.
    pub(super) async fn stream_or_end(
        &self,
        request: &Request<Bytes>,
        invocation: &Invocation,
        audit: &mut Audit,
    ) -> Result<Answered, Rejection> {
        let lifetime = self.shared.stream_lifetime();
        let allowed = match lifetime {
            Some(_) => "GET, POST, DELETE",
            None => "POST, DELETE",
        };
        let is_get = request.method() == Method::GET && lifetime.is_some();
        let id = headers::session(request.headers())
            .filter(|_| is_get || request.method() == Method::DELETE)
            .ok_or(Rejection::MethodNotAllowed(allowed))?;
        audit.method = Some(format!("({})", request.method()));
        let principal = invocation.principal.as_ref();
        let session = self.sessions.of(principal, Transport::StreamableHttp, id);
        let session = session.await.map_err(|error| refused(error, None))?;
        headers::require_agreed(request.headers(), version(&session), None)?;
        match lifetime {
            Some(lifetime) if is_get => {
                headers::accept_events(request.headers())?;
                let last = headers::last_event(request.headers());
                self.stream(session, last, lifetime, invocation).await
            }
            _ => {
                let ended = self.sessions.end(&session);
                ended.await.map_err(|error| refused(error, None))?;
                let mut response = Response::new(Full::default().boxed());
                // Not 202: some clients take that for a failure.
                *response.status_mut() = StatusCode::NO_CONTENT;
                Ok(response.into())
            }
        }
    }

    async fn stream(
        &self,
        session: Session,
        last: Option<&str>,
        lifetime: Duration,
        invocation: &Invocation,
    ) -> Result<Answered, Rejection> {
        let unknown = || {
            let why = "`Last-Event-ID` is no event of this session, or one of long ago";
            Rejection::invalid(None, why)
        };
        let last = match last {
            Some(last) => Some(last.parse::<EventId>().map_err(|_| unknown())?),
            None => None,
        };
        let place = self.place(session, invocation);
        match last {
            Some(EventId::Answer { call, number }) => {
                let resumed = legacy::resume(place, call, number, lifetime);
                resumed.await.map_err(|error| match error {
                    ResumeError::Unknown => unknown(),
                    ResumeError::Unavailable => Rejection::Unavailable { id: None },
                })
            }
            Some(EventId::Lists(versions)) => {
                let told = legacy::notifications(place, Some(versions), lifetime);
                told.await.map_err(|error| refused(error, None))
            }
            None => {
                let told = legacy::notifications(place, None, lifetime);
                told.await.map_err(|error| refused(error, None))
            }
        }
    }

    /// The stream of 2024-11-05.
    pub(super) async fn sse(
        &self,
        request: &Request<Bytes>,
        invocation: &Invocation,
        audit: &mut Audit,
    ) -> Result<Answered, Rejection> {
        let Some(patience) = self.shared.stream_lifetime() else {
            return Err(Rejection::NotFound);
        };
        if request.method() != Method::GET {
            return Err(Rejection::MethodNotAllowed("GET"));
        }
        audit.method = Some("(GET /sse)".to_owned());
        headers::accept_events(request.headers())?;
        let last = headers::last_event(request.headers());
        let last: Option<PlaceInStream> = last.and_then(|last| last.parse().ok());
        let principal = invocation.principal.as_ref();
        let session = match &last {
            Some(last) => {
                let id = last.session.as_str();
                self.sessions
                    .of(principal, Transport::HttpWithSse, id)
                    .await
            }
            None => legacy::open(&self.shared, &self.sessions, invocation).await,
        };
        let session = session.map_err(|error| refused(error, None))?;
        let held = legacy::hold(self.place(session, invocation), last, patience);
        held.await.map_err(|error| match error {
            HolderError::Unknown => Rejection::NoSession { id: None },
            HolderError::Unavailable => Rejection::Unavailable { id: None },
        })
    }

    /// What a client of 2024-11-05 posts.
    pub(super) async fn message(
        &self,
        request: Request<Bytes>,
        invocation: &Invocation,
        audit: &mut Audit,
    ) -> Result<Answered, Rejection> {
        if self.shared.stream_lifetime().is_none() {
            return Err(Rejection::NotFound);
        }
        if request.method() != Method::POST {
            return Err(Rejection::MethodNotAllowed("POST"));
        }
        headers::require_json(request.headers())?;
        if request.body().len() > BODY_AT_MOST {
            return Err(Rejection::TooLarge);
        }
        let session = session_of(request.uri().query().unwrap_or_default());
        let (id, is_request) = match Envelope::parse(request.body()) {
            Ok(envelope) => {
                audit.method = envelope.method.as_deref().map(shortened);
                audit.target = envelope.target().map(shortened);
                (envelope.id, envelope.method.is_some())
            }
            // A request all the same, which is answered on the stream.
            Err(Rejection::Message {
                code: super::rejection::INVALID_PARAMS,
                id: Some(id),
                ..
            }) => (Some(id), true),
            Err(rejection) => return Err(rejection),
        };
        if let Some(id) = &id {
            check_id(id)?;
        }
        let no_session = || Rejection::NoSession { id: id.clone() };
        let session = session.and_then(|id| id.parse().ok());
        let session = session.ok_or_else(no_session)?;
        let request_id = id.as_ref().filter(|_| is_request).map(Value::to_string);
        let principal = invocation.principal.as_ref();
        let store = self.sessions.store();
        let delivered = store.deliver(&session, principal, request.into_body(), request_id);
        match delivered.await {
            Ok(Delivered::Kept) => Ok(accepted("Accepted")),
            Ok(Delivered::Unknown) => Err(no_session()),
            Ok(Delivered::Full) => Err(Rejection::Busy { id }),
            Err(error) => Err(refused(error.into(), id)),
        }
    }

    fn place(&self, session: Session, invocation: &Invocation) -> Place<S, I> {
        Place {
            shared: Arc::clone(&self.shared),
            invocation: invocation.clone(),
            sessions: self.sessions.clone(),
            session,
        }
    }
}

/// `sessionId` in a query. It has no characters that would be escaped.
fn session_of(query: &str) -> Option<&str> {
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix("sessionId="))
}

fn version(session: &Session) -> Option<&ProtocolVersion> {
    session.handshake.as_ref().map(|it| &it.protocol_version)
}

fn check_id(id: &Value) -> Result<(), Rejection> {
    if id.to_string().len() > ID_AT_MOST {
        let why = format!("`id` takes more than {ID_AT_MOST} bytes");
        return Err(Rejection::invalid(None, &why));
    }
    Ok(())
}

fn refused(error: SessionError, id: Option<Value>) -> Rejection {
    match error {
        SessionError::Unknown => Rejection::NoSession { id },
        SessionError::Unavailable | SessionError::TooMany => Rejection::Unavailable { id },
    }
}

fn unanswered(error: NoAnswer, id: Option<Value>) -> Rejection {
    match error {
        NoAnswer::NotAMessage => Rejection::not_a_message(id),
        NoAnswer::NoRandomness => Rejection::Internal,
    }
}

/// Source: MCP 2025-03-26 and later, "Streamable HTTP", and 2024-11-05, "HTTP with SSE".
fn accepted(text: &'static str) -> Answered {
    let mut response = Response::new(Full::from(text).boxed());
    *response.status_mut() = StatusCode::ACCEPTED;
    if !text.is_empty() {
        let plain = HeaderValue::from_static("text/plain");
        response.headers_mut().insert(header::CONTENT_TYPE, plain);
    }
    response.into()
}

fn json(message: &Value) -> Response<AnswerBody> {
    let mut response = Response::new(Full::from(message.to_string()).boxed());
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
