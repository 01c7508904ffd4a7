//! Watching over an environment's process: its deadlines, its end, and the answer to whoever waits for it then.

use std::sync::Arc;

use tokio::process::Child;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::{Current, Delivery, Environment, EnvironmentState};
use crate::host::invocation::{Answer, FunctionFailure};
use crate::host::process;

/// Why a process ended.
enum End {
    Exited(String),
    Killed,
    Overdue,
    Idle,
}

impl Environment {
    /// Watches over the process until it has ended, by itself or by being killed.
    pub(super) async fn supervise(self: Arc<Self>, mut child: Child, stop: oneshot::Sender<()>) {
        let end = loop {
            tokio::select! {
                status = child.wait() => break End::Exited(match status {
                    Ok(status) => process::describe_exit(status),
                    Err(error) => format!("Runtime can't be waited for: {error}"),
                }),
                () = self.nudge.notified() => {}
                () = tokio::time::sleep_until(self.next_check()) => {}
            }
            if let Some(end) = self.verdict() {
                break end;
            }
        };
        if !matches!(end, End::Exited(_)) {
            process::kill_group(self.pid);
            // An error means that it has ended already.
            let _ = child.kill().await;
        }
        self.finish(&end);
        self.pool.forget(&self);
        let _ = stop.send(());
    }

    /// When the state has to be looked at next.
    ///
    /// A deadline set after this look lies at least the function's timeout ahead, so looking again by then misses
    /// none, and an invocation need not wake this task.
    fn next_check(&self) -> Instant {
        let settings = self.pool.settings();
        let latest = Instant::now() + self.pool.spec().timeout.min(settings.idle_timeout);
        let state = self.state();
        let idle_end =
            (state.phase == EnvironmentState::Idle).then(|| state.since + settings.idle_timeout);
        [state.deadline, idle_end]
            .into_iter()
            .flatten()
            .fold(latest, Instant::min)
    }

    /// Whether the process has to end now, and why. From then on it gets no job.
    fn verdict(&self) -> Option<End> {
        let now = Instant::now();
        let mut state = self.state();
        let overdue = state.deadline.is_some_and(|deadline| deadline <= now);
        let idle = state.phase == EnvironmentState::Idle
            && state.pending.is_none()
            && now.duration_since(state.since) >= self.pool.settings().idle_timeout;
        let end = if state.kill {
            End::Killed
        } else if overdue {
            End::Overdue
        } else if idle {
            End::Idle
        } else {
            return None;
        };
        let request_id = state
            .current
            .as_ref()
            .map(|current| current.request_id.clone())
            .unwrap_or_default();
        if matches!(end, End::Overdue) {
            state.failure = Some(self.timed_out(&request_id));
        }
        if matches!(end, End::Idle) {
            state.phase = EnvironmentState::Ended;
        }
        Some(end)
    }

    /// The process is gone: whoever waits for it gets an answer.
    fn finish(&self, end: &End) {
        let (was_starting, init_error, current, pending, on_ready) = {
            let mut state = self.state();
            let was_starting = state.phase == EnvironmentState::Starting;
            state.phase = EnvironmentState::Ended;
            (
                was_starting,
                state.init_error.take(),
                state.current.take(),
                state.pending.take(),
                state.on_ready.take(),
            )
        };
        let failure = |request_id: &str| match end {
            _ if was_starting && init_error.is_some() => init_error
                .clone()
                .unwrap_or_else(|| self.timed_out(request_id)),
            End::Exited(how) => FunctionFailure::exited(request_id, how),
            End::Overdue if was_starting => {
                FunctionFailure::init_timed_out(request_id, self.pool.settings().init_timeout)
            }
            End::Overdue => self.timed_out(request_id),
            End::Killed | End::Idle => {
                FunctionFailure::exited(request_id, "Runtime exited with error: signal: killed")
            }
        };
        if let Some(on_ready) = on_ready {
            let _ = on_ready.send(Err(failure(&uuid::Uuid::new_v4().to_string())));
        }
        if let Some(Current {
            request_id,
            reply: Some(reply),
        }) = current
        {
            let _ = reply.send(Delivery::Answer(Answer::Failed(failure(&request_id))));
        }
        if let Some(job) = pending {
            let delivery = if was_starting {
                Delivery::Answer(Answer::Failed(failure(&job.request_id)))
            } else {
                Delivery::Undelivered
            };
            let _ = job.reply.send(delivery);
        }
        // A process that outlived its parent may still be waiting for an event.
        self.wake.notify_waiters();
    }
}
