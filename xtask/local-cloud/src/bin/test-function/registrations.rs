//! A registration function in memory: as much of the real one as registering at start needs.

use serde_json::{Value, json};

/// Registrations in the order they came.
#[derive(Default)]
pub(crate) struct Registrations(Vec<Value>);

impl Registrations {
    /// The Function URL answer to a request under `/register`.
    pub(crate) fn answer(&mut self, event: &Value) -> Value {
        let (status, body) = self.handle(event);
        json!({"statusCode": status, "body": body.to_string()})
    }

    fn handle(&mut self, event: &Value) -> (u16, Value) {
        let sent: Value = event["body"]
            .as_str()
            .and_then(|body| serde_json::from_str(body).ok())
            .unwrap_or(Value::Null);
        let known = self
            .0
            .iter()
            .position(|one| one["type"] == sent["type"] && one["name"] == sent["name"]);
        match (event["requestContext"]["http"]["method"].as_str(), known) {
            (Some("GET"), _) => self.page(event),
            _ if sent["lambdaArn"].is_null() => {
                let problems = json!([{"field": "lambdaArn", "message": "is missing"}, {"field": "", "message": "is odd"}]);
                (
                    400,
                    json!({"error": {"message": "The registration has problems.", "problems": problems}}),
                )
            }
            (Some("POST"), None) => {
                self.0.push(sent.clone());
                (201, sent)
            }
            (Some("POST"), Some(_)) => (409, json!({"error": {"message": "It exists."}})),
            (Some("PUT"), Some(at)) => {
                self.0[at] = sent.clone();
                (200, sent)
            }
            _ => (404, json!({"error": {"message": "It does not exist."}})),
        }
    }

    /// Two to a page, so that lists have more than one.
    fn page(&self, event: &Value) -> (u16, Value) {
        let cursor = event["queryStringParameters"]["cursor"].as_str();
        let from = cursor
            .and_then(|cursor| cursor.strip_prefix("from ")?.parse().ok())
            .unwrap_or(0);
        let page: Vec<_> = self.0.iter().skip(from).take(2).collect();
        let mut body = json!({"registrations": page});
        if from + 2 < self.0.len() {
            body["nextCursor"] = format!("from {}", from + 2).into();
        }
        (200, body)
    }
}
