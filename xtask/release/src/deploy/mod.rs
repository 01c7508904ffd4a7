//! Deploying the application into an account: as anybody does, from the Serverless Application Repository (SAR), or from
//! a bundle that was never published.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use release::aws::Target;
//! use release::deploy::{Application, DeployOptions, Source, Unattended};
//!
//! let outcome = release::deploy(DeployOptions {
//!     source: Source::Repository {
//!         application: Application::Own("mcp-lambda-sam".parse()?),
//!         version: None,
//!     },
//!     stack_name: "mcp".parse()?,
//!     parameters: [("StackIdentifier".into(), "mcp".into())].into(),
//!     target: Target::Aws { region: Some("eu-west-1".into()), endpoint_url: None },
//!     time_limit: std::time::Duration::from_mins(30),
//!     watcher: Box::new(Unattended),
//! })
//! .await?;
//! println!("{}", outcome.outputs["McpFunctionUrl"]);
//! # Ok(())
//! # }
//! ```
//!
//! A [`Watcher`] of one's own sees the change set, says whether to execute it, and sees the stack's events:
//!
//! ```
//! use release::deploy::{ChangeSet, Removal, Reply, StackEvent, Watcher};
//!
//! /// Lets nothing be replaced.
//! struct Careful;
//!
//! impl Watcher for Careful {
//!     fn confirm<'a>(&'a mut self, change_set: &'a ChangeSet) -> Reply<'a, bool> {
//!         Box::pin(async move {
//!             let mut replacements = change_set.changes.iter().map(|change| change.replacement.as_deref());
//!             replacements.all(|replacement| matches!(replacement, None | Some("False")))
//!         })
//!     }
//!
//!     fn confirm_removal<'a>(&'a mut self, _removal: &'a Removal) -> Reply<'a, bool> {
//!         Box::pin(std::future::ready(false))
//!     }
//!
//!     fn event(&mut self, event: &StackEvent) {
//!         eprintln!("{event}");
//!     }
//! }
//! ```

mod change;
mod error;
mod follow;
mod name;
mod options;
mod parameters;
mod permissions;
mod removal;
mod stack;
mod watcher;

pub use self::error::DeployError;
pub use self::name::{InvalidStackName, StackName};
pub use self::options::{Application, DeployOptions, DeployOutcome, DeployStatus, Source};
pub use self::parameters::{InvalidParameter, check as check_parameters};
pub use self::permissions::Permissions;
pub use self::removal::{Removal, RemoveOptions, RemoveOutcome, StackOrigin, remove};
pub use self::stack::{Change, ChangeSet, Stack, StackEvent, StackResource};
pub use self::watcher::{Reply, Unattended, Watcher};
use crate::aws::{Aws, CloudFormation, connect};
use crate::ports::Failure;

/// Deploys the application: has a change set computed, lets the watcher see it, executes it, and follows the stack until
/// it is done.
///
/// # Errors
///
/// Before anything is executed, the account is left as it was, also when the watcher declines or is interrupted. A
/// change that fails is rolled back by `CloudFormation`.
pub async fn deploy(options: DeployOptions) -> Result<DeployOutcome, DeployError> {
    let DeployOptions {
        source,
        stack_name,
        parameters,
        target,
        time_limit,
        mut watcher,
    } = options;
    let mut interruption = watcher.interruption();
    let aws = connect(&target).await?;
    let stacks = stacks(&aws)?;
    let full_name = match &source {
        Source::Repository { .. } => stack_name.in_repository(),
        Source::Bundle { .. } => stack_name.to_string(),
    };
    let before = stacks.stack(&full_name).await?;
    if let Some(stack) = &before {
        error::refuse_unready(stack)?;
    }
    let wanted = change::Wanted {
        stack_name: &stack_name,
        full_name: &full_name,
        parameters: &parameters,
        before: before.as_ref(),
    };
    let made = change::make(&aws, stacks, &source, &wanted, &mut interruption).await?;
    let is_empty = made.change_set.changes.is_empty();
    if is_empty || !watcher.confirm(&made.change_set).await {
        change::forget(stacks, &made, before.as_ref()).await?;
        let stack = before.filter(|stack| !stack.is_empty());
        let status = if is_empty {
            DeployStatus::Unchanged
        } else {
            DeployStatus::Declined
        };
        return Ok(outcome(status, full_name, stack, made.change_set));
    }
    let follower = follow::Follower::new(stacks, &made.stack_id, &full_name).await?;
    if let Err(error) = stacks.execute(&made.change_set.id).await {
        // An answer that was lost may have been a yes.
        if !matches!(error.failure, Failure::Unreachable | Failure::Service) {
            // Why it can't be executed says more than why it can't be forgotten.
            drop(change::forget(stacks, &made, before.as_ref()).await);
        }
        return Err(error.into());
    }
    let stack = follower
        .wait(time_limit, &mut interruption, watcher.as_mut())
        .await?;
    Ok(outcome(
        DeployStatus::Deployed,
        full_name,
        Some(stack),
        made.change_set,
    ))
}

fn outcome(
    status: DeployStatus,
    stack_name: String,
    stack: Option<Stack>,
    change_set: ChangeSet,
) -> DeployOutcome {
    let (stack_id, outputs) = stack.map(|stack| (stack.id, stack.outputs)).unzip();
    let outputs = outputs.unwrap_or_default();
    DeployOutcome {
        status,
        stack_name,
        stack_id,
        change_set,
        permissions: Permissions::of(&outputs),
        outputs,
    }
}

fn stacks(aws: &Aws) -> Result<&CloudFormation, DeployError> {
    aws.stacks.as_ref().ok_or(DeployError::NoCloudFormation)
}
