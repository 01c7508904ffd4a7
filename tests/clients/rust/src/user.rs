//! What the client answers when it is asked, and what it hears.

use rmcp::model::{
    ClientConfig, CreateMessageRequestParams, CreateMessageResult, ElicitRequestParams,
    ElicitResult, ElicitationAction, ListRootsResult, LoggingMessageNotificationParam,
    ProgressNotificationParam, Root, SamplingMessage,
};
use rmcp::service::{NotificationContext, RequestContext};
use rmcp::{ClientHandler, ErrorData, RoleClient};
use serde_json::{Value, json};
use tokio::sync::mpsc;

/// Answers every question.
pub struct User {
    config: ClientConfig,
    progress: mpsc::UnboundedSender<f64>,
    logs: mpsc::UnboundedSender<Value>,
}

/// What came of the server's own accord, in order.
pub struct Heard {
    pub progress: mpsc::UnboundedReceiver<f64>,
    pub logs: mpsc::UnboundedReceiver<Value>,
}

impl User {
    pub fn new(config: ClientConfig) -> (Self, Heard) {
        let (progress, heard_progress) = mpsc::unbounded_channel();
        let (logs, heard_logs) = mpsc::unbounded_channel();
        let user = Self {
            config,
            progress,
            logs,
        };
        let heard = Heard {
            progress: heard_progress,
            logs: heard_logs,
        };
        (user, heard)
    }
}

impl ClientHandler for User {
    fn get_info(&self) -> ClientConfig {
        self.config.clone()
    }

    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        let request = serde_json::to_value(request).unwrap_or_default();
        let fields = request["requestedSchema"]["properties"].as_object();
        let content: serde_json::Map<_, _> = fields
            .into_iter()
            .flat_map(|fields| fields.keys())
            .map(|name| (name.clone(), json!("yes")))
            .collect();
        let mut result = ElicitResult::new(ElicitationAction::Accept);
        result.content = Some(content.into());
        Ok(result)
    }

    async fn create_message(
        &self,
        _: CreateMessageRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<CreateMessageResult, ErrorData> {
        let message = SamplingMessage::assistant_text("Paris");
        Ok(CreateMessageResult::new(message, "check".to_owned()))
    }

    async fn list_roots(
        &self,
        _: RequestContext<RoleClient>,
    ) -> Result<ListRootsResult, ErrorData> {
        Ok(ListRootsResult::new(vec![Root::new("file:///home/ada")]))
    }

    // Who listened may have gone: then there is nobody to tell.

    async fn on_progress(
        &self,
        params: ProgressNotificationParam,
        _: NotificationContext<RoleClient>,
    ) {
        let _ = self.progress.send(params.progress);
    }

    async fn on_logging_message(
        &self,
        params: LoggingMessageNotificationParam,
        _: NotificationContext<RoleClient>,
    ) {
        let _ = self.logs.send(params.data);
    }
}
