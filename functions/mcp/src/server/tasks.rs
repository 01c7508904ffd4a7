//! The methods of the tasks extension: how a call becomes a task, and what its client can do with it.
//!
//! Source: MCP extension `io.modelcontextprotocol/tasks`, 2026-07-28.

use super::{
    Era, Server, Shared,
    driver::{Failure, Returned},
};
use crate::{
    catalog::{Entry, ToolEntry},
    contract::{Caller, Continuation, Responses, matching},
    invoke::{FunctionInvoker, InvokeFailure},
    tasks::{
        ATTEMPTS, Care, Moment, NewTask, Round, Status, Task, TaskError, TaskRequest, WorkOrder,
    },
};
use registry::{RegistrationStore, TaskSupport, logging};
use rmcp::{
    ErrorData, RoleServer,
    model::{
        self, CreateTaskResult, DetailedTask, ErrorCode, GetTaskResult, InputRequests, JsonObject,
        TASKS_EXTENSION_ID, TaskPayload, TaskStatus,
    },
    service::RequestContext,
};
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::FormatItem, macros::format_description};

/// How often a client is told to ask. Source: MCP extension "Tasks", `pollIntervalMs`.
const POLL_INTERVAL_MS: u64 = 1000;
/// Said of a task that its client called off.
const CANCELLED: &str = "cancelled by the client";
/// ISO 8601, UTC, milliseconds.
const TIMESTAMP: &[FormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// Whether a call of a tool becomes a task before its function is asked.
pub(super) fn becomes_one<S, I>(
    server: &Server<S, I>,
    entry: &Entry,
    returned: &Returned,
) -> Result<bool, Failure> {
    match entry.registration.invocation.task {
        TaskSupport::Forbidden | TaskSupport::Function => Ok(false),
        // A client that was asked something before it knew tasks goes on as it began.
        TaskSupport::Optional => Ok(server.knows_tasks() && returned.state.is_none()),
        TaskSupport::Required if server.knows_tasks() => Ok(true),
        TaskSupport::Required => Err(unable(server, entry)),
    }
}

/// Whether a function that wants to go on as a task may.
pub(super) fn allowed<S, I>(server: &Server<S, I>, entry: &Entry) -> Result<(), Failure> {
    if entry.registration.invocation.task != TaskSupport::Function {
        Err(Failure::Explained(format!(
            "{} wants to go on as a task, which needs `\"invocation\":{{\"task\":\"function\"}}` in its registration",
            entry.title()
        )))
    } else if server.knows_tasks() {
        Ok(())
    } else {
        Err(unable(server, entry))
    }
}

impl<S, I> Server<S, I> {
    /// Whether the client declared that it knows tasks.
    pub fn knows_tasks(&self) -> bool {
        let declared = self.client.capabilities.as_ref();
        self.client.era == Era::Modern
            && declared.is_some_and(model::ClientCapabilities::supports_tasks)
    }
}

fn unable<S, I>(server: &Server<S, I>, entry: &Entry) -> Failure {
    let text = format!(
        "{} needs a client that declared the extension {TASKS_EXTENSION_ID}",
        entry.title()
    );
    match server.client.era {
        Era::Legacy => Failure::Explained(text),
        Era::Modern => Failure::Protocol(ErrorData::new(
            ErrorCode::MISSING_REQUIRED_CLIENT_CAPABILITY,
            text,
            Some(missing_extension()),
        )),
    }
}

/// The data of an error for clients that did not declare the extension.
pub fn missing_extension() -> Value {
    json!({ "requiredCapabilities": { "extensions": { TASKS_EXTENSION_ID: {} } } })
}

/// Makes a call a task, and sends for its worker.
pub(super) async fn create<S: RegistrationStore, I: FunctionInvoker>(
    server: &Server<S, I>,
    entry: &Entry,
    tool: &ToolEntry,
    arguments: JsonObject,
    continuation: Option<Continuation>,
    context: &RequestContext<RoleServer>,
) -> Result<CreateTaskResult, ErrorData> {
    let annotations = tool.tool.annotations.as_ref();
    let hints = annotations.is_some_and(|hints| {
        hints.read_only_hint == Some(true) || hints.idempotent_hint == Some(true)
    });
    let request = TaskRequest {
        arguments,
        caller: Caller::of(&server.client, context),
        continuation,
    };
    let tasks = &server.shared.tasks;
    let new = NewTask {
        principal: server.invocation.principal.as_ref(),
        tool: entry.registration.name.as_str(),
        repeatable: hints,
        request: &request,
    };
    let task = tasks.create(new).await.map_err(refused)?;
    if let Err(failure) = send(&server.shared, &task).await {
        // Nobody knows whether the worker comes nevertheless. If it hasn't yet, it shall not: the client is told that
        // there is no task, and may call again.
        let called_off = tasks.change(&task.id, |task| {
            (task.begun == 0).then(|| task.become_status(Status::Cancelled, None, Moment::now()))
        });
        if called_off.await.map_err(refused)?.is_some() {
            let text = failure.explain(&format!("the worker for {}", entry.title()));
            return Err(ErrorData::internal_error(text, None));
        }
    }
    Ok(CreateTaskResult::new(described(&task)))
}

/// Sends for a worker.
async fn send<S, I: FunctionInvoker>(
    shared: &Shared<S, I>,
    task: &Task,
) -> Result<(), InvokeFailure> {
    let order = WorkOrder {
        task: task.id.clone(),
        turn: task.turn,
    };
    let sent = shared.invoker.send_for_self(order.to_event()).await;
    sent.inspect_err(|failure| {
        tracing::error!(task = %task.id, cause = logging::chain(failure), "no worker could be sent for");
    })
}

/// Sends for a worker whose absence will be noticed: by the next request for the task, a minute later.
async fn send_again<S, I: FunctionInvoker>(shared: &Shared<S, I>, task: &Task) {
    // Said already.
    let _ = send(shared, task).await;
}

pub(super) async fn get<S: RegistrationStore, I: FunctionInvoker>(
    server: &Server<S, I>,
    id: &str,
) -> Result<GetTaskResult, ErrorData> {
    let principal = server.invocation.principal.as_ref();
    let task = server
        .shared
        .tasks
        .of(principal, id)
        .await
        .map_err(refused)?;
    let task = cared_for(&server.shared, task).await.map_err(refused)?;
    let (detailed, questions) = detailed(&server.shared, &task).await.map_err(refused)?;
    if let Some(questions) = questions {
        server.verbatim.set(questions);
    }
    Ok(GetTaskResult::new(detailed))
}

/// A task as its client sees it; its questions apart, since rmcp's types would drop what they
/// don't know of them.
pub(super) async fn detailed<S, I>(
    shared: &Shared<S, I>,
    task: &Task,
) -> Result<(DetailedTask, Option<Value>), TaskError> {
    let mut questions = None;
    let payload = match (task.status, &task.payload) {
        (Status::InputRequired, Some(stored)) => {
            let round: Round = shared.tasks.fetch(&task.id, stored).await?;
            let issued = round.issued().map(|(key, question)| (key, json!(question)));
            questions = Some(Value::Object(issued.collect()));
            TaskPayload::InputRequired {
                input_requests: InputRequests::default(),
            }
        }
        (Status::Completed, Some(stored)) => TaskPayload::Completed {
            result: shared.tasks.fetch(&task.id, stored).await?,
        },
        (Status::Failed, Some(stored)) => TaskPayload::Failed {
            error: shared.tasks.fetch(&task.id, stored).await?,
        },
        (Status::Cancelled, _) => TaskPayload::Cancelled,
        _ => TaskPayload::Working,
    };
    Ok((DetailedTask::new(described(task), payload), questions))
}

/// Does for a task what its worker can't any more, or not yet.
pub(super) async fn cared_for<S, I: FunctionInvoker>(
    shared: &Shared<S, I>,
    task: Task,
) -> Result<Task, TaskError> {
    let care = task.care(Moment::now());
    if care == Care::None {
        return Ok(task);
    }
    let lost = ErrorData::internal_error(
        format!(
            "the worker that ran tool `{}` ended before its result was kept; what the tool has done by then is not known",
            task.tool
        ),
        None,
    );
    let error = shared.tasks.keep(&task.id, &lost, task.expires_at).await?;
    let changed = shared.tasks.change(&task.id, |task| {
        let now = Moment::now();
        match task.care(now) {
            // Somebody else was faster.
            Care::None => return None,
            Care::Send => task.sent_at = now,
            Care::Restart => {
                task.restarts += 1;
                task.next_turn(now);
            }
            Care::GiveUp => {
                task.become_status(Status::Failed, Some(error.clone()), now);
                task.message = Some(lost.message.to_string());
                return Some(false);
            }
        }
        Some(true)
    });
    match changed.await? {
        Some((task, to_send)) => {
            tracing::warn!(task = %task.id, turn = task.turn, goesOn = to_send, "a task had lost its worker");
            if to_send {
                send_again(shared, &task).await;
            }
            Ok(task)
        }
        None => shared.tasks.get(&task.id).await,
    }
}

fn described(task: &Task) -> model::Task {
    let status = match task.status {
        Status::Working => TaskStatus::Working,
        Status::InputRequired => TaskStatus::InputRequired,
        Status::Completed => TaskStatus::Completed,
        Status::Failed => TaskStatus::Failed,
        Status::Cancelled => TaskStatus::Cancelled,
    };
    let lifetime = task
        .expires_at
        .saturating_sub(task.created_at.0.div_ceil(1000));
    let mut described = model::Task::new(
        task.id.as_str(),
        status,
        timestamp(task.created_at),
        timestamp(task.updated_at),
    )
    .with_ttl_ms(lifetime * 1000)
    .with_poll_interval_ms(POLL_INTERVAL_MS);
    described.status_message.clone_from(&task.message);
    described
}

fn timestamp(moment: Moment) -> String {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(moment.0) * 1_000_000)
        .ok()
        .and_then(|time| time.format(TIMESTAMP).ok())
        .unwrap_or_default()
}

