//! Questions for a client as their function wrote them, past the dispatcher.

use serde_json::Value;
use std::sync::{Arc, OnceLock};

/// What the answer to one request carries as `inputRequests`.
///
/// rmcp's types for them keep of a form's schema what they know and drop the rest, so they travel beside the
/// dispatcher: the server puts them here, and the HTTP layer into the answer.
#[derive(Debug, Clone, Default)]
pub struct Verbatim(Arc<OnceLock<Value>>);

impl Verbatim {
    /// Sets them; a request is answered once.
    pub(super) fn set(&self, questions: Value) {
        // A second answer to one request can't be.
        let _ = self.0.set(questions);
    }

    /// Whether there are any, at this time.
    pub fn is_set(&self) -> bool {
        self.0.get().is_some()
    }

    /// Puts them into a JSON-RPC response that asks for input; leaves every other message as it is.
    pub fn complete(&self, message: &mut Value) {
        let Some(questions) = self.0.get() else {
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
