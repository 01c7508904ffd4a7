//! The messages of a session of 2024-11-05 at work, many at once, and the notifications beside them.

use super::{
    Place, Request,
    call::{Call, Said},
    handshake::agree,
    notifications::notification,
    writer::Outgoing,
};
use crate::{
    invoke::FunctionInvoker,
    server::{LEGACY_VERSIONS, look},
    sessions::{CallKey, Change, QuestionId, SessionError},
    subscriptions::Seen,
};
use bytes::Bytes;
use futures_util::FutureExt;
use registry::RegistrationStore;
use serde_json::{Value, json};
use std::{collections::HashMap, panic::AssertUnwindSafe, sync::Arc, time::Duration};
use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinSet,
    time::Instant,
};

/// Calls that are under way at the same time; others wait, in order.
const AT_ONCE: usize = 32;
/// How often it is looked whether resources have changed that the client subscribed to, and whether lists have.
const LOOK: Duration = Duration::from_secs(1);
const LISTS_LOOK: Duration = Duration::from_secs(10);
/// The key in `params._meta` with the revision that a request speaks. Source: MCP 2026-07-28, "Base protocol".
const PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";

/// What comes in for a call.
enum Incoming {
    /// The client's reply to one of its questions.
    Reply(u32, Bytes),
    /// The client called it off.
    Cancelled,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// With an answer.
    Answered,
    /// Without one.
    Dropped,
}

/// A call that has ended.
pub(super) struct Ended {
    request: String,
    heard: Heard,
    /// It may have changed what is known of the session.
    changes_session: bool,
}

/// A session's work.
pub(super) struct Desk<S, I> {
    place: Place<S, I>,
    outgoing: mpsc::Sender<Outgoing>,
    slots: Arc<Semaphore>,
    calls: JoinSet<Ended>,
    /// The way into each call, by its request's id, as JSON; and the request's id, by the call's key.
    requests: HashMap<String, mpsc::UnboundedSender<Incoming>>,
    keys: HashMap<String, String>,
    seen: Seen,
    looks_at: Instant,
}

impl<S: RegistrationStore, I: FunctionInvoker> Desk<S, I> {
    pub(super) fn new(place: Place<S, I>, outgoing: mpsc::Sender<Outgoing>) -> Self {
        let seen = Seen {
            versions: place.session.seen,
            ..Seen::default()
        };
        Self {
            place,
            outgoing,
            slots: Arc::new(Semaphore::new(AT_ONCE)),
            calls: JoinSet::new(),
            requests: HashMap::new(),
            keys: HashMap::new(),
            seen,
            looks_at: Instant::now(),
        }
    }

    pub(super) fn place(&self) -> &Place<S, I> {
        &self.place
    }

    /// Whether nothing is under way.
    pub(super) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// How many requests are not answered yet.
    pub(super) fn unanswered(&self) -> usize {
        self.requests.len()
    }

    /// Their ids, as JSON.
    pub(super) fn requests(&self) -> impl Iterator<Item = &String> {
        self.requests.keys()
    }

    /// The next call that ends, for [`Desk::settle`]; none if nothing is under way. It may be asked for anew at any time.
    pub(super) async fn ended(&mut self) -> Option<Ended> {
        // Calls deal with their panics.
        self.calls.join_next().await?.ok()
    }

    /// Does what is to be done when a call has ended.
    pub(super) async fn settle(&mut self, ended: Ended) -> Heard {
        self.requests.remove(&ended.request);
        self.keys.retain(|_, request| *request != ended.request);
        if ended.changes_session {
            self.reread().await;
        }
        ended.heard
    }

    /// Waits for all calls, which end before the invocation does.
    pub(super) async fn finish(&mut self) {
        while let Some(ended) = self.ended().await {
            self.settle(ended).await;
        }
    }

    /// Deals with a message, which is one.
    pub(super) async fn begin(&mut self, message: Bytes) {
        let Ok(read) = serde_json::from_slice::<Value>(&message) else {
            return;
        };
        let id = read.get("id").cloned();
        match (read["method"].as_str(), id) {
            (None, Some(id)) => self.reply(&id, message),
            (Some("notifications/cancelled"), None) => {
                let request = read["params"]["requestId"].to_string();
                if let Some(call) = self.requests.get(&request) {
                    // It may have ended just now.
                    let _ = call.send(Incoming::Cancelled);
                }
            }
            (Some(method), Some(id)) => self.request(method, id, &read, message).await,
            _ => {}
        }
    }

