//! Function URLs: HTTP in, a payload 2.0 event to the function, its answer out.

mod answer;
mod event;

use std::net::SocketAddr;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Response, StatusCode};

use crate::credentials::Principal;
use crate::host::{Answer, Invocation, InvokeError, Invoked, LambdaHost};
use crate::listener::{ResponseBody, full};
use crate::one_line::one_line;
use crate::template::InvokeMode;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// The URL of one function.
#[derive(Debug, Clone)]
pub(crate) struct FunctionUrl {
    /// The function behind it.
    pub(crate) function: String,
    /// How its answers are passed on.
    pub(crate) mode: InvokeMode,
    /// The port it is served on.
    pub(crate) port: u16,
}

impl FunctionUrl {
    /// Answers one request by invoking the function with it.
    pub(crate) async fn call(
        &self,
        host: &LambdaHost,
        parts: &Parts,
        body: &Bytes,
        peer: SocketAddr,
        caller: Option<&Principal>,
    ) -> Response<ResponseBody> {
        let context = event::Context {
            function: &self.function,
            peer,
            port: self.port,
            caller,
        };
        let Ok(payload) = event::event(parts, body, &context) else {
            return plain_error(StatusCode::INTERNAL_SERVER_ERROR);
        };
        match host.invoke(&self.function, Invocation::new(payload)).await {
            Ok(invoked) => self.pass_on(host, invoked).await,
            Err(InvokeError::Throttled) => json_error(
                StatusCode::TOO_MANY_REQUESTS,
                "TooManyRequestsException",
                r#"{"message":"Rate Exceeded."}"#,
            ),
            Err(error) => {
                host.log(&self.function, &one_line(&error));
                plain_error(StatusCode::BAD_GATEWAY)
            }
        }
    }

    async fn pass_on(&self, host: &LambdaHost, invoked: Invoked) -> Response<ResponseBody> {
        let answer = match (invoked.answer, self.mode) {
            (Answer::Buffered(payload), InvokeMode::Buffered) => answer::buffered(&payload),
            (Answer::Buffered(payload), InvokeMode::ResponseStream) => {
                Ok(answer::unwrapped(payload))
            }
            (Answer::Streaming(stream), _) => answer::streamed(stream).await,
            (Answer::Failed(_), _) => Ok(plain_error(StatusCode::BAD_GATEWAY)),
        };
        let mut response = answer.unwrap_or_else(|error| {
            host.log(&self.function, &one_line(&error));
            plain_error(StatusCode::BAD_GATEWAY)
        });
        if let Ok(id) = HeaderValue::from_str(&invoked.request_id) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        response
    }
}

/// A request that is not signed, or not rightly.
pub(crate) fn forbidden() -> Response<ResponseBody> {
    json_error(
        StatusCode::FORBIDDEN,
        "AccessDeniedException",
        r#"{"Message":"Forbidden"}"#,
    )
}

/// A request that comes before the functions are there.
pub(crate) fn not_ready() -> Response<ResponseBody> {
    json_error(
        StatusCode::SERVICE_UNAVAILABLE,
        "ServiceUnavailableException",
        r#"{"Message":"Service Unavailable"}"#,
    )
}

/// A request of more than 6 MB.
pub(crate) fn too_large() -> Response<ResponseBody> {
    let body = r#"{"Message":"Request Entity Too Large"}"#;
    json_error(
        StatusCode::PAYLOAD_TOO_LARGE,
        "RequestEntityTooLargeException",
        body,
    )
}

fn plain_error(status: StatusCode) -> Response<ResponseBody> {
    // Lambda's words for every failure of a function, which stay the same so that nothing of it leaks.
    let mut response = Response::new(full("Internal Server Error"));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}

fn json_error(
    status: StatusCode,
    error_type: &'static str,
    body: &'static str,
) -> Response<ResponseBody> {
    let mut response = Response::new(full(body));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
        .headers_mut()
        .insert(ERROR_TYPE, HeaderValue::from_static(error_type));
    response
}
