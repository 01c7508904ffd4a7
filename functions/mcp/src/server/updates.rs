//! What a function says while it runs, on its way to the client.

use super::ClientView;
use crate::contract::{LogLevel, LogMessage, Progress};
use rmcp::{
    Peer, RoleServer,
    model::{CustomNotification, ProgressToken, ServerNotification},
    service::RequestContext,
};
use serde_json::{Value, json};
use std::{future::Future, time::Duration};
use tokio::sync::watch;

/// Takes what a function says before its result.
pub trait Updates: Send {
    /// How far it is.
    fn progress(&mut self, progress: Progress) -> impl Future<Output = ()> + Send;
    /// Something for the client's log.
    fn log(&mut self, message: LogMessage) -> impl Future<Output = ()> + Send;
    /// That the client may go, and come back after this time. Where nobody could, nothing happens.
    fn detach(&mut self, _retry: Duration) {}
}

/// Nobody listens: for what a client gets no notifications about.
#[derive(Debug, Clone, Copy)]
pub struct Unheard;

impl Updates for Unheard {
    async fn progress(&mut self, _: Progress) {}
    async fn log(&mut self, _: LogMessage) {}
}

/// Makes what a function says the status message of its task: the last that it said.
#[derive(Debug)]
pub(super) struct StatusMessages(watch::Sender<Option<String>>);

/// The least severe log message that becomes a status message.
const WORTH_A_STATUS: LogLevel = LogLevel::Info;
/// Longest status message, in characters.
const STATUS_AT_MOST: usize = 1000;

impl StatusMessages {
    pub(super) fn new(messages: watch::Sender<Option<String>>) -> Self {
        Self(messages)
    }

    fn say(&self, message: &str) {
        let message = message.chars().take(STATUS_AT_MOST).collect();
        self.0.send_replace(Some(message));
    }
}

impl Updates for StatusMessages {
    async fn progress(&mut self, progress: Progress) {
        let Progress {
            progress,
            total,
            message,
        } = progress;
        match (message, total) {
            (Some(message), _) => self.say(&message),
            (None, Some(total)) => self.say(&format!("{progress} of {total}")),
            (None, None) => self.say(&progress.to_string()),
        }
    }

    async fn log(&mut self, message: LogMessage) {
        if message.level >= WORTH_A_STATUS {
            match message.data {
                Value::String(text) => self.say(&text),
                data => self.say(&data.to_string()),
            }
        }
    }
}

/// Notifies the client of a request, of what it asked to be notified of.
#[derive(Debug)]
pub(super) struct ToClient<'a> {
    peer: &'a Peer<RoleServer>,
    client: &'a ClientView,
    progress_token: Option<ProgressToken>,
    /// The last progress sent: the next has to be greater. Source: MCP, "Progress", "Behavior requirements".
    reached: Option<f64>,
}

impl<'a> ToClient<'a> {
    pub(super) fn new(client: &'a ClientView, context: &'a RequestContext<RoleServer>) -> Self {
        Self {
            peer: &context.peer,
            client,
            progress_token: context.meta.get_progress_token(),
            reached: None,
        }
    }

    /// Sends a notification as it is: rmcp's own types would write a whole number as `1.0`.
    async fn notify(&self, method: &str, params: Value) {
        let notification = CustomNotification::new(method, Some(params));
        let sent = self
            .peer
            .send_notification(ServerNotification::CustomNotification(notification));
        if sent.await.is_err() {
            // The client is gone. The function goes on: Lambda would not stop it either.
            tracing::debug!("a notification reached nobody");
        }
    }
}

impl Updates for ToClient<'_> {
    async fn progress(&mut self, progress: Progress) {
        let Some(token) = &self.progress_token else {
            return;
        };
        let Some(value) = progress.progress.as_f64() else {
            return;
        };
        if self.reached.is_some_and(|reached| value <= reached) {
            return;
        }
        let mut params = json!({ "progressToken": token, "progress": progress.progress });
        if let Some(total) = progress.total {
            params["total"] = total.into();
        }
        if let Some(message) = progress.message {
            params["message"] = message.into();
        }
        self.reached = Some(value);
        self.notify("notifications/progress", params).await;
    }

    async fn log(&mut self, message: LogMessage) {
        if !self.client.admits(message.level) {
            return;
        }
        let mut params = json!({ "level": message.level, "data": message.data });
        if let Some(logger) = message.logger {
            params["logger"] = logger.into();
        }
        self.notify("notifications/message", params).await;
    }

    fn detach(&mut self, retry: Duration) {
        let session = self.client.session.as_ref();
        if let Some(detach) = session.and_then(|session| session.detach.as_ref()) {
            // One that was let go already need not be let go again.
            let _ = detach.try_send(retry);
        }
    }
}
