//! A streamed answer, out of the events of `InvokeWithResponseStream`.

use super::{AnswerStream, InvokeFailure, sdk::by_type};
use aws_sdk_lambda::{
    primitives::Blob,
    primitives::event_stream::EventReceiver,
    types::{
        InvokeWithResponseStreamResponseEvent as Event,
        error::InvokeWithResponseStreamResponseEventError,
    },
};
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

pub(super) type Events = EventReceiver<Event, InvokeWithResponseStreamResponseEventError>;

/// The chunks of an answer up to its end, its failure or the deadline.
pub(super) fn chunks(events: Events, deadline: Instant, limit: Duration) -> AnswerStream {
    stream::unfold(Some(events), move |events| async move {
        let mut events = events?;
        match next(&mut events, deadline, limit).await? {
            Ok(chunk) => Some((Ok(chunk), Some(events))),
            Err(failure) => Some((Err(failure), None)),
        }
    })
    .boxed()
}

async fn next(
    events: &mut Events,
    deadline: Instant,
    limit: Duration,
) -> Option<Result<Bytes, InvokeFailure>> {
    loop {
        match timeout_at(deadline, events.recv()).await {
            Ok(Ok(Some(Event::PayloadChunk(chunk)))) => {
                let payload = chunk.payload.map(Blob::into_inner).unwrap_or_default();
                return Some(Ok(payload.into()));
            }
            Ok(Ok(Some(Event::InvokeComplete(complete)))) => {
                return complete.error_code.map(|kind| Err(by_type(&kind)));
            }
            // Events that Lambda may add one day say nothing that is waited for.
            Ok(Ok(Some(_))) => {}
            // Without `InvokeComplete` the answer was cut off.
            Ok(Ok(None)) => {
                return Some(Err(InvokeFailure::Unavailable(
                    "the stream was cut off".into(),
                )));
            }
            Ok(Err(error)) => return Some(Err(InvokeFailure::Unavailable(Box::new(error)))),
            Err(_) => return Some(Err(InvokeFailure::TimedOut(limit))),
        }
    }
}
