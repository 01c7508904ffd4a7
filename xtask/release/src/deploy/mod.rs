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

mod change;
mod follow;
mod parameters;
mod permissions;
mod removal;
mod stack;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::Serialize;
use thiserror::Error;

pub use self::parameters::{InvalidParameter, check as check_parameters};
pub use self::permissions::Permissions;
pub use self::removal::{Removal, RemoveOptions, RemoveOutcome, remove};
pub use self::stack::{Change, ChangeSet, Stack, StackEvent, StackResource};
use crate::application::{ApplicationArn, ApplicationName};
use crate::aws::{Aws, CloudFormation, ConnectError, Target, connect};
use crate::bundle::{Bundle, BundleError};
use crate::ports::RemoteError;
use crate::version::SemanticVersion;

/// What SAR puts before the names of the stacks that it makes.
const REPOSITORY_PREFIX: &str = "serverlessrepo-";

/// A stack's name, as it is given to SAR or `CloudFormation`: a letter, then letters, digits and hyphens.
///
/// At most 113 characters, so that SAR's prefix fits into `CloudFormation`'s 128.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackName(String);

/// A text that can't name a stack.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "`{0}` can't name a stack: it takes a letter, then letters, digits and hyphens, 113 characters at most"
)]
pub struct InvalidStackName(String);

impl StackName {
    const MAX_CHARS: usize = 128 - REPOSITORY_PREFIX.len();

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of the stack that SAR makes.
    fn in_repository(&self) -> String {
        format!("{REPOSITORY_PREFIX}{}", self.0)
    }
}

impl FromStr for StackName {
    type Err = InvalidStackName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // SAR's own prefix is no part of what SAR is given.
        let name = text.strip_prefix(REPOSITORY_PREFIX).unwrap_or(text);
        let is_valid = name.len() <= Self::MAX_CHARS
            && name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if is_valid {
            Ok(Self(name.to_owned()))
        } else {
            Err(InvalidStackName(text.to_owned()))
        }
    }
}

impl fmt::Display for StackName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An application in SAR.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Application {
    /// Anybody's.
    Arn(ApplicationArn),
    /// The one with this name in the caller's account and region.
    Own(ApplicationName),
}

/// Where the application comes from.
#[derive(Debug)]
pub enum Source {
    /// SAR.
    Repository {
        /// The application.
        application: Application,
        /// The version; without one, the newest.
        version: Option<SemanticVersion>,
    },
    /// A bundle, uploaded to a bucket of the caller's.
    Bundle {
        /// The bundle.
        bundle: Box<Bundle>,
        /// The bucket; without one, [`Publisher::default_bucket`](crate::application::Publisher::default_bucket).
        bucket: Option<String>,
    },
}

/// Sees what is going to happen, says whether it may, and sees it happen.
pub trait Watcher: Send {
    /// Whether to execute a change set that changes something. It is forgotten otherwise, and the account is as it was.
    fn confirm(&mut self, change_set: &ChangeSet) -> bool;

    /// Whether to delete a stack.
    fn confirm_removal(&mut self, removal: &Removal) -> bool;

    /// Something happened in the stack.
    fn event(&mut self, event: &StackEvent);
}

/// Says yes, and looks away.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unattended;

impl Watcher for Unattended {
    fn confirm(&mut self, _change_set: &ChangeSet) -> bool {
        true
    }

    fn confirm_removal(&mut self, _removal: &Removal) -> bool {
        true
    }

    fn event(&mut self, _event: &StackEvent) {}
}

/// What to deploy, and how.
pub struct DeployOptions {
    /// Where the application comes from.
    pub source: Source,
    /// The stack, without the prefix that SAR gives it.
    pub stack_name: StackName,
    /// Parameters to set. Those of an existing stack that are not named stay as they are.
    pub parameters: BTreeMap<String, String>,
    /// The account and the region.
    pub target: Target,
    /// How long the stack may take. It goes on by itself afterwards.
    pub time_limit: Duration,
    /// Who is asked and told.
    pub watcher: Box<dyn Watcher>,
}

impl fmt::Debug for DeployOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeployOptions")
            .field("source", &self.source)
            .field("stack_name", &self.stack_name)
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

/// How a deployment ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeployStatus {
    /// The stack is as wanted now.
    Deployed,
    /// It was before; nothing was done.
    Unchanged,
    /// The watcher said no; nothing was done.
    Declined,
}

