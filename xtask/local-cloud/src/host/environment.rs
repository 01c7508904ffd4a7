//! One execution environment: a child process and the state of the one invocation it works on.

mod supervision;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use super::invocation::{Answer, FunctionFailure, InvokeError};
use super::pool::Pool;
use super::{clock, process, runtime_api};
use crate::function::Reuse;

/// How much of a function's log an invoker can ask back, in bytes (`X-Amz-Log-Type: Tail`).
const LOG_TAIL: usize = 4096;
/// What a process that has reported an init error gets to write its last lines and exit.
const EXIT_GRACE: Duration = Duration::from_millis(500);

/// An invocation on its way to an environment.
pub(crate) struct Job {
    pub(crate) request_id: String,
    pub(crate) payload: Bytes,
    pub(crate) client_context: Option<String>,
    pub(crate) reply: oneshot::Sender<Delivery>,
}

/// What became of a [`Job`].
pub(crate) enum Delivery {
    /// The function saw it.
    Answer(Answer),
    /// The environment ended before it asked for the event: another one may have it.
    Undelivered,
}

/// What an environment was doing when it was given a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Assigned {
    /// Waiting for an event.
    Waiting,
    /// Between its last answer and its next request for an event.
    Finishing,
}

/// What an environment is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnvironmentState {
    /// The process was started and has not asked for an event yet.
    Starting,
    /// It waits for an event.
    Idle,
    /// It works on an invocation.
    Busy,
    /// It has answered and not asked for the next event yet.
    Finishing,
    /// The process has ended or is about to.
    Ended,
}

/// An environment as seen from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvironmentInfo {
    /// The child's process id.
    pub pid: u32,
    /// The invocations it was given so far.
    pub invocations: u64,
    /// What it is doing.
    pub state: EnvironmentState,
}

/// One child process with a Runtime API of its own.
pub(crate) struct Environment {
    pub(crate) pool: Arc<Pool>,
    /// Told when there is a job to hand out, or none will come any more.
    pub(crate) wake: Notify,
    /// Told when the state's deadline has come nearer, or the process is to be killed.
    nudge: Notify,
    state: Mutex<State>,
    log: Mutex<Vec<u8>>,
    pid: u32,
}

struct State {
    phase: EnvironmentState,
    invocations: u64,
    /// Assigned, not asked for yet.
    pending: Option<Job>,
    /// Handed out, not answered yet (`reply`), or answered and not followed by the next request (`None`).
    current: Option<Current>,
    /// When the process is killed: the limit of the init phase, or of the invocation.
    deadline: Option<Instant>,
    since: Instant,
    init_error: Option<FunctionFailure>,
    on_ready: Option<oneshot::Sender<Result<(), FunctionFailure>>>,
    /// Passed over for being slow to ask; goes back to the pool once it does.
    parked: bool,
    kill: bool,
    /// Why the process is being ended, for a stream that breaks off by it.
    failure: Option<FunctionFailure>,
}

struct Current {
    request_id: String,
    reply: Option<oneshot::Sender<Delivery>>,
}

impl Environment {
    /// Starts the function's process; `job` is its first event, `on_ready` hears when init is over.
    pub(crate) fn start(
        pool: &Arc<Pool>,
        job: Option<Job>,
        on_ready: Option<oneshot::Sender<Result<(), FunctionFailure>>>,
    ) -> Result<Arc<Self>, InvokeError> {
        let spec = pool.spec();
        let cannot_start = |source| InvokeError::CannotStart {
            function: spec.name.clone(),
            command: spec.command.join(" "),
            source,
        };
        let listener = crate::listener::bind(0).map_err(cannot_start)?;
        let runtime_api = listener.local_addr().map_err(cannot_start)?.to_string();
        let log_stream = format!(
            "{}/[$LATEST]{}",
            clock::log_date(),
            uuid::Uuid::new_v4().simple()
        );
        let mut child = process::start(spec, pool.settings(), &runtime_api, &log_stream)
            .map_err(cannot_start)?;

        let now = Instant::now();
        let environment = Arc::new(Self {
            pool: Arc::clone(pool),
            wake: Notify::new(),
            nudge: Notify::new(),
            pid: child.id().unwrap_or_default(),
            log: Mutex::default(),
            state: Mutex::new(State {
                phase: EnvironmentState::Starting,
                invocations: 0,
                pending: job,
                current: None,
                deadline: Some(now + pool.settings().init_timeout),
                since: now,
                init_error: None,
                on_ready,
                parked: false,
                kill: false,
                failure: None,
            }),
        });
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(runtime_api::serve(
            listener,
            Arc::clone(&environment),
            stopped,
        ));
        if let Some(stdout) = child.stdout.take() {
            let environment = Arc::clone(&environment);
            tokio::spawn(async move {
                process::forward_lines(stdout, |line| environment.log_line(line)).await;
            });
        }
        if let Some(stderr) = child.stderr.take() {
            let environment = Arc::clone(&environment);
            tokio::spawn(async move {
                process::forward_lines(stderr, |line| environment.log_line(line)).await;
            });
        }
        tokio::spawn(Arc::clone(&environment).supervise(child, stop));
        Ok(environment)
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.state().phase != EnvironmentState::Ended
    }

    pub(crate) fn info(&self) -> EnvironmentInfo {
        let state = self.state();
        EnvironmentInfo {
            pid: self.pid,
            invocations: state.invocations,
            state: state.phase,
        }
    }

