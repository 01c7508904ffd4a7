//! What calling a tool, rendering a prompt and reading a resource have in common: the function is invoked, what it says
//! meanwhile is passed on, and what it asks of the client is asked, in the way the client's revision knows.

use super::{Era, Server, updates::ToClient};
use crate::{
    catalog::Entry,
    contract::{
        Answer, Asked, Continuation, Event, Extra, InputRequired, ProtocolError, Reply, Responses,
        matching, missing_capabilities, plausible,
    },
    invoke::FunctionInvoker,
    seal::{Binding, Pending, SealError},
};
use registry::RegistrationStore;
use rmcp::{
    ErrorData, RoleServer,
    model::{ErrorCode, InputRequiredResult, JsonObject},
    service::RequestContext,
};
use serde_json::{Value, json};

/// How often a function may come back with questions, or with its state alone, while a client waits for one answer. As
/// many as clients go along with where they are the ones who come back (`DEFAULT_MRTR_MAX_ROUNDS` of rmcp).
pub(super) const ROUNDS_AT_MOST: usize = 10;

/// A request that a registered function answers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request<'a> {
    pub(super) entry: &'a Entry,
    /// The method, and the name or URI: what a state is bound to.
    pub(super) method: &'static str,
    pub(super) target: &'a str,
    pub(super) asked: Asked<'a>,
}

/// What a client brings back when it was asked something before.
#[derive(Debug, Default)]
pub(super) struct Returned {
    pub(super) responses: Option<Responses>,
    pub(super) state: Option<String>,
}

/// How a request goes on.
pub(super) enum Outcome {
    /// The function has answered.
    Reply(Reply),
    /// The client has to be asked first.
    InputRequired(InputRequiredResult),
    /// The function wants to go on as a task, and may: it is a tool's, and this client knows tasks.
    Task(Continuation),
}

/// Why it doesn't.
pub(super) enum Failure {
    /// A text about the function. A tool's client gets it as a result, so that the model reads it.
    Explained(String),
    /// An error of the protocol, for every method.
    Protocol(ErrorData),
}

impl Failure {
    /// The error of a method whose results can't tell of failures.
    pub(super) fn into_error(self) -> ErrorData {
        match self {
            Self::Explained(text) => ErrorData::internal_error(text, None),
            Self::Protocol(error) => error,
        }
    }
}

impl From<SealError> for Failure {
    fn from(error: SealError) -> Self {
        Self::Protocol(match error {
            SealError::Refused => ErrorData::invalid_params(error.to_string(), None),
            SealError::Unavailable => ErrorData::internal_error(error.to_string(), None),
        })
    }
}

impl From<ProtocolError> for Failure {
    fn from(error: ProtocolError) -> Self {
        Self::Protocol(on_purpose(error))
    }
}

/// The error that a function wants its request answered with.
pub(super) fn on_purpose(error: ProtocolError) -> ErrorData {
    let ProtocolError {
        code,
        message,
        data,
    } = error;
    ErrorData::new(ErrorCode(code), message, data)
}

/// Answers a request by its function. A request of a session ends when its client calls it off: whatever its function
/// still comes up with is dropped, and nobody reads the error.
pub(super) async fn drive<S: RegistrationStore, I: FunctionInvoker>(
    server: &Server<S, I>,
    request: Request<'_>,
    returned: Returned,
    context: &RequestContext<RoleServer>,
) -> Result<Outcome, Failure> {
    let driven = run(server, request, returned, context);
    if server.client.session.is_none() {
        return driven.await;
    }
    tokio::select! {
        () = context.ct.cancelled() => Err(Failure::Explained("the client called it off".to_owned())),
        outcome = Box::pin(driven) => outcome,
    }
}

