//! One invocation of a registered function, whether it streams or not.

use super::{ANSWER_MARGIN, Shared, Updates};
use crate::{
    catalog::Entry,
    contract::{Answer, AnswerError, Event, Finished, Frame, FrameError, FrameReader},
    invocation::Invocation,
    invoke::{AnswerStream, FunctionInvoker, InvokeFailure, InvokeRequest},
};
use bytes::Bytes;
use futures_util::StreamExt;
use registry::logging;
use serde_json::value::RawValue;
use std::{error::Error, time::Duration};

impl<S, I: FunctionInvoker> Shared<S, I> {
    /// Invokes the function of a registration and reads its answer. What it says before goes to `updates`.
    ///
    /// # Errors
    ///
    /// A text for the client, which names the registration and nothing behind it; the rest is in the log.
    pub async fn run(
        &self,
        entry: &Entry,
        event: Event,
        invocation: &Invocation,
        updates: &mut impl Updates,
    ) -> Result<Answer, String> {
        let request = InvokeRequest {
            function: entry.registration.lambda_arn.clone(),
            payload: event.payload,
            client_context: event.client_context,
            time_limit: time_limit(entry, invocation),
        };
        let answered = if entry.registration.invocation.stream {
            // Boxed, so that its state is no part of calls that don't stream.
            Box::pin(self.streamed(request, updates)).await
        } else {
            self.invoker.invoke(request).await.map_err(Failure::from)
        };
        let parsed = answered.and_then(|answer| {
            Answer::parse(&answer, entry.registration.contract).map_err(Failure::from)
        });
        parsed.map_err(|failure| failure.explain(entry, invocation))
    }

    /// The answer at the end of a stream, as a function that doesn't stream gives it.
    async fn streamed(
        &self,
        request: InvokeRequest,
        updates: &mut impl Updates,
    ) -> Result<Bytes, Failure> {
        let mut chunks: AnswerStream = self.invoker.stream(request).await?;
        let mut frames = FrameReader::default();
        while let Some(chunk) = chunks.next().await {
            frames.push(&chunk?);
            while let Some(frame) = frames.next_frame()? {
                match frame {
                    Frame::Progress(progress) => updates.progress(progress).await,
                    Frame::Log(message) => updates.log(message).await,
                    Frame::Detach { retry } => updates.detach(retry),
                    // Nothing comes after a result: the client need not wait until the function has tidied up.
                    Frame::Result(result) => return Ok(bytes_of(result)),
                }
            }
        }
        Ok(match frames.finish()? {
            Finished::Frame(Frame::Result(result)) => bytes_of(result),
            Finished::Frame(_) => return Err(FrameError::NoResult.into()),
            Finished::Whole(answer) => answer.into(),
        })
    }
}

fn bytes_of(result: Box<RawValue>) -> Bytes {
    String::from(Box::<str>::from(result)).into()
}

/// Why there is no answer.
enum Failure {
    Invoke(InvokeFailure),
    Answer(Box<dyn Error + Send + Sync>),
}

impl From<InvokeFailure> for Failure {
    fn from(failure: InvokeFailure) -> Self {
        Self::Invoke(failure)
    }
}

impl From<FrameError> for Failure {
    fn from(error: FrameError) -> Self {
        Self::Answer(Box::new(error))
    }
}

impl From<AnswerError> for Failure {
    fn from(error: AnswerError) -> Self {
        Self::Answer(Box::new(error))
    }
}

impl Failure {
    fn explain(self, entry: &Entry, invocation: &Invocation) -> String {
        match self {
            Self::Invoke(failure) => {
                report(entry, invocation, &failure);
                failure.explain(&entry.title())
            }
            Self::Answer(error) => {
                report(entry, invocation, &*error);
                format!(
                    "{} gave an answer that can't be used: {error}",
                    entry.title()
                )
            }
        }
    }
}

/// Logs why a function gave no usable answer.
pub(super) fn report(entry: &Entry, invocation: &Invocation, error: &(dyn Error + 'static)) {
    tracing::warn!(
        requestId = invocation.request_id,
        registration = %entry.registration.id(),
        cause = logging::chain(error),
        "a registered function gave no usable answer"
    );
}

/// The registration's own limit, or the usual one, but never longer than this invocation lasts.
fn time_limit(entry: &Entry, invocation: &Invocation) -> Duration {
    let remaining = invocation.remaining().saturating_sub(ANSWER_MARGIN);
    match entry.registration.invocation.timeout_seconds {
        Some(seconds) => remaining.min(Duration::from_secs(seconds.into())),
        None => remaining.min(invocation.default_limit),
    }
}
