//! `subscriptions/listen`: a stream on which a client is told what changes.
//!
//! Each stream occupies an execution environment for as long as it lasts, so it ends by itself, in order, and the client
//! begins another. Source: MCP 2026-07-28, "Subscriptions".

use super::{
    ANSWER_MARGIN, Era, InSession, Server, Shared, needs_session, refused, tasks, unreadable,
};
use crate::{
    catalog::CatalogError,
    invoke::FunctionInvoker,
    subscriptions::{Change, Listening, Seen, URIS_AT_MOST, Wanted},
    tasks::{Moment, Status, Task, TaskError},
};
use registry::{CatalogVersion, RegistrationStore};
use rmcp::{
    ErrorData,
    model::{CustomNotification, RequestId, ServerNotification, SubscriptionFilter},
    service::{SubscriptionContext, SubscriptionSendError},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::time::Instant;

/// How often it is looked whether something has changed. Each look is a small read of the table, or one for each task.
const LOOK: Duration = Duration::from_secs(1);
/// The key in `_meta` with the id of the request that opened the stream. Source: MCP 2026-07-28, "Subscriptions".
const SUBSCRIPTION_ID: &str = "io.modelcontextprotocol/subscriptionId";

/// What of a request is listened for; none where there are no streams.
pub(super) fn accepted<S, I>(
    server: &Server<S, I>,
    requested: &SubscriptionFilter,
) -> Option<SubscriptionFilter> {
    server.shared.offered.stream_lifetime?;
    let mut accepted = requested.clone();
    if let Some(uris) = &mut accepted.resource_subscriptions {
        uris.truncate(URIS_AT_MOST);
    }
    Some(accepted)
}

impl<S: RegistrationStore, I: FunctionInvoker> Server<S, I> {
    /// Takes down how everything is that the client wants to hear of, before it is told that it is listened for.
    pub async fn listen_from_now(&mut self, wanted: Wanted) {
        if self.client.era == Era::Legacy || self.shared.offered.stream_lifetime.is_none() {
            return;
        }
        let mut ids = Vec::new();
        for id in wanted.tasks {
            let principal = self.invocation.principal.as_ref();
            if self.shared.tasks.of(principal, &id).await.is_ok() {
                ids.push(id);
            }
        }
        let wanted = Wanted {
            uris: wanted.uris,
            tasks: ids,
        };
        if !wanted.tasks.is_empty() {
            self.verbatim.set_task_ids(&wanted.tasks);
        }
        let seen = look(&self.shared, &wanted.uris, None).await;
        self.listening = Some(Listening {
            seen: seen.map(Arc::new),
            wanted: Arc::new(wanted),
        });
    }
}

/// Subscribes the client of a session to a resource. Source: MCP 2025-11-25, "Resources", "Subscriptions".
pub(super) async fn subscribe<S: RegistrationStore, I>(
    server: &Server<S, I>,
    uri: &str,
) -> Result<(), ErrorData> {
    let session = subscribing(server, "resources/subscribe")?;
    let catalog = server.catalog().await?;
    let found = catalog.resource(uri).await.map_err(unreadable)?;
    let served_by = found.map(|found| found.entry.revision);
    let subscribed = session.sessions.subscribe(&session.session, uri, served_by);
    subscribed.await.map_err(refused)
}

/// Ends a subscription, if there is one.
pub(super) async fn unsubscribe<S, I>(server: &Server<S, I>, uri: &str) -> Result<(), ErrorData> {
    let session = subscribing(server, "resources/unsubscribe")?;
    let unsubscribed = session.sessions.unsubscribe(&session.session, uri);
    unsubscribed.await.map_err(refused)
}

/// The session in which there can be subscriptions.
fn subscribing<'a, S, I>(
    server: &'a Server<S, I>,
    method: &str,
) -> Result<&'a InSession, ErrorData> {
    let session = server.client.session.as_deref();
    session
        .filter(|_| server.shared.offered.stream_lifetime.is_some())
        .ok_or_else(|| needs_session(method))
}

/// How the catalog is. What serves a URI is looked up only when resources changed since `before`.
pub async fn look<S: RegistrationStore, I>(
    shared: &Shared<S, I>,
    uris: &[String],
    before: Option<&Seen>,
) -> Result<Seen, CatalogError> {
    let (versions, catalog) = shared.catalog.versions().await?;
    if let Some(before) = before.filter(|before| before.versions.resources == versions.resources) {
        return Ok(Seen {
            versions,
            resources: before.resources.clone(),
        });
    }
    let mut resources: BTreeMap<String, Option<CatalogVersion>> = BTreeMap::new();
    for uri in uris {
        let found = catalog.resource(uri).await?;
        resources.insert(uri.clone(), found.map(|found| found.entry.revision));
    }
    Ok(Seen {
        versions,
        resources,
    })
}