async fn run<S: RegistrationStore, I: FunctionInvoker>(
    server: &Server<S, I>,
    request: Request<'_>,
    returned: Returned,
    context: &RequestContext<RoleServer>,
) -> Result<Outcome, Failure> {
    let mut continuation = None;
    if server.client.era == Era::Modern
        && (returned.state.is_some() || returned.responses.is_some())
    {
        match Box::pin(resume(server, request, returned)).await? {
            Resumed::Continue(answered) => continuation = answered,
            Resumed::AskAgain(pending) => {
                return Box::pin(hand_out(server, request, pending)).await;
            }
        }
    }
    let entry = request.entry;
    let extra = Extra::new(
        &entry.registration,
        &server.invocation,
        &server.client,
        context,
    );
    let mut updates = ToClient::new(&server.client, context);
    for _ in 0..ROUNDS_AT_MOST {
        let event = Event::new(
            &entry.registration,
            request.asked,
            &extra,
            continuation.as_ref(),
        );
        let run = server
            .shared
            .run(entry, event, &server.invocation, &mut updates);
        let required = match run.await.map_err(Failure::Explained)? {
            Answer::Reply(reply) => return Ok(Outcome::Reply(reply)),
            Answer::Error(error) => return Err(error.into()),
            Answer::Task(state) => {
                super::tasks::allowed(server, entry)?;
                let responses = continuation.unwrap_or_default().responses;
                return Ok(Outcome::Task(Continuation { responses, state }));
            }
            Answer::InputRequired(required) => required,
        };
        let InputRequired { questions, state } = allowed(server, entry, required)?;
        if server.client.era == Era::Modern {
            let pending = Pending {
                state,
                questions,
                responses: Responses::new(),
            };
            return Box::pin(hand_out(server, request, pending)).await;
        }
        let asking = super::asking::ask(&context.peer, &questions, &server.invocation);
        let responses = Box::pin(asking).await.map_err(|unanswered| {
            Failure::Explained(format!("{} got no answer: {unanswered}", entry.title()))
        })?;
        continuation = Some(Continuation { responses, state });
    }
    Err(Failure::Explained(format!(
        "{} asked for more input than is passed on in one call ({ROUNDS_AT_MOST} rounds)",
        entry.title()
    )))
}

/// Whether this client can be asked this.
fn allowed<S, I>(
    server: &Server<S, I>,
    entry: &Entry,
    required: InputRequired,
) -> Result<InputRequired, Failure> {
    let client = &server.client;
    if client.era == Era::Legacy && client.session.is_none() && !required.questions.is_empty() {
        return Err(Failure::Explained(format!(
            "{} has to ask the client something, and there is no session in which it could: begin with `initialize` \
             and send the session's id",
            entry.title()
        )));
    }
    let Some(missing) = missing_capabilities(&required.questions, client.capabilities.as_ref())
    else {
        return Ok(required);
    };
    let names: Vec<_> = missing.keys().map(String::as_str).collect();
    let text = format!(
        "{} needs a client that declared the capability for {}",
        entry.title(),
        names.join(" and ")
    );
    Err(match client.era {
        Era::Legacy => Failure::Explained(text),
        Era::Modern => Failure::Protocol(ErrorData::new(
            ErrorCode::MISSING_REQUIRED_CLIENT_CAPABILITY,
            text,
            Some(json!({ "requiredCapabilities": missing })),
        )),
    })
}

enum Resumed {
    /// The function is to be invoked, with these answers if there are any.
    Continue(Option<Continuation>),
    /// Something that was asked is not answered yet.
    AskAgain(Pending),
}

/// Takes what a client brought back.
///
/// Answers without a state are passed on: a function that needs no state would be none the wiser with one, and whoever
/// asks can always answer as it likes.
async fn resume<S, I>(
    server: &Server<S, I>,
    request: Request<'_>,
    returned: Returned,
) -> Result<Resumed, Failure> {
    let invalid = |error: crate::contract::InvalidResponse| {
        Failure::Protocol(ErrorData::invalid_params(error.to_string(), None))
    };
    let responses = returned.responses.unwrap_or_default();
    let Some(text) = returned.state else {
        plausible(&responses).map_err(invalid)?;
        let answered = (!responses.is_empty()).then_some(Continuation {
            responses,
            state: None,
        });
        return Ok(Resumed::Continue(answered));
    };
    let seals = &server.shared.seals;
    let opened = seals.open(&binding(server, request), &text).await?;
    let answered = matching(&opened.pending.questions, responses).map_err(invalid)?;
    let mut pending = opened.pending.clone();
    pending
        .questions
        .retain(|key, _| !answered.contains_key(key));
    pending.responses.extend(answered);
    if !pending.questions.is_empty() {
        return Ok(Resumed::AskAgain(pending));
    }
    seals.redeem(&opened).await?;
    Ok(Resumed::Continue(Some(Continuation {
        responses: pending.responses,
        state: pending.state,
    })))
}

/// The result that asks a client to come back with answers.
async fn hand_out<S, I>(
    server: &Server<S, I>,
    request: Request<'_>,
    pending: Pending,
) -> Result<Outcome, Failure> {
    let questions = json!(pending.questions);
    let bound = binding(server, request);
    let state = server.shared.seals.seal(&bound, pending).await?;
    server.verbatim.set(questions);
    Ok(Outcome::InputRequired(
        InputRequiredResult::from_request_state(state),
    ))
}

fn binding<S, I>(server: &Server<S, I>, request: Request<'_>) -> Binding {
    let arguments = match request.asked {
        Asked::Call(arguments) => arguments.clone(),
        Asked::Read { .. } | Asked::List | Asked::Complete { .. } => JsonObject::new(),
    };
    Binding::new(
        server.invocation.principal.as_ref(),
        request.method,
        request.target,
        &Value::Object(arguments),
    )
}
