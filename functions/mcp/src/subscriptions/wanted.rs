//! What a client that listens asks for.

use serde_json::Value;

/// Resources that one client is told of; each costs reads when resources change.
pub const URIS_AT_MOST: usize = 100;
/// Tasks that one client is told of; each costs a read every time.
pub const TASKS_AT_MOST: usize = 16;

/// The `notifications` of a `subscriptions/listen`, as far as the dispatcher does not know them and what has to be
/// looked up before it runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Resources by URI.
    pub uris: Vec<String>,
    /// Tasks by id. Source: MCP extension "Tasks", "Task status notifications".
    pub tasks: Vec<String>,
}

impl Wanted {
    /// Reads it. What has another shape is the dispatcher's to refuse.
    pub fn read(notifications: &Value) -> Self {
        let strings = |key: &str, at_most: usize| {
            let list = notifications.get(key).and_then(Value::as_array);
            let mut strings: Vec<String> = Vec::new();
            for text in list.into_iter().flatten().filter_map(Value::as_str) {
                if strings.len() < at_most && !strings.iter().any(|known| known == text) {
                    strings.push(text.to_owned());
                }
            }
            strings
        };
        Self {
            uris: strings("resourceSubscriptions", URIS_AT_MOST),
            tasks: strings("taskIds", TASKS_AT_MOST),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn it_is_bounded_and_without_repetitions() {
        let many: Vec<_> = (0..200).map(|n| format!("test://{n}")).collect();
        let wanted =
            Wanted::read(&json!({ "resourceSubscriptions": many, "taskIds": ["a", "a", 7] }));
        assert_eq!(wanted.uris.len(), URIS_AT_MOST);
        assert_eq!(wanted.tasks, ["a"]);
        assert_eq!(Wanted::read(&json!("odd")), Wanted::default());
    }
}
