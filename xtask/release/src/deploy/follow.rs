//! Following a stack until an operation on it is done.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{DeployError, Stack, StackEvent, Watcher};
use crate::aws::CloudFormation;

/// The type of the events about a stack itself.
const STACK: &str = "AWS::CloudFormation::Stack";
/// `CloudFormation` throttles early and has nothing to subscribe to: it is asked this often at first, and less often
/// as time goes by.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LAST_PAUSE: Duration = Duration::from_secs(5);
/// The pause for an emulator.
const LOCAL_PAUSE: Duration = Duration::from_millis(100);

/// Pauses between questions.
pub(super) struct Pace {
    pause: Duration,
    last: Duration,
    end: Instant,
}

impl Pace {
    pub(super) fn new(stacks: &CloudFormation, time_limit: Duration) -> Self {
        let (pause, last) = if stacks.is_local {
            (LOCAL_PAUSE, LOCAL_PAUSE)
        } else {
            (FIRST_PAUSE, LAST_PAUSE)
        };
        Self {
            pause,
            last,
            end: Instant::now() + time_limit,
        }
    }

    /// Waits; false when there is no time left.
    pub(super) async fn wait(&mut self) -> bool {
        if Instant::now() + self.pause > self.end {
            return false;
        }
        sleep(self.pause).await;
        self.pause = self.last.min(self.pause.mul_f32(1.25));
        true
    }
}

/// Follows one stack, from the last event before an operation.
pub(super) struct Follower<'a> {
    stacks: &'a CloudFormation,
    stack_id: &'a str,
    last_event: Option<String>,
    pace: Pace,
}

impl<'a> Follower<'a> {
    /// To be made before the operation begins.
    pub(super) async fn new(
        stacks: &'a CloudFormation,
        stack_id: &'a str,
        time_limit: Duration,
    ) -> Result<Self, DeployError> {
        let events = stacks.events_after(stack_id, None).await?;
        Ok(Self {
            stacks,
            stack_id,
            last_event: events.into_iter().next_back().map(|event| event.id),
            pace: Pace::new(stacks, time_limit),
        })
    }

    /// Tells the watcher of every event until the operation is done, and answers the stack.
    pub(super) async fn wait(
        mut self,
        stack_name: &str,
        watcher: &mut dyn Watcher,
    ) -> Result<Stack, DeployError> {
        let mut failure: Option<Box<StackEvent>> = None;
        loop {
            let last = self.last_event.as_deref();
            let events = self.stacks.events_after(self.stack_id, last).await?;
            let mut end = None;
            for event in events {
                watcher.event(&event);
                self.last_event = Some(event.id.clone());
                if event.resource_type == STACK && event.logical_id == stack_name {
                    end = (!event.status.ends_with("_IN_PROGRESS")).then(|| event.status.clone());
                }
                if failure.is_none() && event.is_first_failure() {
                    failure = Some(Box::new(event));
                }
            }
            if let Some(status) = end {
                return self.ended(stack_name, status, failure).await;
            }
            if !self.pace.wait().await {
                return Err(DeployError::TimeLimit(stack_name.to_owned()));
            }
        }
    }

    async fn ended(
        &self,
        stack_name: &str,
        status: String,
        failure: Option<Box<StackEvent>>,
    ) -> Result<Stack, DeployError> {
        let stack = self.stacks.stack(self.stack_id).await?;
        let stack = stack.unwrap_or_else(|| Stack {
            id: self.stack_id.to_owned(),
            name: stack_name.to_owned(),
            status,
            parameters: std::collections::BTreeMap::new(),
            outputs: std::collections::BTreeMap::new(),
        });
        if stack.is_healthy() {
            return Ok(stack);
        }
        Err(DeployError::Failed {
            name: stack.name,
            status: stack.status,
            failure,
        })
    }
}