    fn reply(&self, id: &Value, message: Bytes) {
        let question = id.as_str().and_then(|id| id.parse::<QuestionId>().ok());
        let Some(QuestionId { call, number }) = question else {
            return;
        };
        let request = self.keys.get(call.as_str());
        if let Some(call) = request.and_then(|request| self.requests.get(request)) {
            // It may have ended just now.
            let _ = call.send(Incoming::Reply(number, message));
        }
    }

    async fn request(&mut self, method: &str, id: Value, read: &Value, message: Bytes) {
        let request = id.to_string();
        let params = &read["params"];
        let version = &params["_meta"][PROTOCOL_VERSION];
        if self.requests.contains_key(&request) {
            let why = "there is a request with this id that is not answered yet";
            return self.refuse(&id, -32600, why).await;
        }
        if !version.is_null() {
            let data = json!({ "supported": LEGACY_VERSIONS, "requested": version });
            let error = json!({ "code": -32022, "message": "this revision of the protocol is not spoken here", "data": data });
            return self.say(&id, "error", error).await;
        }
        let is_open = self.place.session.handshake.is_some();
        match method {
            "initialize" => return self.initialize(&id, &message).await,
            "ping" if !is_open => return self.say(&id, "result", json!({})).await,
            _ if !is_open => {
                let why = "the session has to begin with `initialize`";
                return self.refuse(&id, -32600, why).await;
            }
            _ => {}
        }
        let Ok(key) = CallKey::random() else {
            return self.refuse(&id, -32603, "the server failed").await;
        };
        let (into, incoming) = mpsc::unbounded_channel();
        self.keys.insert(key.as_str().to_owned(), request.clone());
        self.requests.insert(request.clone(), into);
        let tool = params["name"].as_str().filter(|_| method == "tools/call");
        let work = Work {
            place: self.place.clone(),
            key,
            tool: tool.map(str::to_owned),
            id,
            request,
            message,
            outgoing: self.outgoing.clone(),
            slots: Arc::clone(&self.slots),
            changes_session: matches!(
                method,
                "logging/setLevel" | "resources/subscribe" | "resources/unsubscribe"
            ),
        };
        self.calls.spawn(work.guarded(incoming));
    }

    async fn initialize(&mut self, id: &Value, message: &Bytes) {
        match agree(&self.place.shared, message) {
            None => {
                let why = "the params are not those of `initialize`";
                self.refuse(id, -32602, why).await;
            }
            Some(Err(why)) => self.refuse(id, -32602, &why).await,
            Some(Ok((client, response))) => {
                let session = &mut self.place.session;
                let change = Change::Handshake(&client);
                match self.place.sessions.change(&session.id, change).await {
                    Ok(()) => {
                        session.handshake = Some(client);
                        self.send(response.to_string(), Some(id.to_string())).await;
                    }
                    Err(error) => self.refuse(id, -32603, &error.to_string()).await,
                }
            }
        }
    }

    async fn refuse(&self, id: &Value, code: i32, why: &str) {
        let error = json!({ "code": code, "message": why });
        self.say(id, "error", error).await;
    }

    async fn say(&self, id: &Value, kind: &str, what: Value) {
        let message = json!({ "jsonrpc": "2.0", "id": id, kind: what });
        self.send(message.to_string(), Some(id.to_string())).await;
    }

    async fn send(&self, message: String, answers: Option<String>) {
        // The writer lives as long as this.
        let _ = self.outgoing.send(Outgoing { message, answers }).await;
    }

    /// Reads again what a request may have changed.
    async fn reread(&mut self) {
        let store = self.place.sessions.store();
        let id = &self.place.session.id;
        let session = store.get(id).await.map_err(SessionError::from);
        let watched = store.watched(id).await.map_err(SessionError::from);
        if let Ok(Some(session)) = session {
            self.place.session = session;
        }
        if let Ok(watched) = watched {
            let mut resources = watched.revisions();
            for (uri, known) in &self.seen.resources {
                if let Some(revision) = resources.get_mut(uri) {
                    *revision = *known;
                }
            }
            self.seen.resources = resources;
        }
    }

