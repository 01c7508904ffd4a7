//! What the dispatcher's types would drop, past the dispatcher.

use serde_json::Value;
use std::sync::{Arc, OnceLock};

/// What the answer to one request carries that rmcp's types don't know, or don't know all of: it travels beside the
/// dispatcher. The server puts it here, and the HTTP layer into the answer.
///
/// That is the questions of `inputRequests`, of whose forms those types keep what they know of JSON Schema, and the
/// `taskIds` of an acknowledged subscription, which came with an extension.
#[derive(Debug, Clone, Default)]
pub struct Verbatim(Arc<Parts>);

#[derive(Debug, Default)]
struct Parts {
    questions: OnceLock<Value>,
    task_ids: OnceLock<Value>,
}

const ACKNOWLEDGED: &str = "notifications/subscriptions/acknowledged";

impl Verbatim {
    /// Sets the questions; a request is answered once.
    pub(super) fn set(&self, questions: Value) {
        // A second answer to one request can't be.
        let _ = self.0.questions.set(questions);
    }

    /// Sets the tasks that a client will hear of.
    pub(super) fn set_task_ids(&self, ids: &[String]) {
        // A subscription is acknowledged once.
        let _ = self.0.task_ids.set(ids.into());
    }

    /// Whether there is anything, at this time.
    pub fn is_set(&self) -> bool {
        self.0.questions.get().is_some() || self.0.task_ids.get().is_some()
    }

    /// Whether a message may be one that something belongs into: a glance, to spare the others to be parsed.
    pub fn may_complete(&self, message: &str) -> bool {
        message.contains("input_required") || message.contains(ACKNOWLEDGED)
    }

    /// Puts everything into the message that it belongs into: a JSON-RPC response that asks for input, or the
    /// acknowledgement of a subscription. Leaves every other message as it is.
    pub fn complete(&self, message: &mut Value) {
        if let Some(ids) = self.0.task_ids.get()
            && message.get("method").is_some_and(|it| it == ACKNOWLEDGED)
        {
            message["params"]["notifications"]["taskIds"] = ids.clone();
        }
        let Some(questions) = self.0.questions.get() else {
            return;
        };
        let Some(result) = message.get_mut("result") else {
            return;
        };
        let is_empty = questions.as_object().is_none_or(serde_json::Map::is_empty);
        // The result of a request, or a task in the result of `tasks/get`.
        let asks = |key: &str| result.get(key).is_some_and(|it| it == "input_required");
        if (asks("resultType") || asks("status")) && !is_empty {
            result["inputRequests"] = questions.clone();
        }
    }
}
