//! The worker of a task: this function, invoked by itself, runs the tool and keeps what comes of it.

use super::{
    Shared,
    driver::{ROUNDS_AT_MOST, on_purpose},
    tools,
    updates::StatusMessages,
};
use crate::{
    catalog::{CatalogError, Entry, ToolEntry},
    contract::{
        Answer, Asked, Continuation, Event, Extra, InputRequired, Responses, missing_capabilities,
    },
    invocation::Invocation,
    invoke::FunctionInvoker,
    tasks::{LEASE, Moment, Round, Status, Task, TaskError, TaskRequest, WorkOrder},
};
use registry::{RegistrationId, RegistrationStore, RegistrationType};
use rmcp::{
    ErrorData,
    model::{CallToolResult, ErrorCode},
};
use serde_json::json;
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;

/// Kept back from the time of an invocation, to keep a result of many megabytes in.
const KEEP_MARGIN: Duration = Duration::from_secs(10);
/// How often a worker at the least says that it is there; several times while its lease lasts.
const HEARTBEAT: Duration = Duration::from_secs(LEASE.as_secs() / 4);
/// How long a status message stands at least before the next is written: nobody polls faster.
const MESSAGE_PAUSE: Duration = Duration::from_secs(1);

/// How a turn of a task ends.
enum Ended {
    /// There is a result, be it that the tool failed.
    Result(CallToolResult),
    /// There is an error of the protocol.
    Error(ErrorData),
    /// The client has to be asked.
    Asks(Round),
}

/// Works on one turn of a task. Says for the log what came of it.
pub async fn work<S: RegistrationStore, I: FunctionInvoker>(
    shared: &Shared<S, I>,
    order: &WorkOrder,
    invocation: &Invocation,
) -> &'static str {
    match Box::pin(turn(shared, order, invocation)).await {
        Ok(outcome) => outcome,
        // Said already, where it is unavailable; and the next request for the task will notice.
        Err(TaskError::Unavailable) => "unavailable",
        Err(TaskError::Unknown) => "gone",
    }
}

/// Ends a task whose worker can't go on because of a bug of ours.
pub async fn give_up<S, I>(shared: &Shared<S, I>, order: &WorkOrder) -> &'static str {
    let error = ErrorData::internal_error("the server failed; the log says more", None);
    // An error has been logged.
    let _ = finish(shared, order, Ended::Error(error), None).await;
    "failed in the server"
}

async fn turn<S: RegistrationStore, I: FunctionInvoker>(
    shared: &Shared<S, I>,
    order: &WorkOrder,
    invocation: &Invocation,
) -> Result<&'static str, TaskError> {
    let worker = uuid::Uuid::new_v4().simple().to_string();
    let taken = shared.tasks.change(&order.task, |task| {
        task.take(order.turn, &worker, Moment::now()).then_some(())
    });
    let Some((task, ())) = taken.await? else {
        return Ok("taken already");
    };
    let invocation = Invocation {
        request_id: invocation.request_id.clone(),
        deadline: invocation
            .deadline
            .checked_sub(KEEP_MARGIN)
            .unwrap_or(invocation.deadline),
        default_limit: Duration::MAX,
        principal: task.principal.clone(),
    };
    let (said, heard) = watch::channel(None);
    let ended = tokio::select! {
        ended = run(shared, &task, &invocation, said) => ended?,
        // The function goes on, since Lambda doesn't stop it, but nobody waits for it any more.
        gone = stay(shared, order, heard.clone()) => return gone,
    };
    let message = heard.borrow().clone();
    finish(shared, order, ended, message).await
}

/// Runs the tool until it has a result or needs the client.
async fn run<S: RegistrationStore, I: FunctionInvoker>(
    shared: &Shared<S, I>,
    task: &Task,
    invocation: &Invocation,
    said: watch::Sender<Option<String>>,
) -> Result<Ended, TaskError> {
    let request: TaskRequest = shared.tasks.fetch(&task.id, &task.request).await?;
    let mut continuation = match &task.payload {
        Some(answers) => Some(shared.tasks.fetch::<Round>(&task.id, answers).await?.into()),
        None => request.continuation.clone(),
    };
    let entry = match entry(shared, task).await {
        Ok(entry) => entry,
        Err(error) => return Ok(Ended::Error(error)),
    };
    let Some((entry, tool)) = entry
        .as_deref()
        .and_then(|it| Some((it, it.tool.as_ref()?)))
    else {
        let text = format!("unknown tool: {}", task.tool);
        return Ok(Ended::Error(ErrorData::invalid_params(text, None)));
    };
    let extra = Extra::in_task(
        &entry.registration,
        invocation,
        &request.caller,
        task.id.as_str(),
    );
    let mut messages = StatusMessages::new(said);
    for _ in 0..ROUNDS_AT_MOST {
        let event = Event::new(
            &entry.registration,
            Asked::Call(&request.arguments),
            &extra,
            continuation.as_ref(),
        );
        let answer = shared.run(entry, event, invocation, &mut messages).await;
        match ended(entry, tool, invocation, answer) {
            Ok(ended) => return Ok(ended),
            Err(InputRequired { questions, state }) if questions.is_empty() => {
                let responses = Responses::new();
                continuation = Some(Continuation { responses, state });
            }
            Err(InputRequired { questions, state }) => {
                let declared = request.caller.capabilities.as_ref();
                if let Some(missing) = missing_capabilities(&questions, declared) {
                    let names: Vec<_> = missing.keys().map(String::as_str).collect();
                    return Ok(Ended::Error(ErrorData::new(
                        ErrorCode::MISSING_REQUIRED_CLIENT_CAPABILITY,
                        format!(
                            "{} needs a client that declared the capability for {}",
                            entry.title(),
                            names.join(" and ")
                        ),
                        Some(json!({ "requiredCapabilities": missing })),
                    )));
                }
                return Ok(Ended::Asks(Round {
                    turn: task.turn,
                    questions,
                    responses: Responses::new(),
                    state,
                }));
            }
        }
    }
    Ok(Ended::Result(tools::failed(format!(
        "{} came back with its state alone more than {ROUNDS_AT_MOST} times",
        entry.title()
    ))))
}