/// What a deployment came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeployOutcome {
    /// How it ended.
    pub status: DeployStatus,
    /// The stack's whole name.
    pub stack_name: String,
    /// What executing the change set did or would do.
    pub change_set: ChangeSet,
    /// The stack's outputs; none if it does not exist.
    pub outputs: BTreeMap<String, String>,
    /// The IAM policies that people need for it.
    pub permissions: Option<Permissions>,
}

/// A deployment that did not come to its end.
#[derive(Debug, Error)]
pub enum DeployError {
    /// There is nothing to talk to.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// A request failed.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// The bundle can't be read.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The local cloud has no `CloudFormation`.
    #[error(
        "the local cloud has no CloudFormation: start it with `--cloudformation-endpoint URL` and that emulator's keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    )]
    NoCloudFormation,
    /// The application or the version is not there for the caller.
    #[error(
        "{0} is not there, or is not shared with this account; --application names another one"
    )]
    NotPublished(String),
    /// The template does not take the parameters.
    #[error("the parameters don't fit the template:{}", lines(.0))]
    Parameters(Vec<InvalidParameter>),
    /// The template is larger than a request to `CloudFormation` may be.
    #[error("the packaged template has {0} bytes, and CloudFormation takes 51,200")]
    TemplateTooLarge(usize),
    /// The stack can't be changed as it is.
    #[error("stack {name} is in {status}: {mend}")]
    StackNotReady {
        /// The stack.
        name: String,
        /// Its status.
        status: String,
        /// What to do.
        mend: &'static str,
    },
    /// `CloudFormation` can't compute the change set.
    #[error("CloudFormation refuses the change: {0}")]
    Refused(String),
    /// The stack did not become what was wanted.
    #[error("stack {name} ended in {status}{}", because(.failure.as_deref()))]
    Failed {
        /// The stack.
        name: String,
        /// Its status.
        status: String,
        /// The failure that led to it.
        failure: Option<Box<StackEvent>>,
    },
    /// The time is over.
    #[error("stack {0} is not done after the time limit; it goes on by itself")]
    TimeLimit(String),
}

impl DeployError {
    /// What can be done about it, if the cause tells.
    pub fn mend(&self) -> Option<&'static str> {
        match self {
            Self::Connect(ConnectError::Remote(error)) | Self::Remote(error) => {
                Some(error.failure.mend())
            }
            Self::Failed { status, .. } if status.starts_with("ROLLBACK") => Some(
                "mend the cause, remove what is left with `cargo xtask deploy --delete`, and deploy again",
            ),
            Self::Failed { .. } => {
                Some("the stack is as it was before: mend the cause, and deploy again")
            }
            Self::TimeLimit(_) => Some("run again to see how it went: what is done stays done"),
            _ => None,
        }
    }
}

fn lines(problems: &[InvalidParameter]) -> String {
    problems.iter().fold(String::new(), |mut lines, problem| {
        lines.push_str("\n  ");
        lines.push_str(&problem.to_string());
        lines
    })
}

fn because(failure: Option<&StackEvent>) -> String {
    let Some(failure) = failure else {
        return String::new();
    };
    let reason = failure.reason.as_deref().unwrap_or("no reason is given");
    format!(
        ": {} {}: {reason}",
        failure.resource_type, failure.logical_id
    )
}

/// Deploys the application: has a change set computed, lets the watcher see it, executes it, and follows the stack until
/// it is done.
///
/// # Errors
///
/// Before anything is executed, the account is left as it was, also when the watcher declines. A change that fails is
/// rolled back by `CloudFormation`.
pub async fn deploy(options: DeployOptions) -> Result<DeployOutcome, DeployError> {
    let DeployOptions {
        source,
        stack_name,
        parameters,
        target,
        time_limit,
        mut watcher,
    } = options;
    let aws = connect(&target).await?;
    let stacks = stacks(&aws)?;
    let full_name = match &source {
        Source::Repository { .. } => stack_name.in_repository(),
        Source::Bundle { .. } => stack_name.as_str().to_owned(),
    };
    let before = stacks.stack(&full_name).await?;
    refuse_unready(before.as_ref())?;
    let wanted = change::Wanted {
        stack_name: &stack_name,
        full_name: &full_name,
        parameters: &parameters,
        before: before.as_ref(),
    };
    let made = change::make(&aws, stacks, &source, &wanted).await?;
    let is_confirmed = !made.change_set.changes.is_empty() && watcher.confirm(&made.change_set);
    if !is_confirmed {
        change::forget(stacks, &made, before.as_ref()).await?;
        let is_empty = made.change_set.changes.is_empty();
        let outputs = before.map(|stack| stack.outputs).unwrap_or_default();
        return Ok(DeployOutcome {
            status: if is_empty {
                DeployStatus::Unchanged
            } else {
                DeployStatus::Declined
            },
            stack_name: full_name,
            change_set: made.change_set,
            permissions: Permissions::of(&outputs),
            outputs,
        });
    }
    let follower = follow::Follower::new(stacks, &made.stack_id, time_limit).await?;
    stacks.execute(&made.change_set.id).await?;
    let stack = follower.wait(&full_name, watcher.as_mut()).await?;
    Ok(DeployOutcome {
        status: DeployStatus::Deployed,
        stack_name: full_name,
        change_set: made.change_set,
        permissions: Permissions::of(&stack.outputs),
        outputs: stack.outputs,
    })
}

