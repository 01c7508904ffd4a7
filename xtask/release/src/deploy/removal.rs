//! Taking a stack down.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::{DeployError, StackName, StackResource, Watcher, follow, stacks};
use crate::aws::{Target, connect};

/// Which stack to take down.
pub struct RemoveOptions {
    /// The stack, with or without the prefix that SAR gives it.
    pub stack_name: StackName,
    /// The account and the region.
    pub target: Target,
    /// How long it may take. It goes on by itself afterwards.
    pub time_limit: Duration,
    /// Who is asked and told.
    pub watcher: Box<dyn Watcher>,
}

impl fmt::Debug for RemoveOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoveOptions")
            .field("stack_name", &self.stack_name)
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

/// What deleting a stack does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Removal {
    /// The stack's whole name.
    pub stack_name: String,
    /// The resources that are deleted.
    pub deleted: Vec<StackResource>,
    /// The resources that are left behind: tables with data, which are deleted by hand.
    pub retained: Vec<StackResource>,
}

impl fmt::Display for Removal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stack {}", self.stack_name)?;
        for resource in &self.deleted {
            write!(f, "\n  delete  {resource}")?;
        }
        for resource in &self.retained {
            write!(f, "\n  keep    {resource}")?;
        }
        Ok(())
    }
}

/// How taking a stack down ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
pub enum RemoveOutcome {
    /// It is gone.
    Removed(Removal),
    /// The watcher said no; nothing was done.
    Declined(Removal),
    /// There is no such stack.
    Absent,
}

/// Deletes a stack and follows it until it is gone.
///
/// # Errors
///
/// When the stack can't be deleted; what could be deleted is gone then.
pub async fn remove(options: RemoveOptions) -> Result<RemoveOutcome, DeployError> {
    let mut watcher = options.watcher;
    let aws = connect(&options.target).await?;
    let stacks = stacks(&aws)?;
    let name = &options.stack_name;
    let stack = match stacks.stack(&name.in_repository()).await? {
        Some(stack) => Some(stack),
        None => stacks.stack(name.as_str()).await?,
    };
    let Some(stack) = stack else {
        return Ok(RemoveOutcome::Absent);
    };
    let mut deleted = stacks.resources(&stack.id).await?;
    let mut retained = Vec::new();
    if !deleted.is_empty() {
        retained = StackResource::retained(&deleted, &stacks.template(&stack.id).await?);
        deleted.retain(|resource| !retained.contains(resource));
    }
    let removal = Removal {
        stack_name: stack.name,
        deleted,
        retained,
    };
    if !watcher.confirm_removal(&removal) {
        return Ok(RemoveOutcome::Declined(removal));
    }
    let follower = follow::Follower::new(stacks, &stack.id, options.time_limit).await?;
    stacks.delete_stack(&stack.id).await?;
    follower.wait(&removal.stack_name, watcher.as_mut()).await?;
    Ok(RemoveOutcome::Removed(removal))
}