async fn entry<S: RegistrationStore, I>(
    shared: &Shared<S, I>,
    task: &Task,
) -> Result<Option<Arc<Entry>>, ErrorData> {
    let Ok(name) = task.tool.parse() else {
        return Ok(None);
    };
    let kind = RegistrationType::Tool;
    let found = async {
        let catalog = shared.catalog.fresh().await?;
        catalog.entry(&RegistrationId { kind, name }).await
    };
    found
        .await
        .map_err(|error: CatalogError| super::unreadable(error))
}

/// What an answer is as the end of a turn, unless it asks for something.
fn ended(
    entry: &Entry,
    tool: &ToolEntry,
    invocation: &Invocation,
    answer: Result<Answer, String>,
) -> Result<Ended, InputRequired> {
    Ok(match answer {
        Ok(Answer::InputRequired(required)) => return Err(required),
        Ok(Answer::Reply(reply)) => Ended::Result(tools::result(entry, tool, reply, invocation)),
        Ok(Answer::Error(error)) => Ended::Error(on_purpose(error)),
        Ok(Answer::Task(_)) => Ended::Result(tools::failed(format!(
            "{} wants to go on as a task, which it already is",
            entry.title()
        ))),
        Err(explanation) => Ended::Result(tools::failed(explanation)),
    })
}

/// Says that the worker is there, and what its function says, until nobody wants to know any more.
async fn stay<S, I>(
    shared: &Shared<S, I>,
    order: &WorkOrder,
    mut heard: watch::Receiver<Option<String>>,
) -> Result<&'static str, TaskError> {
    let mut is_open = true;
    loop {
        tokio::select! {
            changed = heard.changed(), if is_open => is_open = changed.is_ok(),
            () = tokio::time::sleep(HEARTBEAT) => {}
        }
        let message = heard.borrow_and_update().clone();
        let there = shared.tasks.change(&order.task, |task| {
            let now = Moment::now();
            task.is_on(order.turn).then(|| {
                task.lease_until = now.plus(LEASE);
                if message.is_some() && task.message != message {
                    task.message.clone_from(&message);
                    task.updated_at = now;
                }
            })
        });
        match there.await {
            Ok(Some(_)) => tokio::time::sleep(MESSAGE_PAUSE).await,
            Ok(None) => return Ok("not wanted any more"),
            Err(TaskError::Unknown) => return Err(TaskError::Unknown),
            // The table may be back when there is something to keep.
            Err(TaskError::Unavailable) => tokio::time::sleep(HEARTBEAT).await,
        }
    }
}

/// Keeps what came of a turn, unless it is not wanted any more.
async fn finish<S, I>(
    shared: &Shared<S, I>,
    order: &WorkOrder,
    ended: Ended,
    said: Option<String>,
) -> Result<&'static str, TaskError> {
    let tasks = &shared.tasks;
    let (id, expires_at) = {
        let task = tasks.get(&order.task).await?;
        (task.id, task.expires_at)
    };
    let (status, message, payload, outcome) = match ended {
        Ended::Result(result) => {
            let kept = tasks.keep(&id, &result, expires_at).await?;
            (Status::Completed, said, kept, "completed")
        }
        Ended::Error(error) => {
            let kept = tasks.keep(&id, &error, expires_at).await?;
            let message = Some(error.message.into_owned());
            (Status::Failed, message, kept, "failed")
        }
        Ended::Asks(round) => {
            let kept = tasks.keep(&id, &round, expires_at).await?;
            (Status::InputRequired, said, kept, "asks the client")
        }
    };
    let finished = tasks.change(&id, |task| {
        task.is_on(order.turn).then(|| {
            task.become_status(status, Some(payload.clone()), Moment::now());
            if message.is_some() {
                task.message.clone_from(&message);
            }
        })
    });
    Ok(match finished.await? {
        Some(_) => outcome,
        None => "not wanted any more",
    })
}