    /// Gives `job` to the environment, or back if the environment has ended.
    pub(crate) fn assign(&self, job: Job) -> Result<Assigned, Job> {
        let assigned = {
            let mut state = self.state();
            let assigned = match state.phase {
                EnvironmentState::Idle => Assigned::Waiting,
                EnvironmentState::Finishing => Assigned::Finishing,
                EnvironmentState::Starting | EnvironmentState::Busy | EnvironmentState::Ended => {
                    return Err(job);
                }
            };
            state.pending = Some(job);
            assigned
        };
        self.wake.notify_one();
        Ok(assigned)
    }

    /// Takes a job back that was assigned and not asked for. False if the function has it by now.
    pub(crate) fn take_back(&self, request_id: &str) -> bool {
        let mut state = self.state();
        let is_pending = state
            .pending
            .as_ref()
            .is_some_and(|job| job.request_id == request_id);
        if is_pending {
            state.pending = None;
            state.parked = true;
        }
        is_pending
    }

    /// The process asks for its next event. False if it may not: it has not answered the last one.
    pub(crate) fn asks(self: &Arc<Self>) -> bool {
        let release = {
            let mut state = self.state();
            if state
                .current
                .as_ref()
                .is_some_and(|current| current.reply.is_some())
            {
                return false;
            }
            // New, or it dropped a stream whose end has not been noticed yet: nobody has released it.
            let is_unreleased = matches!(
                state.phase,
                EnvironmentState::Starting | EnvironmentState::Busy
            );
            if state.phase != EnvironmentState::Ended {
                state.phase = EnvironmentState::Idle;
            }
            state.current = None;
            state.deadline = None;
            state.since = Instant::now();
            if let Some(on_ready) = state.on_ready.take() {
                let _ = on_ready.send(Ok(()));
            }
            if self.pool.spec().reuse == Reuse::Never && state.invocations > 0 {
                state.kill = true;
                self.nudge.notify_one();
                return true;
            }
            let release = state.pending.is_none() && (is_unreleased || state.parked);
            state.parked = false;
            release
        };
        if release {
            self.pool.release(self);
        }
        true
    }

    /// The assigned job, now the process's, with the time left for it in the state. `Err` when none will ever come.
    pub(crate) fn take(&self) -> Result<Option<(Job, Duration)>, ()> {
        let mut state = self.state();
        if state.phase == EnvironmentState::Ended {
            return Err(());
        }
        let Some(mut job) = state.pending.take() else {
            return Ok(None);
        };
        let timeout = self.pool.spec().timeout;
        let (reply, _) = oneshot::channel();
        let reply = std::mem::replace(&mut job.reply, reply);
        state.phase = EnvironmentState::Busy;
        state.invocations += 1;
        state.deadline = Some(Instant::now() + timeout);
        state.current = Some(Current {
            request_id: job.request_id.clone(),
            reply: Some(reply),
        });
        drop(state);
        self.log_buffer().clear();
        Ok(Some((job, timeout)))
    }

    /// Whether `request_id` is the invocation that the process has to answer.
    pub(crate) fn owes_answer(&self, request_id: &str) -> bool {
        let state = self.state();
        state
            .current
            .as_ref()
            .is_some_and(|current| current.request_id == request_id && current.reply.is_some())
    }

    /// Takes the right to answer `request_id`; whoever has it must answer at once.
    pub(crate) fn take_reply(&self, request_id: &str) -> Option<oneshot::Sender<Delivery>> {
        let mut state = self.state();
        let current = state
            .current
            .as_mut()
            .filter(|current| current.request_id == request_id)?;
        current.reply.take()
    }

    /// The answer to `request_id` is complete: the environment may have its next job.
    pub(crate) fn answered(self: &Arc<Self>, request_id: &str) {
        {
            let mut state = self.state();
            let is_current = state
                .current
                .as_ref()
                .is_some_and(|current| current.request_id == request_id);
            // Not if the process has ended, or has asked for its next event before the end of this one was noticed.
            if state.phase != EnvironmentState::Busy || !is_current {
                return;
            }
            state.phase = EnvironmentState::Finishing;
            state.since = Instant::now();
        }
        if self.pool.spec().reuse == Reuse::Always {
            self.pool.release(self);
        }
    }

    /// The process reports that it can't be initialised.
    pub(crate) fn init_failed(&self, failure: FunctionFailure) {
        {
            let mut state = self.state();
            state.init_error = Some(failure);
            state.deadline = Some(Instant::now() + EXIT_GRACE);
        }
        self.nudge.notify_one();
    }

    /// Why a stream that broke off did.
    pub(crate) fn failure(&self, request_id: &str) -> FunctionFailure {
        let state = self.state();
        state
            .failure
            .clone()
            .unwrap_or_else(|| FunctionFailure::truncated(request_id))
    }

    pub(crate) fn kill(&self) {
        self.state().kill = true;
        self.nudge.notify_one();
    }

    /// The end of the log since the invocation began.
    pub(crate) fn log_tail(&self) -> Bytes {
        Bytes::from(self.log_buffer().clone())
    }

    fn log_line(&self, line: &str) {
        self.pool
            .settings()
            .logs
            .write(&self.pool.spec().name, line);
        let mut log = self.log_buffer();
        log.extend_from_slice(line.as_bytes());
        log.push(b'\n');
        let excess = log.len().saturating_sub(LOG_TAIL);
        log.drain(..excess);
    }

    fn timed_out(&self, request_id: &str) -> FunctionFailure {
        FunctionFailure::timed_out(&clock::rfc3339(), request_id, self.pool.spec().timeout)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held, and each change leaves a whole state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log_buffer(&self) -> MutexGuard<'_, Vec<u8>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
