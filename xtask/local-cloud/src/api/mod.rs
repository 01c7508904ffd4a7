//! The Lambda API as far as a gateway needs it: `Invoke` and `InvokeWithResponseStream`.
//! <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>

mod errors;
mod event_stream;
mod stream_answer;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::{Bytes, BytesMut};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use percent_encoding::percent_decode_str;
use thiserror::Error;

use self::errors::ApiError;
use crate::function::{FunctionReference, function_arn};
use crate::host::{Answer, Fault, FunctionFailure, Invocation, Invoked, LambdaHost, MAX_PAYLOAD};
use crate::listener::{ResponseBody, full};
use crate::sigv4::SignatureError;

const INVOKE: &str = "/2015-03-31/functions/";
const INVOKE_SUFFIX: &str = "/invocations";
const STREAM: &str = "/2021-11-15/functions/";
const STREAM_SUFFIX: &str = "/response-streaming-invocations";

/// The largest event of an asynchronous invocation, in bytes.
const MAX_EVENT: usize = 1024 * 1024;
/// The longest client context, in bytes of base64.
const MAX_CLIENT_CONTEXT: usize = 3583;

/// An injected fault: the connection closes without an answer.
#[derive(Debug, Error)]
#[error("the connection is dropped, as the fault injected for this call says")]
pub(crate) struct Dropped;

/// Whether `path` belongs to the Lambda API.
pub(crate) fn is_api_path(path: &str) -> bool {
    path.starts_with("/2015-03-31/") || path.starts_with("/2021-11-15/")
}

/// The answer to a request whose signature was refused.
pub(crate) fn refused(error: SignatureError) -> Response<ResponseBody> {
    ApiError::from(error).response()
}

/// The answer to a request of more than 6 MB.
pub(crate) fn too_large() -> Response<ResponseBody> {
    ApiError::too_large(MAX_PAYLOAD).response()
}

/// Answers one request to the Lambda API.
pub(crate) async fn call(
    host: &LambdaHost,
    parts: &Parts,
    body: Bytes,
) -> Result<Response<ResponseBody>, Dropped> {
    let call = match Call::read(parts, body) {
        Ok(call) => call,
        Err(error) => return Ok(error.response()),
    };
    let request_id = uuid::Uuid::new_v4().to_string();
    let answered = call
        .run(host)
        .await?
        .unwrap_or_else(|error| error.response());
    Ok(with_request_id(answered, &request_id))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    RequestResponse,
    Event,
    DryRun,
    Stream,
}

struct Call {
    function: String,
    mode: Mode,
    invocation: Invocation,
}

impl Call {
    fn read(parts: &Parts, body: Bytes) -> Result<Self, ApiError> {
        let path = parts.uri.path();
        let between = |prefix, suffix| {
            path.strip_prefix(prefix)
                .and_then(|rest: &str| rest.strip_suffix(suffix))
        };
        let (name, is_stream) = match (
            between(INVOKE, INVOKE_SUFFIX),
            between(STREAM, STREAM_SUFFIX),
        ) {
            (Some(name), _) => (name, false),
            (None, Some(name)) => (name, true),
            (None, None) => return Err(ApiError::no_such_operation()),
        };
        if parts.method != Method::POST {
            return Err(ApiError::method_not_allowed());
        }
        let name = percent_decode_str(name).decode_utf8_lossy();
        let reference = FunctionReference::parse(&name).ok_or_else(|| {
            let arn = if name.starts_with("arn:") {
                name.to_string()
            } else {
                function_arn(&name)
            };
            ApiError::not_found(&arn)
        })?;
        let mode = invocation_type(&parts.headers, is_stream)?;
        let limit = if mode == Mode::Event {
            MAX_EVENT
        } else {
            MAX_PAYLOAD
        };
        if body.len() > limit {
            return Err(ApiError::too_large(limit));
        }
        let payload = if body.is_empty() {
            Bytes::from_static(b"{}")
        } else {
            body
        };
        if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(&payload) {
            let message = format!("Could not parse request body into json: {error}");
            return Err(ApiError::invalid_content(&message));
        }
        let log_tail = parts
            .headers
            .get("x-amz-log-type")
            .is_some_and(|value| value == "Tail");
        let client_context = client_context(&parts.headers)?;
        let invocation = Invocation {
            payload,
            client_context,
            log_tail: log_tail && mode != Mode::Event,
        };
        Ok(Self {
            function: reference.name,
            mode,
            invocation,
        })
    }

    async fn run(
        self,
        host: &LambdaHost,
    ) -> Result<Result<Response<ResponseBody>, ApiError>, Dropped> {
        match host.next_fault(&self.function) {
            None => {}
            Some(Fault::Throttled) => return Ok(Err(ApiError::throttled())),
            Some(Fault::Denied) => return Ok(Err(ApiError::denied(&function_arn(&self.function)))),
            Some(Fault::ServiceError) => return Ok(Err(ApiError::internal())),
            Some(Fault::Delay(delay)) => tokio::time::sleep(delay).await,
            Some(Fault::DropConnection) => return Err(Dropped),
        }
        Ok(self.invoke(host).await)
    }

