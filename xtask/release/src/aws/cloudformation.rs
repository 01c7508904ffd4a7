//! Stacks, by the SDK for `CloudFormation`.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::operation::describe_change_set::DescribeChangeSetOutput;
use aws_sdk_cloudformation::types::{
    Capability, ChangeAction, ChangeSetStatus, ChangeSetType, Parameter, ResourceStatus,
    StackEvent as SdkEvent, StackStatus, TemplateStage,
};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde_json::Value;

use tooling::aws::error::{code, remote};

use crate::deploy::{Change, Stack, StackEvent, StackResource};
use crate::ports::{Failure, RemoteError};

/// `CloudFormation` in one region.
#[derive(Debug, Clone)]
pub struct CloudFormation {
    client: Client,
    /// Whether it is on this machine, where asking often costs nothing.
    pub is_local: bool,
}

/// How far a change set is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeSetState {
    /// It is being computed.
    Pending,
    /// It can be executed.
    Ready(Vec<Change>),
    /// There is nothing to change.
    Empty,
    /// It can't be computed.
    Failed(String),
}

/// A change set to be made from a template.
#[derive(Debug, Clone)]
pub struct ChangeSetRequest<'a> {
    /// The stack.
    pub stack_name: &'a str,
    /// The change set's name.
    pub name: &'a str,
    /// Whether the stack does not exist yet.
    pub is_new_stack: bool,
    /// The template, at most 51,200 bytes.
    pub template: &'a str,
    /// The parameters to set.
    pub parameters: &'a BTreeMap<String, String>,
    /// The parameters that stay as they are.
    pub unchanged: &'a [String],
    /// What the caller acknowledges, such as `CAPABILITY_IAM`.
    pub capabilities: &'a [String],
}

impl CloudFormation {
    pub(super) fn new(client: Client, is_local: bool) -> Self {
        Self { client, is_local }
    }

    /// The stack with this name or ARN, if there is one.
    pub async fn stack(&self, name: &str) -> Result<Option<Stack>, RemoteError> {
        let operation = "DescribeStacks";
        let answer = self.client.describe_stacks().stack_name(name).send().await;
        let output = match answer {
            Ok(output) => output,
            // There is no code of its own for a stack that does not exist.
            Err(error)
                if code(&error) == Some("ValidationError")
                    && remote(operation, &error).message.contains("does not exist") =>
            {
                return Ok(None);
            }
            Err(error) => return Err(remote(operation, &error)),
        };
        let Some(stack) = output.stacks().first() else {
            return Ok(None);
        };
        let parameters = stack.parameters().iter().filter_map(|it| {
            Some((
                it.parameter_key()?.to_owned(),
                it.parameter_value()?.to_owned(),
            ))
        });
        let outputs = stack
            .outputs()
            .iter()
            .filter_map(|it| Some((it.output_key()?.to_owned(), it.output_value()?.to_owned())));
        let status = stack.stack_status().map(StackStatus::as_str);
        Ok(Some(Stack {
            id: owned(stack.stack_id()),
            name: owned(stack.stack_name()),
            status: owned(status),
            parameters: parameters.collect(),
            outputs: outputs.collect(),
        }))
    }

    /// Has a change set computed, and answers its ARN and the stack's.
    pub async fn create_change_set(
        &self,
        request: &ChangeSetRequest<'_>,
    ) -> Result<(String, String), RemoteError> {
        let set = request.parameters.iter().map(|(key, value)| {
            Parameter::builder()
                .parameter_key(key)
                .parameter_value(value)
                .build()
        });
        let unchanged = request.unchanged.iter().map(|key| {
            Parameter::builder()
                .parameter_key(key)
                .use_previous_value(true)
                .build()
        });
        let capabilities = request.capabilities.iter();
        let capabilities = capabilities.map(|it| Capability::from(it.as_str()));
        let output = self
            .client
            .create_change_set()
            .stack_name(request.stack_name)
            .change_set_name(request.name)
            .change_set_type(if request.is_new_stack {
                ChangeSetType::Create
            } else {
                ChangeSetType::Update
            })
            .template_body(request.template)
            .set_parameters(Some(set.chain(unchanged).collect()))
            .set_capabilities(Some(capabilities.collect()))
            .client_token(request.name)
            .send()
            .await
            .map_err(|error| remote("CreateChangeSet", &error))?;
        Ok((owned(output.id()), owned(output.stack_id())))
    }

    /// How far a change set is.
    pub async fn change_set(&self, id: &str) -> Result<ChangeSetState, RemoteError> {
        let mut changes = Vec::new();
        let mut token = None;
        loop {
            let output = self
                .client
                .describe_change_set()
                .change_set_name(id)
                .set_next_token(token)
                .send()
                .await
                .map_err(|error| remote("DescribeChangeSet", &error))?;
            match output.status() {
                Some(ChangeSetStatus::CreateComplete) => changes.extend(changes_of(&output)),
                Some(ChangeSetStatus::Failed) => {
                    let reason = owned(output.status_reason());
                    return Ok(if says_nothing_changes(&reason) {
                        ChangeSetState::Empty
                    } else {
                        ChangeSetState::Failed(reason)
                    });
                }
                _ => return Ok(ChangeSetState::Pending),
            }
            match output.next_token {
                Some(next) => token = Some(next),
                None => return Ok(ChangeSetState::Ready(changes)),
            }
        }
    }

