//! The Runtime API: how a function's process gets events and gives answers.
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::{Bytes, BytesMut};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use serde_json::json;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

use super::clock::epoch_millis;
use super::environment::{Delivery, Environment, Job};
use super::invocation::{Answer, FunctionFailure, StreamedAnswer};

/// The largest buffered answer, in bytes: 6 MB and a little for the envelope.
const MAX_BUFFERED: usize = super::MAX_PAYLOAD + 100;
/// The largest streamed answer, in bytes.
const MAX_STREAMED: usize = 200 * 1024 * 1024;
/// The chunks of a stream that may wait for the client before the function has to.
const STREAM_BUFFER: usize = 16;

const PREFIX: &str = "/2018-06-01/runtime/";
const ERROR_TYPE: &str = "lambda-runtime-function-error-type";
const ERROR_BODY: &str = "lambda-runtime-function-error-body";

/// The environment has ended, so its connection is closed.
#[derive(Debug, Error)]
#[error("the execution environment has ended")]
struct EnvironmentEnded;

/// Serves `environment`'s process until `stop`.
pub(super) async fn serve(
    listener: TcpListener,
    environment: Arc<Environment>,
    stop: oneshot::Receiver<()>,
) {
    let handle = move |request, _peer| answer(Arc::clone(&environment), request);
    crate::listener::serve(listener, handle, async {
        // A dropped sender means the same: nobody supervises the process any more.
        let _ = stop.await;
    })
    .await;
}

async fn answer(
    environment: Arc<Environment>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, EnvironmentEnded> {
    let path = request.uri().path().to_owned();
    let Some(route) = path.strip_prefix(PREFIX) else {
        return Ok(not_found());
    };
    let is_post = request.method() == Method::POST;
    match route {
        "invocation/next" if request.method() == Method::GET => next(&environment).await,
        "init/error" if is_post => Ok(init_error(&environment, request).await),
        _ => match route
            .strip_prefix("invocation/")
            .and_then(|rest| rest.split_once('/'))
        {
            Some((id, "response")) if is_post => Ok(response(&environment, id, request).await),
            Some((id, "error")) if is_post => Ok(error(&environment, id, request).await),
            _ => Ok(not_found()),
        },
    }
}

async fn next(environment: &Arc<Environment>) -> Result<Response<Full<Bytes>>, EnvironmentEnded> {
    if !environment.asks() {
        let message = "the last invocation has not been answered";
        return Ok(refusal(
            StatusCode::FORBIDDEN,
            "InvalidStateTransition",
            message,
        ));
    }
    loop {
        // Registered before the look, so that a job that comes in between is not missed.
        let woken = environment.wake.notified();
        match environment.take() {
            Ok(Some((job, timeout))) => {
                let deadline =
                    epoch_millis() + i128::try_from(timeout.as_millis()).unwrap_or(i128::MAX / 2);
                return Ok(event(job, deadline, &environment.pool.spec().arn()));
            }
            Ok(None) => woken.await,
            Err(()) => return Err(EnvironmentEnded),
        }
    }
}

fn event(job: Job, deadline: i128, arn: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(job.payload));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let mut set = |name: &'static str, value: &str| {
        // Ids, ARNs and numbers are plain ASCII; a client context was checked to be printable.
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set("lambda-runtime-aws-request-id", &job.request_id);
    set("lambda-runtime-deadline-ms", &deadline.to_string());
    set("lambda-runtime-invoked-function-arn", arn);
    set("lambda-runtime-trace-id", &trace_id());
    if let Some(context) = &job.client_context {
        set("lambda-runtime-client-context", context);
    }
    response
}

/// An unsampled X-Ray trace of the request's own.
pub(crate) fn trace_id() -> String {
    let id = uuid::Uuid::new_v4().simple().to_string();
    let seconds = epoch_millis() / 1000;
    format!(
        "Root=1-{seconds:08x}-{};Parent={};Sampled=0",
        &id[..24],
        &id[16..]
    )
}

async fn response(
    environment: &Arc<Environment>,
    id: &str,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    if !environment.owes_answer(id) {
        return invalid_request_id();
    }
    let is_stream = request
        .headers()
        .get("lambda-runtime-function-response-mode")
        .is_some_and(|mode| mode.as_bytes().eq_ignore_ascii_case(b"streaming"));
    if is_stream {
        return stream(environment, id, request).await;
    }
    let (answer, is_too_large) = match collect(request.into_body()).await {
        Ok(Some(payload)) => (Answer::Buffered(payload), false),
        Ok(None) => (
            Answer::Failed(FunctionFailure::too_large(MAX_BUFFERED)),
            true,
        ),
        // The connection broke. Either the process has ended, or it may try again until its deadline.
        Err(_) => return invalid_request_id(),
    };
    let Some(reply) = environment.take_reply(id) else {
        return invalid_request_id();
    };
    // The environment is free before its invoker hears of it: the invoker's next request finds it.
    environment.answered(id);
    let _ = reply.send(Delivery::Answer(answer));
    if is_too_large {
        return refusal(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestEntityTooLarge",
            "the response is larger than 6 MB",
        );
    }
    accepted()
}