    /// When it is to be looked what has changed.
    pub(super) fn news_at(&self) -> Instant {
        self.looks_at
    }

    /// Tells the client what has changed since it was told last.
    pub(super) async fn tell_news(&mut self) {
        let pause = if self.seen.resources.is_empty() {
            LISTS_LOOK
        } else {
            LOOK
        };
        self.looks_at = Instant::now() + pause;
        if self.place.session.handshake.is_none() {
            return;
        }
        let uris: Vec<String> = self.seen.resources.keys().cloned().collect();
        // An error has been logged, and passes.
        let Ok(now) = look(&self.place.shared, &uris, Some(&self.seen)).await else {
            return;
        };
        let changes = self.seen.changes(&now);
        self.seen = now;
        for change in &changes {
            self.send(notification(change).to_string(), None).await;
        }
        if !changes.is_empty() {
            let change = Change::Seen(self.seen.versions);
            let told = self.place.sessions.change(&self.place.session.id, change);
            // Otherwise the client of the next stream is told again.
            let _ = told.await;
        }
    }
}

/// One request.
struct Work<S, I> {
    place: Place<S, I>,
    key: CallKey,
    tool: Option<String>,
    id: Value,
    /// The id, as JSON.
    request: String,
    message: Bytes,
    outgoing: mpsc::Sender<Outgoing>,
    slots: Arc<Semaphore>,
    changes_session: bool,
}

impl<S: RegistrationStore, I: FunctionInvoker> Work<S, I> {
    /// A panic is a bug of ours. It costs this request its answer, and nobody else anything.
    async fn guarded(self, incoming: mpsc::UnboundedReceiver<Incoming>) -> Ended {
        let (request, outgoing) = (self.request.clone(), self.outgoing.clone());
        let error = json!({ "code": -32603, "message": "the server failed; the log says more" });
        let error = json!({ "jsonrpc": "2.0", "id": self.id, "error": error });
        match AssertUnwindSafe(self.run(incoming)).catch_unwind().await {
            Ok(ended) => ended,
            Err(_panic) => {
                let answer = Outgoing {
                    message: error.to_string(),
                    answers: Some(request.clone()),
                };
                // The writer lives as long as any call.
                let _ = outgoing.send(answer).await;
                Ended {
                    request,
                    heard: Heard::Answered,
                    changes_session: false,
                }
            }
        }
    }

    async fn run(self, mut incoming: mpsc::UnboundedReceiver<Incoming>) -> Ended {
        let ended = |request, heard| Ended {
            request,
            heard,
            changes_session: self.changes_session,
        };
        // The semaphore is never closed.
        let _slot = self.slots.acquire().await;
        let called = self.place.shared.called(self.tool.as_deref()).await;
        let request = Request {
            body: self.message,
            id: self.id.clone(),
            called,
        };
        let send = async |message: String, answers: Option<String>| {
            // The writer lives as long as any call.
            let _ = self.outgoing.send(Outgoing { message, answers }).await;
        };
        let Ok(mut call) = Call::start(self.place, self.key, request, false) else {
            let error = json!({ "code": -32600, "message": "this is not a message of the Model Context Protocol" });
            let error = json!({ "jsonrpc": "2.0", "id": self.id, "error": error });
            send(error.to_string(), Some(self.request.clone())).await;
            return ended(self.request, Heard::Answered);
        };
        loop {
            tokio::select! {
                biased;
                Some(incoming) = incoming.recv() => match incoming {
                    Incoming::Reply(number, message) => call.reply(number, &message),
                    Incoming::Cancelled => {
                        // Kept, so that nobody who takes over answers it.
                        send(String::new(), Some(self.request.clone())).await;
                        return ended(self.request, Heard::Dropped);
                    }
                },
                said = call.next() => match said {
                    Said::Response(message) => {
                        send(message, Some(self.request.clone())).await;
                        return ended(self.request, Heard::Answered);
                    }
                    Said::Notification(message) | Said::Question { message, .. } => {
                        send(message, None).await;
                    }
                    Said::Detach(_) => {}
                },
            }
        }
    }
}