    /// Begins to do what a change set says.
    pub async fn execute(&self, change_set: &str) -> Result<(), RemoteError> {
        self.client
            .execute_change_set()
            .change_set_name(change_set)
            // An attempt after a lost answer is the same request then, and no error.
            .client_request_token(token(change_set))
            .send()
            .await
            .map(drop)
            .map_err(|error| remote("ExecuteChangeSet", &error))
    }

    /// Forgets a change set.
    pub async fn delete_change_set(&self, id: &str) -> Result<(), RemoteError> {
        self.client
            .delete_change_set()
            .change_set_name(id)
            .send()
            .await
            .map(drop)
            .map_err(|error| remote("DeleteChangeSet", &error))
    }

    /// Begins to delete a stack.
    pub async fn delete_stack(&self, id: &str) -> Result<(), RemoteError> {
        self.client
            .delete_stack()
            .stack_name(id)
            .send()
            .await
            .map(drop)
            .map_err(|error| remote("DeleteStack", &error))
    }

    /// What happened to a stack after the event `last`, oldest first; without one, everything.
    pub async fn events_after(
        &self,
        stack: &str,
        last: Option<&str>,
    ) -> Result<Vec<StackEvent>, RemoteError> {
        let mut events = Vec::new();
        let mut token = None;
        loop {
            let output = self
                .client
                .describe_stack_events()
                .stack_name(stack)
                .set_next_token(token)
                .send()
                .await
                .map_err(|error| remote("DescribeStackEvents", &error))?;
            // Newest first.
            for event in output.stack_events() {
                if last.is_some() && event.event_id() == last {
                    events.reverse();
                    return Ok(events);
                }
                events.push(event_of(event));
            }
            token = output.next_token;
            if token.is_none() {
                events.reverse();
                return Ok(events);
            }
        }
    }

    /// The stack's resources, without those that are deleted.
    pub async fn resources(&self, stack: &str) -> Result<Vec<StackResource>, RemoteError> {
        let mut resources = Vec::new();
        let mut token = None;
        loop {
            let output = self
                .client
                .list_stack_resources()
                .stack_name(stack)
                .set_next_token(token)
                .send()
                .await
                .map_err(|error| remote("ListStackResources", &error))?;
            let page = output.stack_resource_summaries().iter();
            let page = page.filter(|resource| {
                resource.resource_status() != Some(&ResourceStatus::DeleteComplete)
            });
            resources.extend(page.map(|resource| StackResource {
                logical_id: owned(resource.logical_resource_id()),
                physical_id: owned(resource.physical_resource_id()),
                resource_type: owned(resource.resource_type()),
                status: owned(resource.resource_status().map(ResourceStatus::as_str)),
            }));
            match output.next_token {
                Some(next) => token = Some(next),
                None => return Ok(resources),
            }
        }
    }

    /// The stack's template, as it was given.
    pub async fn template(&self, stack: &str) -> Result<Value, RemoteError> {
        let operation = "GetTemplate";
        let output = self
            .client
            .get_template()
            .stack_name(stack)
            .template_stage(TemplateStage::Original)
            .send()
            .await
            .map_err(|error| remote(operation, &error))?;
        serde_saphyr::from_str(output.template_body().unwrap_or_default()).map_err(|error| {
            RemoteError {
                operation,
                failure: Failure::Refused,
                message: format!("the stack's template can't be read: {error}"),
            }
        })
    }
}

/// The reasons that `CloudFormation` and the SAM transform give for a change set without changes: there is no status
/// for it.
fn says_nothing_changes(reason: &str) -> bool {
    ["didn't contain changes", "No updates are to be performed"]
        .iter()
        .any(|words| reason.contains(words))
}

fn changes_of(output: &DescribeChangeSetOutput) -> impl Iterator<Item = Change> + '_ {
    output.changes().iter().filter_map(|change| {
        let change = change.resource_change()?;
        Some(Change {
            action: owned(change.action().map(ChangeAction::as_str)),
            logical_id: owned(change.logical_resource_id()),
            resource_type: owned(change.resource_type()),
            replacement: change.replacement().map(|it| it.as_str().to_owned()),
        })
    })
}

fn event_of(event: &SdkEvent) -> StackEvent {
    let time = event
        .timestamp()
        .and_then(|time| DateTime::from_secs(time.secs()).fmt(Format::DateTime).ok());
    StackEvent {
        id: owned(event.event_id()),
        time: time.unwrap_or_default(),
        logical_id: owned(event.logical_resource_id()),
        resource_type: owned(event.resource_type()),
        status: owned(event.resource_status().map(ResourceStatus::as_str)),
        reason: event
            .resource_status_reason()
            .filter(|reason| !reason.is_empty())
            .map(str::to_owned),
    }
}

/// A token for a change set's execution: at most 128 letters, digits and hyphens, of which its ARN ends with an
/// identifier.
fn token(change_set: &str) -> &str {
    change_set.rsplit('/').next().unwrap_or(change_set)
}

fn owned(text: Option<&str>) -> String {
    text.unwrap_or_default().to_owned()
}
