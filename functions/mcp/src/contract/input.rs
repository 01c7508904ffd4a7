//! What a function asks of the client before it can answer: `{"resultType":"input_required"}`.
//!
//! The shapes are MCP's own, so what a function asks reaches the client as it was written: through types of rmcp, what
//! they don't know would be lost. Source: MCP 2026-07-28, "Multi round-trip requests".

use rmcp::model::{ClientCapabilities, JsonObject};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The most questions that one answer may ask.
pub const QUESTIONS_AT_MOST: usize = 32;

/// Questions by the key their answers come back under.
pub type Questions = BTreeMap<String, Question>;
/// The client's answers, each a result of MCP, by the question's key.
pub type Responses = BTreeMap<String, Value>;

/// A function's answer that is no result yet.
#[derive(Debug, Clone, PartialEq)]
pub struct InputRequired {
    /// What the client is asked; may be empty where there is a state.
    pub questions: Questions,
    /// What the function wants back with the answers.
    pub state: Option<Value>,
}

/// One request to the client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// What kind it is.
    pub method: QuestionMethod,
    /// Its parameters, as the function wrote them.
    #[serde(default)]
    pub params: JsonObject,
}

/// The requests a server may make of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum QuestionMethod {
    /// Ask the user, by a form or by a page.
    #[serde(rename = "elicitation/create")]
    Elicit,
    /// Ask the client's model.
    #[serde(rename = "sampling/createMessage")]
    Sample,
    /// Ask for the folders that the client works in.
    #[serde(rename = "roots/list")]
    Roots,
}

impl QuestionMethod {
    /// The method's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Elicit => "elicitation/create",
            Self::Sample => "sampling/createMessage",
            Self::Roots => "roots/list",
        }
    }
}

/// Why what a function asks can't be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidQuestion {
    /// There is nothing to ask and nothing to come back with.
    #[error("an input_required answer needs `inputRequests` or `requestState`")]
    Nothing,
    /// Too many questions.
    #[error("`inputRequests` has more than {QUESTIONS_AT_MOST} requests")]
    TooMany,
    /// `inputRequests` is no object.
    #[error("`inputRequests` has to be an object of requests")]
    NotAnObject,
    /// A request is not one of those there are.
    #[error(
        "`inputRequests.{0}` needs a `method` (elicitation/create, sampling/createMessage or roots/list) and `params`, an object"
    )]
    Request(String),
    /// A parameter is missing or has another type.
    #[error("`inputRequests.{key}.params` needs {needed}")]
    Params {
        /// The question's key.
        key: String,
        /// What is missing.
        needed: &'static str,
    },
}

impl InputRequired {
    /// Reads `inputRequests` and `requestState` of an answer.
    ///
    /// # Errors
    ///
    /// What MCP would not let pass to a client, named by its key.
    pub fn parse(mut answer: JsonObject) -> Result<Self, InvalidQuestion> {
        let requests = match answer.remove("inputRequests") {
            None | Some(Value::Null) => JsonObject::new(),
            Some(Value::Object(requests)) => requests,
            Some(_) => return Err(InvalidQuestion::NotAnObject),
        };
        let state = answer
            .remove("requestState")
            .filter(|state| !state.is_null());
        if requests.is_empty() && state.is_none() {
            return Err(InvalidQuestion::Nothing);
        }
        if requests.len() > QUESTIONS_AT_MOST {
            return Err(InvalidQuestion::TooMany);
        }
        let mut questions = Questions::new();
        for (key, request) in requests {
            let question = Question::deserialize(&request)
                .map_err(|_| InvalidQuestion::Request(key.clone()))?;
            if let Some(needed) = question.lacks() {
                return Err(InvalidQuestion::Params { key, needed });
            }
            questions.insert(key, question);
        }
        Ok(Self { questions, state })
    }
}

impl Question {
    /// What its parameters lack. Source: MCP schema, `ElicitRequestParams` and `CreateMessageRequestParams`.
    fn lacks(&self) -> Option<&'static str> {
        let has = |key: &str, fits: fn(&Value) -> bool| self.params.get(key).is_some_and(fits);
        match self.method {
            QuestionMethod::Sample if !has("messages", Value::is_array) => {
                Some("`messages`, an array")
            }
            QuestionMethod::Sample if !has("maxTokens", Value::is_number) => {
                Some("`maxTokens`, a number")
            }
            QuestionMethod::Sample | QuestionMethod::Roots => None,
            QuestionMethod::Elicit if !has("message", Value::is_string) => {
                Some("`message`, a string")
            }
            QuestionMethod::Elicit => match self.params.get("mode").map(Value::as_str) {
                None | Some(Some("form")) => (!has("requestedSchema", Value::is_object))
                    .then_some("`requestedSchema`, an object"),
                Some(Some("url")) => (!has("url", Value::is_string)).then_some("`url`, a string"),
                Some(_) => Some("`mode`, which is \"form\" or \"url\""),
            },
        }
    }

    fn is_by_url(&self) -> bool {
        self.params.get("mode").and_then(Value::as_str) == Some("url")
    }

    /// What a client has to have declared to be asked this, in the shape of `ClientCapabilities`.
    fn needs(&self) -> (&'static str, Vec<&'static str>) {
        match self.method {
            QuestionMethod::Elicit if self.is_by_url() => ("elicitation", vec!["url"]),
            QuestionMethod::Elicit => ("elicitation", vec![]),
            QuestionMethod::Roots => ("roots", vec![]),
            QuestionMethod::Sample => {
                let context = self.params.get("includeContext").and_then(Value::as_str);
                let tools = ["tools", "toolChoice"]
                    .iter()
                    .any(|key| self.params.contains_key(*key));
                let mut parts = Vec::new();
                if tools {
                    parts.push("tools");
                }
                if context.is_some_and(|context| context != "none") {
                    parts.push("context");
                }
                ("sampling", parts)
            }
        }
    }
}

/// What of `questions` a client did not declare it can answer, as `ClientCapabilities`; none if it can answer all.
///
/// Source: MCP 2026-07-28, "Lifecycle" (capabilities), "Elicitation", "Sampling", "Roots".
pub fn missing_capabilities(
    questions: &Questions,
    declared: Option<&ClientCapabilities>,
) -> Option<JsonObject> {
    let mut missing = JsonObject::new();
    for question in questions.values() {
        let (capability, parts) = question.needs();
        if is_declared(declared, capability, &parts) {
            continue;
        }
        let entry = missing
            .entry(capability)
            .or_insert_with(|| json!({}))
            .as_object_mut();
        if let Some(entry) = entry {
            entry.extend(parts.iter().map(|part| ((*part).to_owned(), json!({}))));
        }
    }
    (!missing.is_empty()).then_some(missing)
}

fn is_declared(declared: Option<&ClientCapabilities>, capability: &str, parts: &[&str]) -> bool {
    let Some(declared) = declared else {
        return false;
    };
    match capability {
        "elicitation" => declared.elicitation.as_ref().is_some_and(|elicitation| {
            if parts.contains(&"url") {
                elicitation.url.is_some()
            } else {
                // An empty capability means forms, as before there were pages.
                elicitation.form.is_some() || elicitation.url.is_none()
            }
        }),
        "sampling" => declared.sampling.as_ref().is_some_and(|sampling| {
            parts.iter().all(|part| match *part {
                "tools" => sampling.tools.is_some(),
                _ => sampling.context.is_some(),
            })
        }),
        _ => declared.roots.is_some(),
    }
}

#[cfg(test)]
#[path = "input_tests.rs"]
mod tests;