pub(super) async fn listen<S: RegistrationStore, I: FunctionInvoker>(
    server: &Server<S, I>,
    context: &SubscriptionContext,
) -> Result<(), ErrorData> {
    let (Some(lifetime), Some(listening)) =
        (server.shared.offered.stream_lifetime, &server.listening)
    else {
        return Ok(());
    };
    let left = server.invocation.remaining().saturating_sub(ANSWER_MARGIN);
    let end = Instant::now() + lifetime.min(left);
    let mut seen = Seen::clone(&*listening.seen.clone().map_err(unreadable)?);
    let hears_of_catalog = *context.accepted() != SubscriptionFilter::default();
    let mut followed = Followed::new(&listening.wanted.tasks);
    loop {
        if followed.tell(server, context).await.is_err() {
            return Ok(());
        }
        if !hears_of_catalog && followed.is_empty() {
            // There is nothing left to wait for.
            return Ok(());
        }
        tokio::select! {
            () = context.cancelled() => return Ok(()),
            () = tokio::time::sleep_until(end.min(Instant::now() + LOOK)) => {}
        }
        if hears_of_catalog {
            // An error has been logged, and passes.
            if let Ok(now) = look(&server.shared, &listening.wanted.uris, Some(&seen)).await {
                for change in seen.changes(&now) {
                    if tell(context, change).await.is_err() {
                        return Ok(());
                    }
                }
                seen = now;
            }
        }
        if Instant::now() >= end {
            return Ok(());
        }
    }
}

/// The client is gone.
struct Gone;

/// Tells the client of a change, if it is one that it wants to hear of.
async fn tell(context: &SubscriptionContext, change: Change) -> Result<(), Gone> {
    let sink = context.sink();
    let told = match change {
        Change::Tools => sink.notify_tool_list_changed().await,
        Change::Prompts => sink.notify_prompt_list_changed().await,
        Change::Resources => sink.notify_resource_list_changed().await,
        Change::Resource(uri) => sink.notify_resource_updated(uri).await,
    };
    match told {
        Ok(()) | Err(SubscriptionSendError::NotificationNotAccepted(_)) => Ok(()),
        Err(_) => Err(Gone),
    }
}

/// The tasks that a client is told of, and what it was told last of each.
struct Followed(Vec<(String, Option<Told>)>);

#[derive(PartialEq)]
struct Told {
    status: Status,
    message: Option<String>,
    updated_at: Moment,
}

impl Told {
    fn of(task: &Task) -> Self {
        Self {
            status: task.status,
            message: task.message.clone(),
            updated_at: task.updated_at,
        }
    }
}

impl Followed {
    fn new(ids: &[String]) -> Self {
        Self(ids.iter().map(|id| (id.clone(), None)).collect())
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Tells the client of each task as it is, the first time, and after that when it looks different. Nothing comes after
    /// the end of a task.
    async fn tell<S: RegistrationStore, I: FunctionInvoker>(
        &mut self,
        server: &Server<S, I>,
        context: &SubscriptionContext,
    ) -> Result<(), Gone> {
        let mut index = 0;
        while let Some((id, told)) = self.0.get_mut(index) {
            let (over, message) = match news(server, id, told).await {
                Ok(news) => news,
                Err(TaskError::Unknown) => (true, None),
                // It has been logged, and passes.
                Err(TaskError::Unavailable) => (false, None),
            };
            if let Some(message) = message {
                send(context, message).await?;
            }
            if over {
                self.0.remove(index);
            } else {
                index += 1;
            }
        }
        Ok(())
    }
}

/// Whether a task is over, and what its client is to be told of it, if it has not been.
async fn news<S: RegistrationStore, I: FunctionInvoker>(
    server: &Server<S, I>,
    id: &str,
    told: &mut Option<Told>,
) -> Result<(bool, Option<Value>), TaskError> {
    let shared = &server.shared;
    let principal = server.invocation.principal.as_ref();
    let task = tasks::cared_for(shared, shared.tasks.of(principal, id).await?).await?;
    let now = Some(Told::of(&task));
    if *told == now {
        return Ok((false, None));
    }
    let (detailed, questions) = tasks::detailed(shared, &task).await?;
    let mut params = json!(detailed);
    if let Some(questions) = questions {
        params["inputRequests"] = questions;
    }
    *told = now;
    Ok((task.status.is_final(), Some(params)))
}

/// Sends `notifications/tasks`. The sink does not know it yet, and rmcp's types would drop of its questions what they
/// don't know.
async fn send(context: &SubscriptionContext, mut params: Value) -> Result<(), Gone> {
    let id: &RequestId = context.sink().id();
    params["_meta"][SUBSCRIPTION_ID] = json!(id);
    let notification = CustomNotification::new("notifications/tasks", Some(params));
    let peer = &context.request_context().peer;
    let sent = peer.send_notification(ServerNotification::CustomNotification(notification));
    sent.await.map_err(|_| Gone)
}
