//! How a deployment fails, and what can be done about it.

use thiserror::Error;

use super::{InvalidParameter, Stack, StackEvent, StackResource};
use crate::aws::ConnectError;
use crate::bundle::BundleError;
use crate::ports::RemoteError;

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
    /// Two stacks have the name, one with SAR's prefix and one without.
    #[error(
        "there are two stacks, {0} and {1}: say which one with `--from sar` or `--from checkout`"
    )]
    Ambiguous(String, String),
    /// `CloudFormation` can't compute the change set.
    #[error("CloudFormation refuses the change: {0}")]
    Refused(String),
    /// `CloudFormation` does not come to an end with the change set.
    #[error("CloudFormation did not compute the change set in time; nothing was done")]
    NotComputed,
    /// The watcher was interrupted before anything was executed.
    #[error("interrupted; nothing was done")]
    InterruptedBefore,
    /// The watcher was interrupted while the stack changed.
    #[error("interrupted; stack {0} goes on by itself")]
    Interrupted(String),
    /// The stack did not become what was wanted.
    #[error("stack {name} ended in {status}{}{}", because(.failure.as_deref()), left_behind(.kept))]
    Failed {
        /// The stack.
        name: String,
        /// Its status.
        status: String,
        /// The failure that led to it.
        failure: Option<Box<StackEvent>>,
        /// What a creation that failed has made and `CloudFormation` has not deleted again.
        kept: Vec<StackResource>,
    },
    /// The stack can't be asked how it goes.
    #[error("stack {name} goes on by itself, but can't be followed")]
    NotFollowed {
        /// The stack.
        name: String,
        /// Why.
        source: RemoteError,
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
            Self::Failed { status, .. } => Some(match status.as_str() {
                "DELETE_FAILED" => {
                    "mend the cause, and delete again: what could be deleted is gone"
                }
                "UPDATE_ROLLBACK_FAILED" => CONTINUE_ROLLBACK,
                status if status.starts_with("UPDATE") => {
                    "the stack is as it was before: mend the cause, and deploy again"
                }
                _ => {
                    "mend the cause, remove what is left with `cargo xtask deploy --delete`, and deploy again"
                }
            }),
            Self::NotFollowed { source, .. } => Some(source.failure.mend()),
            Self::Interrupted(_) | Self::TimeLimit(_) => {
                Some("run again when it is done: what is done stays done")
            }
            _ => None,
        }
    }
}

const CONTINUE_ROLLBACK: &str =
    "mend the cause, and let the stack go on with `aws cloudformation continue-update-rollback`";

/// Errors for a stack that can't be changed as it is.
pub(super) fn refuse_unready(stack: &Stack) -> Result<(), DeployError> {
    let mend = match stack.status.as_str() {
        _ if stack.is_busy() => "wait until that is done",
        "ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" | "CREATE_FAILED" | "DELETE_FAILED" => {
            "it is not complete; remove it with `cargo xtask deploy --delete`"
        }
        "UPDATE_ROLLBACK_FAILED" => CONTINUE_ROLLBACK,
        _ => return Ok(()),
    };
    Err(DeployError::StackNotReady {
        name: stack.name.clone(),
        status: stack.status.clone(),
        mend,
    })
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

fn left_behind(kept: &[StackResource]) -> String {
    kept.iter().fold(String::new(), |mut lines, resource| {
        lines.push_str("\n  left behind, to be deleted by hand: ");
        lines.push_str(&resource.to_string());
        lines
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn failed(status: &str, kept: Vec<StackResource>) -> DeployError {
        DeployError::Failed {
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
            kept,
        }
    }

    #[test]
    fn errors_say_what_to_do() {
        let table = StackResource {
            logical_id: "RegistrationTable".into(),
            physical_id: "mcp-RegistrationTable-1A2B".into(),
            resource_type: "AWS::DynamoDB::Table".into(),
            status: "DELETE_SKIPPED".into(),
        };
        insta::assert_snapshot!(failed("ROLLBACK_COMPLETE", vec![table]), @r"
        stack mcp ended in ROLLBACK_COMPLETE: AWS::Lambda::Function McpFunction: it exists
          left behind, to be deleted by hand: AWS::DynamoDB::Table mcp-RegistrationTable-1A2B (RegistrationTable)
        ");
        let statuses = [
            "ROLLBACK_COMPLETE",
            "UPDATE_ROLLBACK_COMPLETE",
            "UPDATE_ROLLBACK_FAILED",
            "DELETE_FAILED",
        ];
        let mends = statuses.map(|status| {
            let error = failed(status, Vec::new());
            format!("{status}: {}", error.mend().unwrap())
        });
        insta::assert_snapshot!(mends.join("\n"), @r"
        ROLLBACK_COMPLETE: mend the cause, remove what is left with `cargo xtask deploy --delete`, and deploy again
        UPDATE_ROLLBACK_COMPLETE: the stack is as it was before: mend the cause, and deploy again
        UPDATE_ROLLBACK_FAILED: mend the cause, and let the stack go on with `aws cloudformation continue-update-rollback`
        DELETE_FAILED: mend the cause, and delete again: what could be deleted is gone
        ");
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
        let refused = |status: &str| {
            let stack = Stack {
                id: "arn".into(),
                name: "mcp".into(),
                status: status.into(),
                parameters: BTreeMap::new(),
                outputs: BTreeMap::new(),
            };
            refuse_unready(&stack).map_err(|error| error.to_string())
        };
        for ready in [
            "CREATE_COMPLETE",
            "UPDATE_ROLLBACK_COMPLETE",
            "REVIEW_IN_PROGRESS",
        ] {
            assert_eq!(refused(ready), Ok(()), "{ready}");
        }
        let unready = [
            "ROLLBACK_COMPLETE",
            "UPDATE_IN_PROGRESS",
            "UPDATE_ROLLBACK_FAILED",
        ];
        let said = unready.map(|status| refused(status).unwrap_err());
        insta::assert_snapshot!(said.join("\n"), @r"
        stack mcp is in ROLLBACK_COMPLETE: it is not complete; remove it with `cargo xtask deploy --delete`
        stack mcp is in UPDATE_IN_PROGRESS: wait until that is done
        stack mcp is in UPDATE_ROLLBACK_FAILED: mend the cause, and let the stack go on with `aws cloudformation continue-update-rollback`
        ");
    }
}
