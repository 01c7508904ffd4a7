//! A streamed answer on its way to the Runtime API.
//!
//! Lambda's streamed HTTP answers start with a JSON prelude (`statusCode`, `headers`, `cookies`) and eight NUL
//! bytes, followed by the body. Prelude and first chunk leave here as one frame, later chunks as they come.
//! Source: AWS Lambda developer guide, "Response streaming"; constants as in `lambda_runtime`.

use super::AnswerBody;
use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, Response, header::SET_COOKIE, response};
use http_body::{Body, Frame, SizeHint};
use serde::{Serialize, Serializer, ser::SerializeMap};
use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

/// Content type that tells Lambda that a prelude comes first.
pub(super) const PRELUDE_CONTENT_TYPE: &str = "application/vnd.awslambda.http-integration-response";
/// Separates prelude and body.
const DELIMITER: [u8; 8] = [0; 8];
/// Up to this size a first chunk is copied behind the prelude; a larger one costs more to copy than to send apart.
const COPY_AT_MOST: usize = 64 * 1024;

/// An answer's body in Lambda's streaming format.
pub(super) struct StreamedAnswer {
    state: State,
    body: AnswerBody,
}

enum State {
    Prelude(BytesMut),
    LargeFirstChunk(Bytes),
    Body,
}

impl StreamedAnswer {
    pub(super) fn new(response: Response<AnswerBody>) -> Self {
        let (parts, body) = response.into_parts();
        Self {
            state: State::Prelude(prelude(&parts)),
            body,
        }
    }
}

impl Body for StreamedAnswer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match std::mem::replace(&mut self.state, State::Body) {
            State::Body => Pin::new(&mut self.body).poll_frame(cx),
            State::LargeFirstChunk(chunk) => Poll::Ready(Some(Ok(Frame::data(chunk)))),
            State::Prelude(mut prelude) => {
                // A body that has nothing to say yet must not hold the status and headers back.
                if let Poll::Ready(Some(Ok(frame))) = Pin::new(&mut self.body).poll_frame(cx)
                    && let Ok(chunk) = frame.into_data()
                {
                    if chunk.len() <= COPY_AT_MOST {
                        prelude.put(chunk);
                    } else {
                        self.state = State::LargeFirstChunk(chunk);
                    }
                }
                Poll::Ready(Some(Ok(Frame::data(prelude.freeze()))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.state, State::Body) && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        // Unknown on purpose: a streamed answer is chunked, also when its length happens to be known.
        SizeHint::default()
    }
}

fn prelude(parts: &response::Parts) -> BytesMut {
    let prelude = Prelude {
        status_code: parts.status.as_u16(),
        headers: Headers(&parts.headers),
        cookies: parts
            .headers
            .get_all(SET_COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .collect(),
    };
    let mut bytes = BytesMut::with_capacity(1024);
    serde_json::to_writer((&mut bytes).writer(), &prelude)
        .expect("strings and numbers always serialise");
    bytes.put_slice(&DELIMITER);
    bytes
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Prelude<'a> {
    status_code: u16,
    headers: Headers<'a>,
    cookies: Vec<&'a str>,
}

/// Header names with their last value: the prelude's format has no repeated headers, and cookies stand apart.
struct Headers<'a>(&'a HeaderMap);

impl Serialize for Headers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for name in self.0.keys().filter(|name| *name != SET_COOKIE) {
            let last = self
                .0
                .get_all(name)
                .iter()
                .filter_map(|value| value.to_str().ok())
                .next_back();
            if let Some(value) = last {
                map.serialize_entry(name.as_str(), value)?;
            }
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;
    use http_body_util::{BodyExt, Full, StreamBody};

    async fn frames(response: Response<AnswerBody>) -> Vec<Bytes> {
        let mut answer = StreamedAnswer::new(response);
        let mut frames = Vec::new();
        while let Some(Ok(frame)) = answer.frame().await {
            frames.push(frame.into_data().unwrap());
        }
        frames
    }

    #[tokio::test]
    async fn prelude_and_first_chunk_are_one_frame() {
        let response = Response::builder()
            .status(202)
            .header("content-type", "application/json")
            .header("set-cookie", "a=1")
            .header("set-cookie", "b=2")
            .body(Full::new(Bytes::from_static(b"{}")).boxed())
            .unwrap();
        assert_eq!(
            frames(response).await,
            [Bytes::from_static(
                b"{\"statusCode\":202,\"headers\":{\"content-type\":\"application/json\"},\"cookies\":[\"a=1\",\"b=2\"]}\0\0\0\0\0\0\0\0{}"
            )]
        );
    }

    #[tokio::test]
    async fn later_chunks_and_large_first_ones_leave_on_their_own() {
        let large = Bytes::from(vec![b'x'; COPY_AT_MOST + 1]);
        let chunks = [large.clone(), Bytes::from_static(b"tail")];
        let body = StreamBody::new(stream::iter(
            chunks.map(|chunk| Ok::<_, Infallible>(Frame::data(chunk))),
        ));
        let sent = frames(Response::new(BodyExt::boxed(body))).await;
        assert_eq!(sent[1..], [large, Bytes::from_static(b"tail")]);
        assert!(sent[0].ends_with(&DELIMITER));
    }

    #[tokio::test]
    async fn a_body_that_waits_does_not_hold_the_prelude_back() {
        let (sender, receiver) = tokio::sync::oneshot::channel::<Bytes>();
        let body = StreamBody::new(stream::once(async move {
            Ok::<_, Infallible>(Frame::data(receiver.await.unwrap()))
        }));
        let mut answer = StreamedAnswer::new(Response::new(BodyExt::boxed(body)));
        let first = answer.frame().await.unwrap().unwrap().into_data().unwrap();
        assert!(first.ends_with(&DELIMITER));
        sender.send(Bytes::from_static(b"late")).unwrap();
        assert_eq!(
            answer.frame().await.unwrap().unwrap().into_data().unwrap(),
            "late"
        );
    }
}
