//! What a registered function's answer means.

use rmcp::model::{
    CallToolResult, CompletionInfo, ContentBlock, GetPromptResult, JsonObject, ListResourcesResult,
    PromptMessage, ReadResourceResult, ResourceContents, ResultType, Role,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// A function's answer, taken out of its envelope.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// The function did what it was asked for.
    Success(Value),
    /// `{"statusCode": 400 and above, "body"}`: the function says it could not.
    Failure {
        /// `statusCode`.
        status: u64,
        /// `body`.
        body: Value,
    },
}

/// Why an answer can't be understood.
#[derive(Debug, thiserror::Error)]
pub enum ReplyError {
    /// The payload isn't JSON.
    #[error("it is not JSON")]
    NotJson(#[source] serde_json::Error),
    /// `statusCode` isn't a status.
    #[error("its statusCode is not a number from 100 to 599")]
    StatusCode,
    /// It looks like an MCP result and isn't a valid one.
    #[error("it is not a valid {expected}")]
    Shape {
        /// The MCP type it should have been.
        expected: &'static str,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
}

impl Reply {
    /// Reads a payload. An empty one, as functions without a return value give, counts as `null`.
    pub fn parse(payload: &[u8]) -> Result<Self, ReplyError> {
        let payload = if payload.is_empty() { b"null" } else { payload };
        let answer = serde_json::from_slice(payload).map_err(ReplyError::NotJson)?;
        let Value::Object(mut envelope) = answer else {
            return Ok(Self::Success(answer));
        };
        let Some(status) = envelope.get("statusCode").cloned() else {
            return Ok(Self::Success(Value::Object(envelope)));
        };
        let status = status
            .as_u64()
            .filter(|status| (100..600).contains(status))
            .ok_or(ReplyError::StatusCode)?;
        let body = opened(envelope.remove("body").unwrap_or_default());
        Ok(if status < 400 {
            Self::Success(body)
        } else {
            Self::Failure { status, body }
        })
    }

    /// The answer of a tool. Anything that isn't an MCP result becomes text and, if it is an object, also
    /// structured content.
    pub fn into_tool_result(self) -> Result<CallToolResult, ReplyError> {
        match self {
            Self::Success(Value::Object(result)) if is_tool_result(&result) => {
                whole_tool_result(result)
            }
            Self::Success(Value::Null) => Ok(CallToolResult::success(Vec::new())),
            Self::Success(value) => {
                let mut result = CallToolResult::success(vec![ContentBlock::text(text(&value))]);
                result.structured_content = value.is_object().then_some(value);
                Ok(result)
            }
            Self::Failure {
                body: Value::Object(result),
                ..
            } if is_tool_result(&result) => {
                let mut result = whole_tool_result(result)?;
                result.is_error = Some(true);
                Ok(result)
            }
            Self::Failure { body, .. } => {
                Ok(CallToolResult::error(vec![ContentBlock::text(text(&body))]))
            }
        }
    }

    /// The answer of a prompt. Anything that isn't an MCP result becomes one message of the user.
    pub fn into_prompt_result(self) -> Result<GetPromptResult, ReplyFailure> {
        match self.success()? {
            Value::Object(result) if result.get("messages").is_some_and(Value::is_array) => {
                let mut result: GetPromptResult = shape("GetPromptResult", Value::Object(result))?;
                result.result_type.get_or_insert(ResultType::COMPLETE);
                Ok(result)
            }
            value => Ok(GetPromptResult::new(vec![PromptMessage::new_text(
                Role::User,
                text(&value),
            )])),
        }
    }

    /// The answer of a resource. Anything that isn't an MCP result becomes one text content.
    pub fn into_resource_result(
        self,
        uri: &str,
        mime_type: Option<&str>,
    ) -> Result<ReadResourceResult, ReplyFailure> {
        match self.success()? {
            Value::Object(result) if result.get("contents").is_some_and(Value::is_array) => {
                let mut result: ReadResourceResult =
                    shape("ReadResourceResult", Value::Object(result))?;
                result.result_type.get_or_insert(ResultType::COMPLETE);
                Ok(result)
            }
            value => {
                let fallback = if value.is_string() {
                    "text/plain"
                } else {
                    "application/json"
                };
                let contents = ResourceContents::text(text(&value), uri)
                    .with_mime_type(mime_type.unwrap_or(fallback));
                Ok(ReadResourceResult::new(vec![contents]))
            }
        }
    }

    /// The answer of a template asked to list the resources behind it.
    pub fn into_resource_list(self) -> Result<ListResourcesResult, ReplyFailure> {
        Ok(shape("ListResourcesResult", self.success()?)?)
    }

    /// The answer of a prompt or a template asked to complete an argument: a list of strings, an object with `values`,
    /// or MCP's result around that.
    pub fn into_completion(self) -> Result<CompletionInfo, ReplyFailure> {
        let mut value = self.success()?;
        if let Some(completion) = value.get_mut("completion") {
            value = completion.take();
        }
        if let Value::Array(values) = value {
            value = json!({ "values": values });
        }
        Ok(shape("list of completions", value)?)
    }

    fn success(self) -> Result<Value, ReplyFailure> {
        match self {
            Self::Success(value) => Ok(value),
            Self::Failure { status, .. } => Err(ReplyFailure::Refused { status }),
        }
    }
}

/// Why there is no result where MCP has no way to put a failure into one.
#[derive(Debug, thiserror::Error)]
pub enum ReplyFailure {
    /// The function answered with a status of 400 or above.
    #[error("the function answered with status {status}")]
    Refused {
        /// `statusCode`.
        status: u64,
    },
    /// The answer can't be understood.
    #[error("the function's answer can't be used")]
    Invalid(#[from] ReplyError),
}

/// A body is JSON or, as functions behind API Gateway write it, JSON as text.
fn opened(body: Value) -> Value {
    match body {
        Value::String(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        body => body,
    }
}

/// Objects with a list of content blocks, or with what only a `CallToolResult` has.
fn is_tool_result(object: &JsonObject) -> bool {
    let blocks = object
        .get("content")
        .and_then(Value::as_array)
        .is_some_and(|blocks| {
            blocks
                .iter()
                .all(|block| block.get("type").is_some_and(Value::is_string))
        });
    blocks
        || object.contains_key("structuredContent")
        || object.get("isError").is_some_and(Value::is_boolean)
}

/// Functions written for older revisions don't say that a result is complete; since 2026-07-28 it has to be said.
fn whole_tool_result(result: JsonObject) -> Result<CallToolResult, ReplyError> {
    let mut result: CallToolResult = shape("CallToolResult", Value::Object(result))?;
    result.result_type.get_or_insert(ResultType::COMPLETE);
    Ok(result)
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

fn shape<T: DeserializeOwned>(expected: &'static str, value: Value) -> Result<T, ReplyError> {
    serde_json::from_value(value).map_err(|source| ReplyError::Shape { expected, source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;

    fn tool(payload: &str) -> String {
        match Reply::parse(payload.as_bytes()).and_then(Reply::into_tool_result) {
            Ok(result) => serde_json::to_string(&result).unwrap(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_original_envelope_is_opened() {
        assert_snapshot!(tool(r#"{"statusCode":200,"body":{"content":[{"type":"text","text":"hi"}]}}"#), @r#"{"resultType":"complete","content":[{"type":"text","text":"hi"}]}"#);
        assert_snapshot!(tool(r#"{"statusCode":200,"body":"{\"content\":[{\"type\":\"text\",\"text\":\"hi\"}]}"}"#), @r#"{"resultType":"complete","content":[{"type":"text","text":"hi"}]}"#);
        assert_snapshot!(tool(r#"{"statusCode":200,"body":"plain"}"#), @r#"{"resultType":"complete","content":[{"type":"text","text":"plain"}],"isError":false}"#);
        assert_snapshot!(tool(r#"{"statusCode":200}"#), @r#"{"resultType":"complete","content":[],"isError":false}"#);
        assert_snapshot!(tool(r#"{"statusCode":422,"body":"no such city"}"#), @r#"{"resultType":"complete","content":[{"type":"text","text":"no such city"}],"isError":true}"#);
        assert_snapshot!(tool(r#"{"statusCode":"200","body":1}"#), @"its statusCode is not a number from 100 to 599");
    }

    #[test]
    fn any_json_becomes_a_result() {
        assert_snapshot!(tool(r#""text""#), @r#"{"resultType":"complete","content":[{"type":"text","text":"text"}],"isError":false}"#);
        assert_snapshot!(tool("42"), @r#"{"resultType":"complete","content":[{"type":"text","text":"42"}],"isError":false}"#);
        assert_snapshot!(tool(""), @r#"{"resultType":"complete","content":[],"isError":false}"#);
        assert_snapshot!(tool(r#"{"temperature":21.5,"content":"a column"}"#), @r#"{"resultType":"complete","content":[{"type":"text","text":"{\"temperature\":21.5,\"content\":\"a column\"}"}],"structuredContent":{"temperature":21.5,"content":"a column"},"isError":false}"#);
        assert_snapshot!(tool(r#"[{"a":1}]"#), @r#"{"resultType":"complete","content":[{"type":"text","text":"[{\"a\":1}]"}],"isError":false}"#);
    }

    #[test]
    fn a_whole_result_is_kept_and_a_broken_one_is_refused() {
        assert_snapshot!(tool(r#"{"content":[],"structuredContent":{"a":1},"isError":true,"_meta":{"k":"v"}}"#), @r#"{"resultType":"complete","content":[],"structuredContent":{"a":1},"isError":true,"_meta":{"k":"v"}}"#);
        assert_snapshot!(tool(r#"{"content":[],"resultType":"invented"}"#), @"it is not a valid CallToolResult");
        assert_snapshot!(tool(r#"{"content":[{"type":"text"}]}"#), @"it is not a valid CallToolResult");
        assert_snapshot!(tool("{"), @"it is not JSON");
    }

    #[test]
    fn prompts_and_resources_take_text_as_well() {
        let prompt = Reply::parse(br#""Say hello""#)
            .unwrap()
            .into_prompt_result()
            .unwrap();
        assert_snapshot!(serde_json::to_string(&prompt).unwrap(), @r#"{"resultType":"complete","messages":[{"role":"user","content":{"type":"text","text":"Say hello"}}]}"#);
        let resource = Reply::parse(br#"{"a":1}"#)
            .unwrap()
            .into_resource_result("a://b", None)
            .unwrap();
        assert_snapshot!(serde_json::to_string(&resource).unwrap(), @r#"{"resultType":"complete","contents":[{"uri":"a://b","mimeType":"application/json","text":"{\"a\":1}"}]}"#);
        let refused = Reply::parse(br#"{"statusCode":500,"body":"secret"}"#)
            .unwrap()
            .into_prompt_result();
        assert_snapshot!(refused.unwrap_err(), @"the function answered with status 500");
    }
}
