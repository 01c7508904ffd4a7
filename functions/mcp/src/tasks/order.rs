//! The event by which this function sends for itself as the worker of a task.

use super::TaskId;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Which task to work on. The arguments and everything else are with the task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkOrder {
    /// The task.
    pub task: TaskId,
    /// Which turn of it. A turn is taken by one worker, however often its order arrives.
    pub turn: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    #[serde(rename = "mcpTask")]
    order: Order,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    id: String,
    turn: u32,
}

impl WorkOrder {
    /// Reads an event; none if it is another one.
    ///
    /// An event that a Function URL makes of a client's request is never read as this one, whatever the client sends:
    /// the keys of such an event are Lambda's own, and the client's words stand in the values of `body`, `headers` and
    /// the like. Source: AWS Lambda developer guide, "Invoking Lambda function URLs", "Request payload format".
    pub fn parse(event: &[u8]) -> Option<Self> {
        let Event { order } = serde_json::from_slice(event).ok()?;
        Some(Self {
            task: order.id.parse().ok()?,
            turn: order.turn,
        })
    }

    /// The event, JSON.
    pub fn to_event(&self) -> String {
        let order = Order {
            id: self.task.to_string(),
            turn: self.turn,
        };
        json!({ "mcpTask": order }).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_an_event_of_its_own() {
        let order = WorkOrder {
            task: "a".repeat(32).parse().unwrap(),
            turn: 2,
        };
        let event = order.to_event();
        insta::assert_snapshot!(event, @r#"{"mcpTask":{"id":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","turn":2}}"#);
        assert_eq!(WorkOrder::parse(event.as_bytes()), Some(order));
    }

    #[test]
    fn nothing_else_is_an_order() {
        let order = format!(r#"{{"id":"{}","turn":1}}"#, "a".repeat(32));
        for event in [
            // What a Function URL makes of a client that sends an order.
            format!(r#"{{"version":"2.0","mcpTask":{order},"body":""}}"#),
            format!(r#"{{"body":{{"mcpTask":{order}}}}}"#),
            r#"{"mcpTask":{"id":"guess","turn":1}}"#.to_owned(),
            r#"{"mcpTask":{}}"#.to_owned(),
        ] {
            assert_eq!(WorkOrder::parse(event.as_bytes()), None, "{event}");
        }
    }
}
