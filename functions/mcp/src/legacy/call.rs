//! One request through the dispatcher.

use super::Place;
use crate::{
    invoke::FunctionInvoker,
    server::{Called, ClientView, InSession, Server, Verbatim},
    sessions::{CallKey, QuestionId},
};
use bytes::Bytes;
use registry::RegistrationStore;
use rmcp::{
    RoleServer,
    model::ClientJsonRpcMessage,
    service::{RxJsonRpcMessage, TxJsonRpcMessage, serve_directly},
    transport::Transport,
};
use serde_json::{Value, json};
use std::{any::Any, sync::Arc, time::Duration};
use tokio::{sync::mpsc, time::Instant};

/// Things said that may wait to be sent before the call has to.
const SAID: usize = 16;
/// How long before the invocation ends a call is given up that has not answered. Functions are given up before.
const LAST_WORD: Duration = Duration::from_millis(200);

/// A request of a session.
#[derive(Debug)]
pub struct Request {
    /// The message.
    pub body: Bytes,
    /// Its id.
    pub id: Value,
    /// The tool it calls.
    pub called: Called,
}

/// The body is no message of MCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAMessage;

/// What a call says, in order. Messages are JSON, on one line.
#[derive(Debug)]
pub(super) enum Said {
    /// Something the client may want to know.
    Notification(String),
    /// Something the client has to reply to.
    Question {
        /// Which of the call's questions it is.
        number: u32,
        /// The request to the client.
        message: String,
    },
    /// The client may go, and come back after this time.
    Detach(Duration),
    /// The end.
    Response(String),
}

/// A request that is under way.
pub(super) struct Call {
    /// Its name: unguessable, since it is part of the ids of its questions.
    pub(super) key: CallKey,
    said: mpsc::Receiver<Said>,
    detach: mpsc::Receiver<Duration>,
    replies: mpsc::UnboundedSender<ClientJsonRpcMessage>,
    gives_up: Instant,
    id: Value,
    /// The dispatcher at work, which ends when this is dropped, and the call with it. Its type is of no interest.
    _running: Box<dyn Any + Send + Sync>,
}

impl Call {
    /// Begins to work on a request. `key` names it; `resumable` says whether its client can come back for the answer.
    pub(super) fn start<S: RegistrationStore, I: FunctionInvoker>(
        place: Place<S, I>,
        key: CallKey,
        request: Request,
        resumable: bool,
    ) -> Result<Self, NotAMessage> {
        let message: ClientJsonRpcMessage =
            serde_json::from_slice(&request.body).map_err(|_| NotAMessage)?;
        let (says, said) = mpsc::channel(SAID);
        let (detaches, detach) = mpsc::channel(1);
        let (replies, incoming) = mpsc::unbounded_channel();
        let gives_up = place.invocation.deadline.into();
        let gives_up = Instant::checked_sub(&gives_up, LAST_WORD).unwrap_or(gives_up);
        let client = place.session.handshake.clone();
        let transport = OneRequest {
            key: key.clone(),
            request: Some(message),
            says,
            incoming,
        };
        let server = Server {
            shared: place.shared,
            invocation: place.invocation,
            called: request.called,
            client: ClientView::in_session(Arc::new(InSession {
                session: place.session,
                sessions: place.sessions,
                detach: resumable.then_some(detaches),
            })),
            listening: None,
            verbatim: Verbatim::default(),
        };
        Ok(Self {
            key,
            said,
            detach,
            replies,
            gives_up,
            id: request.id,
            _running: Box::new(serve_directly(server, transport, client)),
        })
    }

    /// The next thing it says. It may be asked for anew at any time, and loses nothing.
    pub(super) async fn next(&mut self) -> Said {
        tokio::select! {
            // What was said before a client is let go goes out before.
            biased;
            Some(said) = self.said.recv() => said,
            Some(retry) = self.detach.recv() => Said::Detach(retry),
            () = tokio::time::sleep_until(self.gives_up) => Said::Response(self.given_up()),
        }
    }

    /// Gives it a client's reply to one of its questions. One that is none leaves the question unanswered.
    pub(super) fn reply(&self, number: u32, message: &[u8]) {
        let read = || {
            let mut message: Value = serde_json::from_slice(message).ok()?;
            message["id"] = number.into();
            serde_json::from_value(message).ok()
        };
        match read() {
            Some(reply) => self.give(reply),
            None => self.fail(number, "the reply is no message of the protocol"),
        }
    }

    /// Tells it that a question could not be asked.
    pub(super) fn fail(&self, number: u32, why: &str) {
        let error =
            json!({ "jsonrpc": "2.0", "id": number, "error": { "code": -32603, "message": why } });
        if let Ok(error) = serde_json::from_value(error) {
            self.give(error);
        }
    }

    fn give(&self, reply: ClientJsonRpcMessage) {
        // A call that has ended needs no replies.
        let _ = self.replies.send(reply);
    }

    fn given_up(&self) -> String {
        let message = "the request was not answered in time";
        json!({ "jsonrpc": "2.0", "id": self.id, "error": { "code": -32603, "message": message } })
            .to_string()
    }
}

/// Nobody listens to the call any more.
#[derive(Debug, thiserror::Error)]
#[error("the call has ended")]
pub(super) struct Ended;

/// What the dispatcher sees of the world: the one request, and then the replies to what it asks.
struct OneRequest {
    key: CallKey,
    request: Option<ClientJsonRpcMessage>,
    says: mpsc::Sender<Said>,
    incoming: mpsc::UnboundedReceiver<ClientJsonRpcMessage>,
}

impl Transport<RoleServer> for OneRequest {
    type Error = Ended;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = Result<(), Ended>> + Send + 'static {
        let says = self.says.clone();
        let said = said(message, &self.key);
        async move { says.send(said?).await.map_err(|_| Ended) }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        match self.request.take() {
            Some(request) => Some(request),
            None => self.incoming.recv().await,
        }
    }

    async fn close(&mut self) -> Result<(), Ended> {
        Ok(())
    }
}

/// The dispatcher counts its questions from 0 for each call; to the client each has a name of its own.
fn said(message: TxJsonRpcMessage<RoleServer>, key: &CallKey) -> Result<Said, Ended> {
    match message {
        TxJsonRpcMessage::<RoleServer>::Request(_) => {
            let mut message = serde_json::to_value(message).map_err(|_| Ended)?;
            let number = message["id"].as_u64().and_then(|id| u32::try_from(id).ok());
            let number = number.ok_or(Ended)?;
            let call = key.clone();
            message["id"] = QuestionId { call, number }.to_string().into();
            without_progress_token(&mut message);
            Ok(Said::Question {
                number,
                message: message.to_string(),
            })
        }
        TxJsonRpcMessage::<RoleServer>::Notification(_) => text(&message).map(Said::Notification),
        _ => text(&message).map(Said::Response),
    }
}

/// The dispatcher asks to be told of progress with every question, and passes it to nobody.
fn without_progress_token(message: &mut Value) {
    let Some(params) = message["params"].as_object_mut() else {
        return;
    };
    if let Some(meta) = params.get_mut("_meta").and_then(Value::as_object_mut) {
        meta.shift_remove("progressToken");
        if meta.is_empty() {
            params.shift_remove("_meta");
        }
    }
}

fn text(message: &TxJsonRpcMessage<RoleServer>) -> Result<String, Ended> {
    serde_json::to_string(message).map_err(|_| Ended)
}
