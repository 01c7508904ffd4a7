//! Requests that are answered before they reach the dispatcher.
//!
//! Every answer is a JSON-RPC error, also where HTTP alone would do: a client of several eras that reads anything
//! else takes the server for an older one. Source: MCP 2026-07-28, "Streamable HTTP", "Backwards compatibility".

use crate::{
    lambda::AnswerBody,
    server::{SUPPORTED_VERSIONS, missing_extension},
    sessions::SessionError,
};
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use rmcp::model::ErrorCode;
use serde_json::{Value, json};

/// "Unsupported protocol version". Source: MCP 2026-07-28, "Lifecycle".
const UNSUPPORTED_VERSION: i32 = -32022;
const PARSE_ERROR: i32 = -32700;
const INVALID_REQUEST: i32 = -32600;
pub(super) const INVALID_PARAMS: i32 = -32602;
const INTERNAL_ERROR: i32 = -32603;

/// Why a request isn't dispatched.
#[derive(Debug, PartialEq)]
pub(super) enum Rejection {
    /// No such path.
    NotFound,
    /// The path only takes these methods.
    MethodNotAllowed(&'static str),
    /// The session is not this caller's, or not any more.
    NoSession {
        /// The request's id.
        id: Option<Value>,
    },
    /// The client takes no event streams.
    NoEvents,
    /// The session's mailbox is full: the client posts faster than is worked on.
    Busy {
        /// The request's id.
        id: Option<Value>,
    },
    /// The table with sessions can't be asked. The cause is in the log.
    Unavailable {
        /// The request's id.
        id: Option<Value>,
    },
    /// The page the request comes from may not call.
    ForbiddenOrigin,
    /// The body isn't declared as JSON.
    UnsupportedMediaType,
    /// The client takes no JSON or no event streams.
    NotAcceptable,
    /// `MCP-Protocol-Version` names a revision that isn't spoken here.
    UnsupportedVersion {
        /// The request's id.
        id: Option<Value>,
        /// What the header says.
        requested: String,
    },
    /// The request is about tasks, and its client did not declare that it knows any.
    NoTasks {
        /// The request's id.
        id: Option<Value>,
    },
    /// The body is over 6 MB.
    TooLarge,
    /// The body isn't JSON.
    NotJson,
    /// The body isn't a JSON-RPC message, or its parameters have the wrong type.
    Message {
        /// The JSON-RPC code.
        code: i32,
        /// The request's id, where it could be read.
        id: Option<Value>,
        /// What to mend.
        message: String,
    },
    /// A bug.
    Internal,
}

impl Rejection {
    pub(super) fn invalid(id: Option<Value>, message: &str) -> Self {
        Self::Message {
            code: INVALID_REQUEST,
            id,
            message: message.to_owned(),
        }
    }

    pub(super) fn not_a_message(id: Option<Value>) -> Self {
        Self::invalid(id, "this is not a message of the Model Context Protocol")
    }

    pub(super) fn params(id: Option<Value>, message: &str) -> Self {
        Self::Message {
            code: INVALID_PARAMS,
            id,
            message: message.to_owned(),
        }
    }

    pub(super) fn into_response(self) -> Response<AnswerBody> {
        let extra = match &self {
            Self::MethodNotAllowed(methods) => Some((header::ALLOW, *methods)),
            Self::Busy { .. } => Some((header::RETRY_AFTER, "1")),
            _ => None,
        };
        let data = self.data();
        let (status, code, id, message) = self.parts();
        let mut body = json!({ "jsonrpc": "2.0" });
        // Where the id is not known there is none; null would not be MCP's. Source: MCP schema, `JSONRPCErrorResponse`.
        if let Some(id) = id {
            body["id"] = id;
        }
        body["error"] = json!({ "code": code, "message": message });
        if let Some(data) = data {
            body["error"]["data"] = data;
        }
        let mut response = Response::new(Full::new(Bytes::from(body.to_string())).boxed());
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        if let Some((name, value)) = extra {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }

    /// What a client of several revisions needs to choose another one.
    fn data(&self) -> Option<Value> {
        match self {
            Self::UnsupportedVersion { requested, .. } => {
                Some(json!({ "supported": SUPPORTED_VERSIONS, "requested": requested }))
            }
            Self::NoTasks { .. } => Some(missing_extension()),
            _ => None,
        }
    }

    fn parts(self) -> (StatusCode, i32, Option<Value>, String) {
        let plain = |status, code, message: &str| (status, code, None, message.to_owned());
        match self {
            Self::NotFound => plain(
                StatusCode::NOT_FOUND,
                INVALID_REQUEST,
                "no such path: MCP is served at /mcp",
            ),
            Self::MethodNotAllowed(methods) => (
                StatusCode::METHOD_NOT_ALLOWED,
                INVALID_REQUEST,
                None,
                format!("only {methods} is served here"),
            ),
            Self::NoSession { id } => (
                StatusCode::NOT_FOUND,
                INVALID_REQUEST,
                id,
                SessionError::Unknown.to_string(),
            ),
            Self::NoEvents => plain(
                StatusCode::NOT_ACCEPTABLE,
                INVALID_REQUEST,
                "`Accept` has to list text/event-stream",
            ),
            Self::Busy { id } => (
                StatusCode::SERVICE_UNAVAILABLE,
                INTERNAL_ERROR,
                id,
                "the session has too many messages that are not dealt with yet".to_owned(),
            ),
            Self::Unavailable { id } => (
                StatusCode::SERVICE_UNAVAILABLE,
                INTERNAL_ERROR,
                id,
                SessionError::Unavailable.to_string(),
            ),
            Self::ForbiddenOrigin => plain(
                StatusCode::FORBIDDEN,
                INVALID_REQUEST,
                "pages of this origin may not call this server",
            ),
            Self::UnsupportedMediaType => plain(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                INVALID_REQUEST,
                "the Content-Type has to be application/json",
            ),
            Self::NotAcceptable => plain(
                StatusCode::NOT_ACCEPTABLE,
                INVALID_REQUEST,
                "`Accept` has to list application/json and text/event-stream",
            ),
            Self::UnsupportedVersion { id, .. } => (
                StatusCode::BAD_REQUEST,
                UNSUPPORTED_VERSION,
                id,
                "this revision of the protocol is not spoken here".to_owned(),
            ),
            Self::NoTasks { id } => (
                StatusCode::BAD_REQUEST,
                ErrorCode::MISSING_REQUIRED_CLIENT_CAPABILITY.0,
                id,
                "`taskIds` need a client that declared the extension for tasks".to_owned(),
            ),
            Self::TooLarge => plain(
                StatusCode::PAYLOAD_TOO_LARGE,
                INVALID_REQUEST,
                "the body is larger than 6 MB",
            ),
            Self::NotJson => plain(
                StatusCode::BAD_REQUEST,
                PARSE_ERROR,
                "the body is not JSON, or nests too deeply",
            ),
            Self::Message { code, id, message } => (StatusCode::BAD_REQUEST, code, id, message),
            Self::Internal => plain(
                StatusCode::INTERNAL_SERVER_ERROR,
                INTERNAL_ERROR,
                "the server failed; the log says more",
            ),
        }
    }
}