    async fn invoke(self, host: &LambdaHost) -> Result<Response<ResponseBody>, ApiError> {
        match self.mode {
            Mode::DryRun => {
                if !host.contains(&self.function) {
                    return Err(ApiError::not_found(&function_arn(&self.function)));
                }
                Ok(empty(StatusCode::NO_CONTENT))
            }
            Mode::Event => {
                host.invoke_event(&self.function, self.invocation)?;
                Ok(empty(StatusCode::ACCEPTED))
            }
            Mode::RequestResponse => {
                whole(host.invoke(&self.function, self.invocation).await?).await
            }
            Mode::Stream => Ok(stream_answer::response(
                host.invoke(&self.function, self.invocation).await?,
            )),
        }
    }
}

fn invocation_type(headers: &HeaderMap, is_stream: bool) -> Result<Mode, ApiError> {
    let given = headers
        .get("x-amz-invocation-type")
        .map(HeaderValue::as_bytes);
    match (given, is_stream) {
        (None | Some(b"RequestResponse"), false) => Ok(Mode::RequestResponse),
        (None | Some(b"RequestResponse"), true) => Ok(Mode::Stream),
        (Some(b"Event"), false) => Ok(Mode::Event),
        (Some(b"DryRun"), _) => Ok(Mode::DryRun),
        (Some(_), _) => Err(ApiError::invalid_parameter(
            "X-Amz-Invocation-Type must be RequestResponse, Event or DryRun, and not Event for a response stream",
        )),
    }
}

/// The client context, decoded, as one line of ASCII JSON that a header can carry.
fn client_context(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(encoded) = headers.get("x-amz-client-context") else {
        return Ok(None);
    };
    if encoded.len() > MAX_CLIENT_CONTEXT {
        let message = format!(
            "Client context must be at most {MAX_CLIENT_CONTEXT} bytes when base64-encoded"
        );
        return Err(ApiError::invalid_content(&message));
    }
    let decoded = BASE64_STANDARD.decode(encoded.as_bytes()).ok();
    let document = decoded.and_then(|text| serde_json::from_slice::<serde_json::Value>(&text).ok());
    let Some(document) = document.filter(serde_json::Value::is_object) else {
        return Err(ApiError::invalid_content(
            "Client context must be a valid Base64-encoded JSON object.",
        ));
    };
    Ok(Some(ascii(&document.to_string())))
}

/// JSON text with everything beyond ASCII escaped, which can only stand in its strings.
fn ascii(json: &str) -> String {
    use std::fmt::Write;
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        if character.is_ascii() {
            text.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a string can't fail.
                let _ = write!(text, "\\u{unit:04x}");
            }
        }
    }
    text
}

/// The answer to `RequestResponse`. A function that streams is collected, as Lambda does.
async fn whole(invoked: Invoked) -> Result<Response<ResponseBody>, ApiError> {
    let (payload, failed) = match invoked.answer {
        Answer::Buffered(payload) => (payload, false),
        Answer::Failed(failure) => (failure.payload, true),
        Answer::Streaming(mut stream) => match collect(&mut stream.chunks).await {
            Ok(payload) => (payload, false),
            Err(failure) => (failure.payload, true),
        },
    };
    let mut response = Response::new(full(payload));
    let headers = response.headers_mut();
    headers.insert(
        http::header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(
        "x-amz-executed-version",
        HeaderValue::from_static("$LATEST"),
    );
    if failed {
        headers.insert(
            "x-amz-function-error",
            HeaderValue::from_static("Unhandled"),
        );
    }
    if let Some(log) = invoked.log_tail {
        let encoded = HeaderValue::from_str(&BASE64_STANDARD.encode(log))
            .map_err(|_| ApiError::internal())?;
        headers.insert("x-amz-log-result", encoded);
    }
    Ok(response)
}

async fn collect(
    chunks: &mut tokio::sync::mpsc::Receiver<Result<Bytes, FunctionFailure>>,
) -> Result<Bytes, FunctionFailure> {
    let mut whole = BytesMut::new();
    while let Some(chunk) = chunks.recv().await {
        whole.extend_from_slice(&chunk?);
        if whole.len() > MAX_PAYLOAD {
            return Err(FunctionFailure::too_large(MAX_PAYLOAD));
        }
    }
    Ok(whole.freeze())
}

fn empty(status: StatusCode) -> Response<ResponseBody> {
    let mut response = Response::new(full(Bytes::new()));
    *response.status_mut() = status;
    response
}

fn with_request_id(mut response: Response<ResponseBody>, id: &str) -> Response<ResponseBody> {
    if let Ok(id) = HeaderValue::from_str(id) {
        response.headers_mut().insert("x-amzn-requestid", id);
    }
    response
}
