//! Following a stack until an operation on it is done.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{DeployError, Reply, Stack, StackEvent, Watcher};
use crate::aws::CloudFormation;
use crate::ports::RemoteError;

/// The type of the events about a stack itself.
const STACK: &str = "AWS::CloudFormation::Stack";
/// `CloudFormation` throttles early and has nothing to subscribe to: it is asked this often at first, and less often
/// as time goes by.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LAST_PAUSE: Duration = Duration::from_secs(5);
/// The pause for an emulator.
const LOCAL_PAUSE: Duration = Duration::from_millis(100);

/// Comes when nobody wants to wait any longer.
pub(super) type Interruption = Reply<'static, ()>;

/// Pauses between questions.
pub(super) struct Pace<'i> {
    pause: Duration,
    last: Duration,
    end: Instant,
    interruption: &'i mut Interruption,
}

/// Why there is no other question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// The time is over.
    TimeLimit,
    /// Nobody wants to wait any longer.
    Interrupted,
}

impl<'i> Pace<'i> {
    pub(super) fn new(
        stacks: &CloudFormation,
        time_limit: Duration,
        interruption: &'i mut Interruption,
    ) -> Self {
        let (pause, last) = if stacks.is_local {
            (LOCAL_PAUSE, LOCAL_PAUSE)
        } else {
            (FIRST_PAUSE, LAST_PAUSE)
        };
        Self {
            pause,
            last,
            end: Instant::now() + time_limit,
            interruption,
        }
    }

    /// Waits until the next question. Not to be called again after an error.
    pub(super) async fn wait(&mut self) -> Result<(), Stop> {
        if Instant::now() + self.pause > self.end {
            return Err(Stop::TimeLimit);
        }
        tokio::select! {
            () = &mut *self.interruption => return Err(Stop::Interrupted),
            () = sleep(self.pause) => {}
        }
        self.pause = self.last.min(self.pause.mul_f32(1.25));
        Ok(())
    }
}

/// Follows one stack, from the last event before an operation.
pub(super) struct Follower<'a> {
    stacks: &'a CloudFormation,
    stack_id: &'a str,
    stack_name: &'a str,
    last_event: Option<String>,
}

impl<'a> Follower<'a> {
    /// To be made before the operation begins.
    pub(super) async fn new(
        stacks: &'a CloudFormation,
        stack_id: &'a str,
        stack_name: &'a str,
    ) -> Result<Self, DeployError> {
        let events = stacks.events_after(stack_id, None).await?;
        Ok(Self {
            stacks,
            stack_id,
            stack_name,
            last_event: events.into_iter().next_back().map(|event| event.id),
        })
    }

    /// Tells the watcher of every event until the operation is done, and answers the stack.
    pub(super) async fn wait(
        mut self,
        time_limit: Duration,
        interruption: &mut Interruption,
        watcher: &mut dyn Watcher,
    ) -> Result<Stack, DeployError> {
        let mut failure = None;
        let mut pace = Pace::new(self.stacks, time_limit, interruption);
        let mut is_done = false;
        loop {
            let events = self.events().await.map_err(|error| self.lost(error))?;
            for event in events {
                watcher.event(&event);
                self.last_event = Some(event.id.clone());
                if event.resource_type == STACK && event.logical_id == self.stack_name {
                    is_done = !event.status.ends_with("_IN_PROGRESS");
                }
                if failure.is_none() && event.is_first_failure() {
                    failure = Some(Box::new(event));
                }
            }
            let stack = self.stacks.stack(self.stack_id).await;
            let stack = stack.map_err(|error| self.lost(error))?;
            // Events and the stack are told apart from each other: either may lag behind. Only a stack that is gone
            // can't be mistaken for what it was before.
            let stack = stack.unwrap_or_else(|| self.gone());
            if stack.status == "DELETE_COMPLETE" || (is_done && !stack.is_busy()) {
                return self.ended(stack, failure).await;
            }
            pace.wait().await.map_err(|stop| {
                let name = self.stack_name.to_owned();
                match stop {
                    Stop::TimeLimit => DeployError::TimeLimit(name),
                    Stop::Interrupted => DeployError::Interrupted(name),
                }
            })?;
        }
    }

    async fn events(&self) -> Result<Vec<StackEvent>, RemoteError> {
        let last = self.last_event.as_deref();
        self.stacks.events_after(self.stack_id, last).await
    }

    fn lost(&self, source: RemoteError) -> DeployError {
        DeployError::NotFollowed {
            name: self.stack_name.to_owned(),
            source,
        }
    }

    /// The stack, when nothing is left to ask about.
    fn gone(&self) -> Stack {
        Stack {
            id: self.stack_id.to_owned(),
            name: self.stack_name.to_owned(),
            status: "DELETE_COMPLETE".to_owned(),
            parameters: std::collections::BTreeMap::new(),
            outputs: std::collections::BTreeMap::new(),
        }
    }

    async fn ended(
        &self,
        stack: Stack,
        failure: Option<Box<StackEvent>>,
    ) -> Result<Stack, DeployError> {
        if stack.is_healthy() {
            return Ok(stack);
        }
        let mut kept = Vec::new();
        if stack.status.starts_with("ROLLBACK") {
            // Without them, the failure is still worth telling.
            kept = self.stacks.resources(&stack.id).await.unwrap_or_default();
            kept.retain(|resource| resource.status == "DELETE_SKIPPED");
        }
        Err(DeployError::Failed {
            name: stack.name,
            status: stack.status,
            failure,
            kept,
        })
    }
}
