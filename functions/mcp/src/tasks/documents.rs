//! What is kept with a task as JSON.

use crate::contract::{Caller, Continuation, Question, Questions, Responses};
use rmcp::model::JsonObject;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The call that became a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskRequest {
    /// The tool's arguments.
    pub arguments: JsonObject,
    /// Who called.
    pub caller: Caller,
    /// What the function asked for before it became a task.
    pub continuation: Option<Continuation>,
}

/// What a function asked in one turn of a task, and what was answered so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Round {
    /// The turn.
    pub turn: u32,
    /// What is not answered yet, by the function's own keys.
    pub questions: Questions,
    /// What is.
    pub responses: Responses,
    /// The function's own state.
    pub state: Option<Value>,
}

impl Round {
    /// The questions by the keys that clients get. Over the life of a task no key may name two requests, and a function
    /// that asks twice uses its own keys again, so the turn is in them. Source: MCP extension "Tasks", "Task update
    /// requests".
    pub fn issued(&self) -> impl Iterator<Item = (String, &Question)> {
        self.questions
            .iter()
            .map(|(key, question)| (self.issued_key(key), question))
    }

    /// The key that clients get for one of the function's.
    pub fn issued_key(&self, key: &str) -> String {
        format!("{}.{key}", self.turn)
    }

    /// The responses to what is asked here, by the function's own keys. Others are dropped.
    pub fn own(&self, mut responses: Responses) -> Responses {
        let keys = self.questions.keys();
        keys.filter_map(|key| Some((key.clone(), responses.remove(&self.issued_key(key))?)))
            .collect()
    }

    /// Takes responses to questions, by the function's own keys.
    pub fn answer(&mut self, responses: Responses) {
        self.questions.retain(|key, _| !responses.contains_key(key));
        self.responses.extend(responses);
    }
}

impl From<Round> for Continuation {
    fn from(round: Round) -> Self {
        Self {
            responses: round.responses,
            state: round.state,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_are_of_their_turn() {
        let question = json!({ "method": "roots/list", "params": {} });
        let questions = [
            ("a".to_owned(), question.clone()),
            ("b".to_owned(), question),
        ]
        .into_iter()
        .map(|(key, question)| (key, serde_json::from_value(question).unwrap()))
        .collect();
        let mut round = Round {
            turn: 2,
            questions,
            responses: Responses::new(),
            state: None,
        };
        let keys: Vec<_> = round.issued().map(|(key, _)| key).collect();
        assert_eq!(keys, ["2.a", "2.b"]);
        let given = ["1.a", "a", "2.b", "2.c"].map(|key| (key.to_owned(), json!(key)));
        let own = round.own(given.into());
        assert_eq!(own, Responses::from([("b".to_owned(), json!("2.b"))]));
        round.answer(own);
        let keys: Vec<_> = round.issued().map(|(key, _)| key).collect();
        assert_eq!(keys, ["2.a"]);
    }
}
