//! Whether what a client answers to a question is an answer to it.

use super::{Question, QuestionMethod, Questions, Responses};
use registry::schema::ArgumentSchema;
use rmcp::model::JsonObject;
use serde_json::Value;

/// An answer that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the response to `{key}` is not usable: {problem}")]
pub struct InvalidResponse {
    /// The question's key.
    pub key: String,
    /// What is wrong with it; says nothing of the answer itself.
    pub problem: String,
}

/// Sorts responses by the questions asked: keys nobody asked for are dropped, and what is missing stays missing.
///
/// # Errors
///
/// A response is no result of its question.
pub fn matching(
    questions: &Questions,
    mut responses: Responses,
) -> Result<Responses, InvalidResponse> {
    let mut matched = Responses::new();
    for (key, question) in questions {
        let Some(response) = responses.remove(key) else {
            continue;
        };
        question
            .check(&response)
            .map_err(|problem| InvalidResponse {
                key: key.clone(),
                problem,
            })?;
        matched.insert(key.clone(), response);
    }
    Ok(matched)
}

/// Checks responses to questions that are not known here: a client may answer what it expects to be asked. What they
/// have to be like is the function's to say; that each is a result of some question is checked here.
///
/// # Errors
///
/// A response is no result of any question.
pub fn plausible(responses: &Responses) -> Result<(), InvalidResponse> {
    let is_result = |response: &Value| {
        let object = response.as_object();
        object.is_some_and(|object| {
            elicited(object).is_ok() || sampled(object).is_ok() || rooted(object).is_ok()
        })
    };
    match responses.iter().find(|(_, response)| !is_result(response)) {
        None => Ok(()),
        Some((key, _)) => Err(InvalidResponse {
            key: key.clone(),
            problem: "it is no result of an elicitation, a sampling or a list of roots".to_owned(),
        }),
    }
}

impl Question {
    /// Checks the result a client gives to this question.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn check(&self, response: &Value) -> Result<(), String> {
        let object = response
            .as_object()
            .ok_or_else(|| "it has to be an object".to_owned())?;
        match self.method {
            QuestionMethod::Elicit => {
                elicited(object)?;
                self.check_form(object)
            }
            QuestionMethod::Sample => sampled(object),
            QuestionMethod::Roots => rooted(object),
        }
    }

    /// Holds the content of a filled form to the schema that was sent with it.
    ///
    /// The schema is the function's own and another for each call, so it is compiled here. One that doesn't compile is
    /// the function's to mend, and not held against the client.
    fn check_form(&self, response: &JsonObject) -> Result<(), String> {
        let is_accepted = response.get("action").and_then(Value::as_str) == Some("accept");
        let Some(schema) = self.params.get("requestedSchema").filter(|_| is_accepted) else {
            return Ok(());
        };
        let Some(content) = response.get("content") else {
            return Err("an accepted form needs `content`, an object".to_owned());
        };
        let schema = serde_json::value::to_raw_value(schema)
            .ok()
            .and_then(|raw| ArgumentSchema::compile(&raw).ok());
        match schema.map(|schema| schema.check(content)) {
            Some(Err(violations)) => {
                let list: Vec<_> = violations.iter().map(ToString::to_string).collect();
                Err(format!(
                    "its content does not fit the requestedSchema: {}",
                    list.join("; ")
                ))
            }
            _ => Ok(()),
        }
    }
}

/// Source: MCP schema, `ElicitResult`.
fn elicited(response: &JsonObject) -> Result<(), String> {
    match response.get("action").and_then(Value::as_str) {
        Some("accept" | "decline" | "cancel") => {}
        _ => return Err("`action` has to be accept, decline or cancel".to_owned()),
    }
    match response.get("content") {
        None | Some(Value::Null | Value::Object(_)) => Ok(()),
        Some(_) => Err("`content` has to be an object".to_owned()),
    }
}

/// Source: MCP schema, `CreateMessageResult`.
fn sampled(response: &JsonObject) -> Result<(), String> {
    let is = |key: &str, fits: fn(&Value) -> bool| response.get(key).is_some_and(fits);
    if !is("role", Value::is_string) || !is("model", Value::is_string) {
        Err("`role` and `model` have to be strings".to_owned())
    } else if !is("content", |content| {
        content.is_object() || content.is_array()
    }) {
        Err("`content` has to be a content block or an array of them".to_owned())
    } else {
        Ok(())
    }
}

/// Source: MCP schema, `ListRootsResult`.
fn rooted(response: &JsonObject) -> Result<(), String> {
    let are_roots = response
        .get("roots")
        .and_then(Value::as_array)
        .is_some_and(|roots| roots.iter().all(|root| root["uri"].is_string()));
    if are_roots {
        Ok(())
    } else {
        Err("`roots` has to be an array of objects with a `uri`".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn form() -> Questions {
        let question = json!({ "method": "elicitation/create", "params": {
            "message": "Who?",
            "requestedSchema": {
                "type": "object",
                "properties": { "name": { "type": "string" }, "kind": { "type": "string", "enum": ["a", "b"] } },
                "required": ["name"]
            },
        } });
        [("who".to_owned(), serde_json::from_value(question).unwrap())].into()
    }

    fn answered(response: Value) -> String {
        match matching(&form(), [("who".to_owned(), response)].into()) {
            Ok(responses) => format!("{responses:?}"),
            Err(invalid) => invalid.to_string(),
        }
    }

    #[test]
    fn a_form_is_held_to_its_schema() {
        assert!(
            answered(json!({ "action": "accept", "content": { "name": "x", "kind": "a" } }))
                .contains("accept")
        );
        assert!(answered(json!({ "action": "decline" })).contains("decline"));
        insta::assert_snapshot!(answered(json!({ "action": "accept" })), @"the response to `who` is not usable: an accepted form needs `content`, an object");
        insta::assert_snapshot!(answered(json!({ "action": "accept", "content": { "kind": "c" } })), @r##"the response to `who` is not usable: its content does not fit the requestedSchema: lacks the required property "name"; /kind is not one of ["a","b"]"##);
        insta::assert_snapshot!(answered(json!({ "action": "perhaps" })), @"the response to `who` is not usable: `action` has to be accept, decline or cancel");
        insta::assert_snapshot!(answered(json!(12345)), @"the response to `who` is not usable: it has to be an object");
    }

    #[test]
    fn keys_nobody_asked_for_are_dropped() {
        let responses = [("other".to_owned(), json!(1))].into();
        assert_eq!(matching(&form(), responses).unwrap(), Responses::new());
    }

    #[test]
    fn an_answer_to_an_unknown_question_has_to_be_some_result() {
        let one = |response| plausible(&[("k".to_owned(), response)].into()).is_ok();
        assert!(one(json!({ "action": "accept", "content": {} })));
        assert!(one(
            json!({ "role": "assistant", "model": "m", "content": { "type": "text", "text": "t" } })
        ));
        assert!(one(json!({ "roots": [{ "uri": "file:///x" }] })));
        assert!(!one(json!(12345)) && !one(json!({})) && !one(json!({ "roots": [1] })));
    }
}
