//! Taking a stack down.

use std::fmt;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::{DeployError, Stack, StackName, StackResource, Watcher, follow, stacks};
use crate::aws::{CloudFormation, Target, connect};

/// Who has made a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StackOrigin {
    /// SAR, which has put its prefix before the stack's name.
    Repository,
    /// A deployment from a bundle; the stack's name is as it was given.
    Bundle,
}

/// Which stack to take down.
pub struct RemoveOptions {
    /// The stack, with or without the prefix that SAR gives it.
    pub stack_name: StackName,
    /// Who has made it. Without this, the name has to be that of one stack alone.
    pub origin: Option<StackOrigin>,
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
    let mut interruption = watcher.interruption();
    let Some(stack) = find(stacks, &options.stack_name, options.origin).await? else {
        return Ok(RemoveOutcome::Absent);
    };
    let resources = stacks.resources(&stack.id).await?;
    let template = if resources.is_empty() {
        Value::Null
    } else {
        stacks.template(&stack.id).await?
    };
    let (retained, deleted) = resources
        .into_iter()
        .partition(|resource| resource.is_retained(&template));
    let removal = Removal {
        stack_name: stack.name,
        deleted,
        retained,
    };
    if !watcher.confirm_removal(&removal).await {
        return Ok(RemoveOutcome::Declined(removal));
    }
    let follower = follow::Follower::new(stacks, &stack.id, &removal.stack_name).await?;
    stacks.delete_stack(&stack.id).await?;
    follower
        .wait(options.time_limit, &mut interruption, watcher.as_mut())
        .await?;
    Ok(RemoveOutcome::Removed(removal))
}

/// The stack with this name. A stack that SAR has made and another one may differ by SAR's prefix alone.
async fn find(
    stacks: &CloudFormation,
    name: &StackName,
    origin: Option<StackOrigin>,
) -> Result<Option<Stack>, DeployError> {
    let given = name.to_string();
    match origin {
        Some(StackOrigin::Repository) => Ok(stacks.stack(&name.in_repository()).await?),
        Some(StackOrigin::Bundle) => Ok(stacks.stack(&given).await?),
        None if name.has_prefix() => Ok(stacks.stack(&given).await?),
        None => {
            let in_repository = stacks.stack(&name.in_repository()).await?;
            let other = stacks.stack(&given).await?;
            if in_repository.is_some() && other.is_some() {
                return Err(DeployError::Ambiguous(name.in_repository(), given));
            }
            Ok(in_repository.or(other))
        }
    }
}
