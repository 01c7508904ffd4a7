//! A client that knows tasks.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::mcp::ModernClient;

/// Between two questions after a task, much more often than a client is told to ask.
const POLL: Duration = Duration::from_millis(10);
/// After so many questions a task is taken to have no end: a minute.
const POLLS_AT_MOST: usize = 6000;

/// A client of the stateless revision that declares the tasks extension and that it can be asked.
#[derive(Debug, Clone)]
pub struct TaskClient(pub ModernClient);

impl TaskClient {
    /// Sends a request and answers its JSON-RPC response: an object with `result` or `error`.
    pub async fn call(&self, method: &str, params: Value) -> Result<Value> {
        self.0.call(method, declared(params)).await
    }

    /// Calls a tool and answers the task's id.
    ///
    /// Errors: the call became no task.
    pub async fn begin(&self, tool: &str, arguments: Value) -> Result<String> {
        let params = json!({ "name": tool, "arguments": arguments });
        let answer = self.call("tools/call", params).await?;
        let id = answer["result"]["taskId"].as_str();
        Ok(id.with_context(|| format!("no task: {answer}"))?.to_owned())
    }

    /// The task as `tasks/get` shows it, or the error.
    pub async fn get(&self, id: &str) -> Result<Value> {
        let mut answer = self.call("tasks/get", json!({ "taskId": id })).await?;
        let key = if answer["error"].is_null() {
            "result"
        } else {
            "error"
        };
        Ok(answer[key].take())
    }

    /// The task once `wanted` is true of it.
    pub async fn until(&self, id: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
        for _ in 0..POLLS_AT_MOST {
            let task = self.get(id).await?;
            if wanted(&task) {
                return Ok(task);
            }
            tokio::time::sleep(POLL).await;
        }
        bail!("the task came to nothing: {}", self.get(id).await?)
    }

    /// The task in this status.
    pub async fn in_status(&self, id: &str, status: &str) -> Result<Value> {
        self.until(id, |task| task["status"] == status).await
    }

    /// Answers what the task asks; answers the response.
    pub async fn update(&self, id: &str, responses: Value) -> Result<Value> {
        let params = json!({ "taskId": id, "inputResponses": responses });
        self.call("tasks/update", params).await
    }

    /// Calls the task off; answers the response.
    pub async fn cancel(&self, id: &str) -> Result<Value> {
        self.call("tasks/cancel", json!({ "taskId": id })).await
    }
}

/// The parameters of a request by a client that knows tasks, and can be asked.
pub fn declared(mut params: Value) -> Value {
    params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json!({
        "elicitation": {}, "roots": {}, "extensions": { "io.modelcontextprotocol/tasks": {} },
    });
    params
}

/// A message about a task without what differs from run to run.
pub fn timeless(mut message: Value) -> Value {
    scrub(&mut message);
    message
}

fn scrub(value: &mut Value) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                match key.as_str() {
                    "taskId" => *value = json!("(id)"),
                    "createdAt" | "lastUpdatedAt" => *value = json!("(time)"),
                    _ => scrub(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(scrub),
        _ => {}
    }
}