/// Takes answers to what a task asks. Others are ignored, as are those that come too late.
pub(super) async fn update<S: RegistrationStore, I: FunctionInvoker>(
    server: &Server<S, I>,
    id: &str,
    responses: Responses,
) -> Result<(), ErrorData> {
    let tasks = &server.shared.tasks;
    let principal = server.invocation.principal.as_ref();
    for _ in 0..ATTEMPTS {
        let mut task = tasks.of(principal, id).await.map_err(refused)?;
        let (Status::InputRequired, Some(stored)) = (task.status, &task.payload) else {
            return Ok(());
        };
        let mut round: Round = tasks.fetch(&task.id, stored).await.map_err(refused)?;
        let own =
            matching(&round.questions, round.own(responses.clone())).map_err(|mut invalid| {
                invalid.key = round.issued_key(&invalid.key);
                ErrorData::invalid_params(invalid.to_string(), None)
            })?;
        if own.is_empty() {
            return Ok(());
        }
        round.answer(own);
        let is_answered = round.questions.is_empty();
        let kept = tasks.keep(&task.id, &round, task.expires_at);
        let kept = Some(kept.await.map_err(refused)?);
        let now = Moment::now();
        if is_answered {
            task.become_status(Status::Working, kept, now);
            task.next_turn(now);
        } else {
            task.become_status(Status::InputRequired, kept, now);
        }
        if let Some(task) = tasks.put(task).await.map_err(refused)? {
            if is_answered {
                send_again(&server.shared, &task).await;
            }
            return Ok(());
        }
    }
    Err(refused(TaskError::Unavailable))
}

/// Calls a task off, at once and for good: what its worker still comes up with is dropped.
pub(super) async fn cancel<S: RegistrationStore, I: FunctionInvoker>(
    server: &Server<S, I>,
    id: &str,
) -> Result<(), ErrorData> {
    let tasks = &server.shared.tasks;
    let principal = server.invocation.principal.as_ref();
    let task = tasks.of(principal, id).await.map_err(refused)?;
    let cancelled = tasks.change(&task.id, |task| {
        (!task.status.is_final()).then(|| {
            task.become_status(Status::Cancelled, None, Moment::now());
            task.message = Some(CANCELLED.to_owned());
        })
    });
    cancelled.await.map_err(refused)?;
    Ok(())
}

fn refused(error: TaskError) -> ErrorData {
    match error {
        TaskError::Unknown => ErrorData::invalid_params(error.to_string(), None),
        TaskError::Unavailable => ErrorData::internal_error(error.to_string(), None),
    }
}