async fn stream(
    environment: &Arc<Environment>,
    id: &str,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    let Some(reply) = environment.take_reply(id) else {
        return invalid_request_id();
    };
    let content_type = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let content_type = content_type
        .unwrap_or("application/octet-stream")
        .to_owned();
    let (sender, chunks) = mpsc::channel(STREAM_BUFFER);
    let _ = reply.send(Delivery::Answer(Answer::Streaming(StreamedAnswer {
        content_type,
        chunks,
    })));

    let mut client = Some(sender);
    let mut body = request.into_body();
    let mut written = 0;
    let failure = loop {
        let frame = match body.frame().await {
            None => break None,
            Some(Err(_)) => break Some(environment.failure(id)),
            Some(Ok(frame)) => frame,
        };
        match frame.into_data() {
            Ok(chunk) => {
                written += chunk.len();
                if written > MAX_STREAMED {
                    break Some(FunctionFailure::too_large(MAX_STREAMED));
                }
                // A client that went away does not interrupt the function: the rest is read and dropped.
                if let Some(sender) = &client
                    && sender.send(Ok(chunk)).await.is_err()
                {
                    client = None;
                }
            }
            Err(frame) => {
                if let Some(failure) = frame.trailers_ref().and_then(trailers_failure) {
                    break Some(failure);
                }
            }
        }
    };
    // Free before the stream's end is known, for the same reason as above.
    environment.answered(id);
    if let Some(failure) = failure {
        let pool = &environment.pool;
        pool.settings()
            .logs
            .write(&pool.spec().name, &format!("invocation {id}: {failure}"));
        if let Some(sender) = client {
            // A client that went away meanwhile needs no reason.
            let _ = sender.send(Err(failure)).await;
        }
    }
    accepted()
}

/// The error in a stream's trailers; its body is base64.
fn trailers_failure(trailers: &HeaderMap) -> Option<FunctionFailure> {
    let error_type = trailers.get(ERROR_TYPE)?.to_str().ok()?.to_owned();
    let body = trailers
        .get(ERROR_BODY)
        .map_or(&b""[..], HeaderValue::as_bytes);
    let payload = BASE64_STANDARD
        .decode(body)
        .unwrap_or_else(|_| body.to_vec());
    Some(FunctionFailure {
        error_type,
        payload: payload.into(),
    })
}

async fn error(
    environment: &Arc<Environment>,
    id: &str,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    if !environment.owes_answer(id) {
        return invalid_request_id();
    }
    let Ok(failure) = read_failure(request).await else {
        return invalid_request_id();
    };
    let Some(reply) = environment.take_reply(id) else {
        return invalid_request_id();
    };
    environment.answered(id);
    let _ = reply.send(Delivery::Answer(Answer::Failed(failure)));
    accepted()
}

async fn init_error(
    environment: &Arc<Environment>,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    if let Ok(failure) = read_failure(request).await {
        environment.init_failed(failure);
    }
    accepted()
}

async fn read_failure(request: Request<Incoming>) -> Result<FunctionFailure, hyper::Error> {
    let header = request
        .headers()
        .get(ERROR_TYPE)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    let Some(payload) = collect(request.into_body()).await? else {
        return Ok(FunctionFailure::too_large(MAX_BUFFERED));
    };
    let document: Option<serde_json::Value> = serde_json::from_slice(&payload).ok();
    let in_body =
        document.and_then(|document| Some(document.get("errorType")?.as_str()?.to_owned()));
    let error_type = in_body.or(header).unwrap_or_else(|| "Unhandled".to_owned());
    Ok(FunctionFailure {
        error_type,
        payload,
    })
}

/// The whole body, or `None` if it is too large; then the rest of it is read and dropped.
async fn collect(mut body: Incoming) -> Result<Option<Bytes>, hyper::Error> {
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(chunk) = frame?.into_data() else {
            continue;
        };
        length += chunk.len();
        if length > MAX_BUFFERED {
            rest.clear();
        } else if first.is_empty() {
            first = chunk;
        } else {
            rest.extend_from_slice(&chunk);
        }
    }
    if length > MAX_BUFFERED {
        return Ok(None);
    }
    if rest.is_empty() {
        return Ok(Some(first));
    }
    let mut whole = BytesMut::with_capacity(length);
    whole.extend_from_slice(&first);
    whole.extend_from_slice(&rest);
    Ok(Some(whole.freeze()))
}

fn accepted() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(br#"{"status":"OK"}"#)));
    *response.status_mut() = StatusCode::ACCEPTED;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn invalid_request_id() -> Response<Full<Bytes>> {
    refusal(
        StatusCode::BAD_REQUEST,
        "InvalidRequestID",
        "no answer is expected for this request id",
    )
}

fn not_found() -> Response<Full<Bytes>> {
    refusal(
        StatusCode::NOT_FOUND,
        "NotFound",
        "the Runtime API has no such path or method",
    )
}

fn refusal(status: StatusCode, error_type: &str, message: &str) -> Response<Full<Bytes>> {
    let document = json!({"errorType": error_type, "errorMessage": message});
    let mut response = Response::new(Full::new(Bytes::from(document.to_string())));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