fn stacks(aws: &Aws) -> Result<&CloudFormation, DeployError> {
    aws.stacks.as_ref().ok_or(DeployError::NoCloudFormation)
}

fn refuse_unready(stack: Option<&Stack>) -> Result<(), DeployError> {
    let Some(stack) = stack else {
        return Ok(());
    };
    let mend = if stack.is_busy() {
        "wait until that is done"
    } else if matches!(
        stack.status.as_str(),
        "ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" | "CREATE_FAILED" | "DELETE_FAILED"
    ) {
        "it was never complete; remove it with `cargo xtask deploy --delete`"
    } else {
        return Ok(());
    };
    Err(DeployError::StackNotReady {
        name: stack.name.clone(),
        status: stack.status.clone(),
        mend,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_is_named_with_or_without_the_prefix() {
        for name in ["mcp", "serverlessrepo-mcp"] {
            let name: StackName = name.parse().unwrap();
            assert_eq!(name.as_str(), "mcp");
            assert_eq!(name.in_repository(), "serverlessrepo-mcp");
        }
        assert!("a".repeat(113).parse::<StackName>().is_ok());
        for wrong in ["", "1a", "a_b", "-", "serverlessrepo-", &"a".repeat(114)] {
            assert!(wrong.parse::<StackName>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn errors_say_what_to_do() {
        let failed = |status: &str| DeployError::Failed {
            name: "mcp".into(),
            status: status.into(),
            failure: Some(Box::new(StackEvent {
                id: "1".into(),
                time: "2026-11-23T12:00:00Z".into(),
                logical_id: "McpFunction".into(),
                resource_type: "AWS::Lambda::Function".into(),
                status: "CREATE_FAILED".into(),
                reason: Some("it exists".into()),
            })),
        };
        insta::assert_snapshot!(failed("ROLLBACK_COMPLETE"), @"stack mcp ended in ROLLBACK_COMPLETE: AWS::Lambda::Function McpFunction: it exists");
        insta::assert_snapshot!(failed("ROLLBACK_COMPLETE").mend().unwrap(), @"mend the cause, remove what is left with `cargo xtask deploy --delete`, and deploy again");
        insta::assert_snapshot!(failed("UPDATE_ROLLBACK_COMPLETE").mend().unwrap(), @"the stack is as it was before: mend the cause, and deploy again");
        let problem = InvalidParameter {
            name: "SubnetIds".into(),
            problem: "is needed, because VpcEnabled is true".into(),
        };
        insta::assert_snapshot!(DeployError::Parameters(vec![problem]), @r"
        the parameters don't fit the template:
          SubnetIds: is needed, because VpcEnabled is true
        ");
    }

    #[test]
    fn a_stack_that_was_never_complete_is_not_updated() {
        let stack = |status: &str| Stack {
            id: "arn".into(),
            name: "mcp".into(),
            status: status.into(),
            parameters: BTreeMap::new(),
            outputs: BTreeMap::new(),
        };
        let refused =
            |status: &str| refuse_unready(Some(&stack(status))).map_err(|e| e.to_string());
        for ready in [
            "CREATE_COMPLETE",
            "UPDATE_ROLLBACK_COMPLETE",
            "REVIEW_IN_PROGRESS",
        ] {
            assert_eq!(refused(ready), Ok(()), "{ready}");
        }
        insta::assert_snapshot!(refused("ROLLBACK_COMPLETE").unwrap_err(), @"stack mcp is in ROLLBACK_COMPLETE: it was never complete; remove it with `cargo xtask deploy --delete`");
        insta::assert_snapshot!(refused("UPDATE_IN_PROGRESS").unwrap_err(), @"stack mcp is in UPDATE_IN_PROGRESS: wait until that is done");
    }
}
