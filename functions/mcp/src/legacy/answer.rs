//! A request's answer: JSON when the answer is the first thing to say, otherwise a stream.

use super::{
    Place, Request,
    call::{Call, NotAMessage, Said},
    outbox::Outbox,
    replies::{Attended, Next},
    sse,
};
use crate::{
    invoke::FunctionInvoker,
    lambda::{AnswerBody, Answered, Rest},
    sessions::CallKey,
    unguessable::NoRandomness,
};
use http::{HeaderValue, Response, header};
use http_body_util::{BodyExt, Full};
use registry::RegistrationStore;
use serde_json::{Value, json};
use std::pin::pin;
use tokio::{sync::mpsc, task::JoinHandle};

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoAnswer {
    /// The body is no message of MCP.
    NotAMessage,
    /// The machine has no randomness.
    NoRandomness,
}

impl From<NotAMessage> for NoAnswer {
    fn from(_: NotAMessage) -> Self {
        Self::NotAMessage
    }
}

impl From<NoRandomness> for NoAnswer {
    fn from(_: NoRandomness) -> Self {
        Self::NoRandomness
    }
}

/// Answers a request of a session over streamable HTTP.
pub async fn answer<S: RegistrationStore, I: FunctionInvoker>(
    place: Place<S, I>,
    request: Request,
) -> Result<Answered, NoAnswer> {
    let key = CallKey::random()?;
    let id = request.id.to_string();
    let resumable = place.shared.stream_lifetime().is_some();
    let call = Call::start(place.clone(), key.clone(), request, resumable)?;
    let sessions = place.sessions.clone();
    let mut call = Attended::new(call, sessions, place.session.id.clone(), id.clone());
    let first = match call.next().await {
        Next::Said(Said::Response(message)) => {
            call.end().await;
            return Ok(in_json(message).into());
        }
        Next::Cancelled => {
            call.end().await;
            return Ok(sse::whole(bytes::Bytes::new()).into());
        }
        Next::Said(first) => first,
    };
    let (client, chunks) = mpsc::channel(sse::CHUNKS);
    let talking = tokio::spawn(async move {
        let mut outbox = Outbox::open(&place, key, &id, client).await;
        talk(call, Some(first), &mut outbox, Some(&id)).await;
    });
    Ok(Answered {
        response: sse::stream(chunks),
        rest: Some(finished(talking)),
    })
}

/// Answers several requests of a session, one after the other, on one stream.
pub async fn answer_all<S: RegistrationStore, I: FunctionInvoker>(
    place: Place<S, I>,
    requests: Vec<Request>,
) -> Result<Answered, NoAnswer> {
    let mut calls = Vec::with_capacity(requests.len());
    for request in requests {
        calls.push((CallKey::random()?, request));
    }
    let Some((stream, id)) = calls
        .last()
        .map(|(key, request)| (key.clone(), request.id.to_string()))
    else {
        return Ok(sse::whole(bytes::Bytes::new()).into());
    };
    let (client, chunks) = mpsc::channel(sse::CHUNKS);
    let talking = tokio::spawn(async move {
        let mut outbox = Outbox::open(&place, stream.clone(), &id, client).await;
        for (key, request) in calls {
            let is_last = key == stream;
            let id = request.id.to_string();
            let Ok(call) = Call::start(place.clone(), key, request, true) else {
                let message = not_a_message(&id);
                outbox.say(message, is_last.then_some(&*id)).await;
                continue;
            };
            let (sessions, session) = (place.sessions.clone(), place.session.id.clone());
            let call = Attended::new(call, sessions, session, id.clone());
            talk(call, None, &mut outbox, is_last.then_some(&*id)).await;
        }
    });
    Ok(Answered {
        response: sse::stream(chunks),
        rest: Some(finished(talking)),
    })
}

fn not_a_message(id: &str) -> String {
    let id: Value = serde_json::from_str(id).unwrap_or_default();
    let message = "this is not a message of the Model Context Protocol";
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": -32600, "message": message } })
        .to_string()
}

/// It ends before the invocation does; a panic has been reported by itself.
fn finished(talking: JoinHandle<()>) -> Rest {
    Box::pin(async move {
        let _ = talking.await;
    })
}

/// Passes on what a call says until it has answered, or is called off. `last` is the id of the request, as JSON, if the
/// stream ends with the answer.
async fn talk(
    mut call: Attended,
    mut first: Option<Said>,
    outbox: &mut Outbox,
    last: Option<&str>,
) {
    loop {
        let next = if let Some(first) = first.take() {
            Next::Said(first)
        } else {
            let mut next = pin!(call.next());
            loop {
                tokio::select! {
                    next = &mut next => break next,
                    () = tokio::time::sleep(sse::HEARTBEAT_EVERY) => outbox.beat().await,
                }
            }
        };
        match next {
            Next::Said(Said::Response(message)) => {
                outbox.say(message, last).await;
                break;
            }
            Next::Said(Said::Notification(message) | Said::Question { message, .. }) => {
                outbox.say(message, None).await;
            }
            Next::Said(Said::Detach(retry)) => outbox.let_go(retry).await,
            Next::Cancelled => {
                if let Some(last) = last {
                    outbox.call_off(last).await;
                }
                break;
            }
        }
    }
    if last.is_some() {
        // The client need not wait until everything is tidied up.
        outbox.close();
    }
    call.end().await;
}

fn in_json(message: String) -> Response<AnswerBody> {
    let mut response = Response::new(Full::from(message).boxed());
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
