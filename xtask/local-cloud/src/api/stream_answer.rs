//! The answer of `InvokeWithResponseStream`: a frame a chunk, as the function writes them, and one at the end.
//! <https://docs.aws.amazon.com/lambda/latest/api/API_InvokeWithResponseStream.html>

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{HeaderValue, Response};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::{Body, Frame};
use serde_json::json;
use tokio::sync::mpsc;

use super::event_stream::frame;
use crate::host::{Answer, FunctionFailure, Invoked};
use crate::listener::{BoxError, ResponseBody};

const CHUNK: &str = "PayloadChunk";
const COMPLETE: &str = "InvokeComplete";
const OCTETS: &str = "application/octet-stream";

pub(super) fn response(invoked: Invoked) -> Response<ResponseBody> {
    let log = invoked.log_tail;
    let mut content_type = None;
    let body = match invoked.answer {
        Answer::Buffered(payload) => Frames {
            ready: [frame(CHUNK, OCTETS, &payload), complete(None, log.as_ref())].into(),
            chunks: None,
            log,
        },
        Answer::Failed(failure) => Frames {
            ready: [complete(Some(&failure), log.as_ref())].into(),
            chunks: None,
            log,
        },
        Answer::Streaming(stream) => {
            content_type = HeaderValue::from_str(&stream.content_type).ok();
            Frames {
                ready: VecDeque::new(),
                chunks: Some(stream.chunks),
                log,
            }
        }
    };
    let mut response = Response::new(UnsyncBoxBody::new(body));
    let headers = response.headers_mut();
    headers.insert(
        http::header::CONTENT_TYPE,
        HeaderValue::from_static("application/vnd.amazon.eventstream"),
    );
    headers.insert(
        "x-amz-executed-version",
        HeaderValue::from_static("$LATEST"),
    );
    let fallback = HeaderValue::from_static(OCTETS);
    headers.insert(
        "x-amzn-response-stream-content-type",
        content_type.unwrap_or(fallback),
    );
    response
}

fn complete(failure: Option<&FunctionFailure>, log: Option<&Bytes>) -> Bytes {
    let mut document = json!({});
    if let Some(failure) = failure {
        document["ErrorCode"] = failure.error_type.as_str().into();
        document["ErrorDetails"] = String::from_utf8_lossy(&failure.payload).into();
    }
    if let Some(log) = log {
        document["LogResult"] = BASE64_STANDARD.encode(log).into();
    }
    frame(
        COMPLETE,
        "application/json",
        document.to_string().as_bytes(),
    )
}

struct Frames {
    ready: VecDeque<Bytes>,
    chunks: Option<mpsc::Receiver<Result<Bytes, FunctionFailure>>>,
    log: Option<Bytes>,
}

impl Body for Frames {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Some(bytes) = self.ready.pop_front() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        let Some(chunks) = &mut self.chunks else {
            return Poll::Ready(None);
        };
        let bytes = match ready!(chunks.poll_recv(cx)) {
            Some(Ok(chunk)) => frame(CHUNK, OCTETS, &chunk),
            ended => {
                self.chunks = None;
                complete(ended.and_then(Result::err).as_ref(), self.log.as_ref())
            }
        };
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }
}
