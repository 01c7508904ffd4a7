//! What a function's answer is: a result, a question, or an error on purpose.

use super::{InputRequired, InvalidQuestion, Reply, ReplyError};
use registry::Contract;
use serde::Deserialize;
use serde_json::Value;

/// A function's answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// It did, or could not do, what it was asked for.
    Reply(Reply),
    /// It needs something from the client first.
    InputRequired(InputRequired),
    /// It wants the request answered with this error.
    Error(ProtocolError),
    /// It wants to go on as a task: to be invoked again by a worker, with this state.
    Task(Option<Value>),
}

/// An error of the protocol that a function gives on purpose.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ProtocolError {
    /// JSON-RPC's code.
    pub code: i32,
    /// For the client to read.
    pub message: String,
    /// Any JSON.
    pub data: Option<Value>,
}

/// Why an answer can't be used.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// It can't be read at all.
    #[error(transparent)]
    Reply(#[from] ReplyError),
    /// What it asks can't be asked.
    #[error(transparent)]
    Question(#[from] InvalidQuestion),
    /// `resultType` is `error`, and there is no proper error.
    #[error("its `error` has to be an object with a `code`, an integer, and a `message`, a string")]
    NotAnError(#[source] serde_json::Error),
}

impl Answer {
    /// Reads a payload. A function of the `agentcore` contract knows no `resultType`: whatever it returns is its result.
    ///
    /// # Errors
    ///
    /// What is wrong with it, for the author to read.
    pub fn parse(payload: &[u8], contract: Contract) -> Result<Self, AnswerError> {
        let reply = Reply::parse(payload)?;
        let Reply::Success(Value::Object(mut answer)) = reply else {
            return Ok(Self::Reply(reply));
        };
        let result_type = answer.get("resultType").and_then(Value::as_str);
        match result_type.filter(|_| contract == Contract::Native) {
            Some("input_required") => Ok(Self::InputRequired(InputRequired::parse(answer)?)),
            Some("task") => {
                let state = answer.remove("requestState");
                Ok(Self::Task(state.filter(|state| !state.is_null())))
            }
            Some("error") => {
                let error = answer.remove("error").unwrap_or_default();
                ProtocolError::deserialize(error)
                    .map(Self::Error)
                    .map_err(AnswerError::NotAnError)
            }
            _ => Ok(Self::Reply(Reply::Success(Value::Object(answer)))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(payload: &str) -> String {
        match Answer::parse(payload.as_bytes(), Contract::Native) {
            Ok(answer) => format!("{answer:?}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn questions_and_errors_are_told_from_results() {
        insta::assert_snapshot!(parsed(r#"{"statusCode":200,"body":"{\"resultType\":\"input_required\",\"requestState\":7}"}"#), @"InputRequired(InputRequired { questions: {}, state: Some(Number(7)) })");
        insta::assert_snapshot!(parsed(r#"{"resultType":"error","error":{"code":-32050,"message":"m","data":[1]}}"#), @r##"Error(ProtocolError { code: -32050, message: "m", data: Some(Array [Number(1)]) })"##);
        insta::assert_snapshot!(parsed(r#"{"resultType":"error","error":{"code":"x"}}"#), @"its `error` has to be an object with a `code`, an integer, and a `message`, a string");
        insta::assert_snapshot!(parsed(r#"{"resultType":"input_required"}"#), @"an input_required answer needs `inputRequests` or `requestState`");
        insta::assert_snapshot!(parsed(r#"{"resultType":"complete","content":[]}"#), @r##"Reply(Success(Object {"resultType": String("complete"), "content": Array []}))"##);
        insta::assert_snapshot!(parsed(r#"{"resultType":"task","requestState":{"n":1}}"#), @r##"Task(Some(Object {"n": Number(1)}))"##);
        insta::assert_snapshot!(parsed(r#"{"resultType":"task"}"#), @"Task(None)");
        let bare = Answer::parse(br#"{"resultType":"error"}"#, Contract::Agentcore).unwrap();
        assert!(matches!(bare, Answer::Reply(_)));
    }
}
