//! Having a change set computed, and forgetting it again.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::follow::{Interruption, Pace, Stop};
use super::{
    Application, Change, ChangeSet, DeployError, InvalidParameter, Source, Stack, StackName,
    parameters,
};
use crate::application::ApplicationArn;
use crate::aws::{Aws, ChangeSetRequest, ChangeSetState, CloudFormation, RepositoryChangeSet};
use crate::bundle::Bundle;
use crate::desired::Desired;
use crate::ports::{ArtifactStore as _, LiveBucket, Repository as _};
use crate::sharing::SharingPolicy;
use crate::version::SemanticVersion;

/// The largest template that a request may hold. Source: `CloudFormation` quotas, "Template body size in a request".
const TEMPLATE_AT_MOST: usize = 51_200;
/// How long computing a change set may take: `CloudFormation` needs seconds, and SAR before it as many.
const COMPUTING_AT_MOST: Duration = Duration::from_mins(5);

/// What the stack is to become.
pub(super) struct Wanted<'a> {
    /// The name that SAR is given.
    pub(super) stack_name: &'a StackName,
    /// The name that the stack has.
    pub(super) full_name: &'a str,
    /// The parameters to set.
    pub(super) parameters: &'a BTreeMap<String, String>,
    /// The stack as it is.
    pub(super) before: Option<&'a Stack>,
}

/// A computed change set and its stack.
pub(super) struct Made {
    pub(super) change_set: ChangeSet,
    pub(super) stack_id: String,
}

/// Has the change set computed; nothing is left of one that can't be.
pub(super) async fn make(
    aws: &Aws,
    stacks: &CloudFormation,
    source: &Source,
    wanted: &Wanted<'_>,
    interruption: &mut Interruption,
) -> Result<Made, DeployError> {
    let (ids, capabilities) = match source {
        Source::Repository {
            application,
            version,
        } => {
            let application = match application {
                Application::Arn(arn) => arn.clone(),
                Application::Own(name) => aws.publisher.application(name),
            };
            from_repository(aws, &application, version.as_ref(), wanted).await?
        }
        Source::Bundle { bundle, bucket } => {
            let bucket = bucket.clone();
            let bucket = bucket.unwrap_or_else(|| aws.publisher.default_bucket());
            from_bundle(aws, stacks, bundle, bucket, wanted).await?
        }
    };
    let (id, stack_id) = ids;
    let mut made = Made {
        change_set: ChangeSet {
            id,
            stack_name: wanted.full_name.to_owned(),
            is_new_stack: wanted.before.is_none_or(Stack::is_empty),
            changes: Vec::new(),
            capabilities,
        },
        stack_id,
    };
    match changes(stacks, &made.change_set.id, interruption).await {
        Ok(changes) => {
            made.change_set.changes = changes;
            Ok(made)
        }
        Err(error) => {
            // Why there is no change set says more than why it can't be forgotten.
            drop(forget(stacks, &made, wanted.before).await);
            Err(error)
        }
    }
}

/// Waits for the changes.
async fn changes(
    stacks: &CloudFormation,
    change_set: &str,
    interruption: &mut Interruption,
) -> Result<Vec<Change>, DeployError> {
    let mut pace = Pace::new(stacks, COMPUTING_AT_MOST, interruption);
    loop {
        match stacks.change_set(change_set).await? {
            ChangeSetState::Pending => {}
            ChangeSetState::Ready(changes) => return Ok(changes),
            ChangeSetState::Empty => return Ok(Vec::new()),
            ChangeSetState::Failed(reason) => return Err(DeployError::Refused(reason)),
        }
        pace.wait().await.map_err(|stop| match stop {
            Stop::TimeLimit => DeployError::NotComputed,
            Stop::Interrupted => DeployError::InterruptedBefore,
        })?;
    }
}

/// Leaves the account as it was before the change set: without it, and without the empty stack that it made.
pub(super) async fn forget(
    stacks: &CloudFormation,
    made: &Made,
    before: Option<&Stack>,
) -> Result<(), DeployError> {
    let deleted = stacks.delete_change_set(&made.change_set.id).await;
    if before.is_none() {
        let now = stacks.stack(&made.stack_id).await?;
        if now.is_some_and(|stack| stack.is_empty()) {
            // Its change sets go with it, also those that can't be deleted while they are computed.
            return Ok(stacks.delete_stack(&made.stack_id).await?);
        }
    }
    Ok(deleted?)
}

/// The ARNs of a change set and of its stack, and the capabilities it was made with.
type Requested = ((String, String), Vec<String>);

async fn from_repository(
    aws: &Aws,
    application: &ApplicationArn,
    version: Option<&SemanticVersion>,
    wanted: &Wanted<'_>,
) -> Result<Requested, DeployError> {
    let missing = || DeployError::NotPublished(application.to_string());
    let version = if let Some(version) = version {
        version.clone()
    } else {
        let live = aws.repository.application(application).await?;
        live.and_then(|it| it.latest).ok_or_else(missing)?
    };
    let published = aws.repository.version(application, &version).await?;
    let published = published
        .ok_or_else(|| DeployError::NotPublished(format!("{application}, version {version}")))?;
    let template = published.template.as_value();
    // SAR has no way to say that a value stays, so the present ones are given again.
    let mut parameters = kept(template, wanted);
    let mut problems = parameters::unknown_secrets(template, &parameters, wanted.parameters);
    parameters.extend(wanted.parameters.clone());
    problems.extend(parameters::check(template, &parameters));
    refuse(problems)?;
    let request = RepositoryChangeSet {
        application,
        version: &version,
        stack_name: wanted.stack_name.without_prefix(),
        token: &unused_name(),
        parameters: &parameters,
        capabilities: &published.required_capabilities,
    };
    let ids = aws.repository.create_change_set(&request).await?;
    Ok((ids, published.required_capabilities))
}

async fn from_bundle(
    aws: &Aws,
    stacks: &CloudFormation,
    bundle: &Bundle,
    bucket: String,
    wanted: &Wanted<'_>,
) -> Result<Requested, DeployError> {
    let desired = Desired::new(
        bundle,
        aws.publisher.clone(),
        bucket,
        SharingPolicy::default(),
    )?;
    let template = desired.template.as_value();
    let kept = kept(template, wanted);
    let mut parameters = kept.clone();
    parameters.extend(wanted.parameters.clone());
    refuse(parameters::check(template, &parameters))?;
    let text = template.to_string();
    if text.len() > TEMPLATE_AT_MOST {
        return Err(DeployError::TemplateTooLarge(text.len()));
    }
    upload(aws, bundle, &desired).await?;
    let unchanged: Vec<_> = kept
        .into_keys()
        .filter(|name| !wanted.parameters.contains_key(name))
        .collect();
    // The SAM transform makes the functions' roles. SAR has done that before, so it asks for nothing.
    let capabilities = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"].map(str::to_owned);
    let request = ChangeSetRequest {
        stack_name: wanted.full_name,
        name: &unused_name(),
        is_new_stack: wanted.before.is_none_or(Stack::is_empty),
        template: &text,
        parameters: wanted.parameters,
        unchanged: &unchanged,
        capabilities: &capabilities,
    };
    let ids = stacks.create_change_set(&request).await?;
    Ok((ids, capabilities.into()))
}

/// The functions' code, where it is not there yet. The source archive is SAR's alone.
async fn upload(aws: &Aws, bundle: &Bundle, desired: &Desired) -> Result<(), DeployError> {
    let bucket = &desired.bucket;
    if aws.store.bucket(bucket).await? == LiveBucket::Missing {
        aws.store.create_bucket(bucket).await?;
    }
    let source = &desired.manifest.source;
    for object in &desired.objects {
        if object.artifact == *source || aws.store.has(bucket, &object.key).await? {
            continue;
        }
        let content = bundle.read(&object.artifact)?;
        aws.store.put(bucket, &object.key, content).await?;
    }
    Ok(())
}

/// The stack's present parameters that the template still has.
fn kept(template: &Value, wanted: &Wanted<'_>) -> BTreeMap<String, String> {
    let present = wanted.before.map(|stack| stack.parameters.clone());
    let mut present = present.unwrap_or_default();
    present.retain(|name, _| template["Parameters"][name].is_object());
    present
}

fn refuse(problems: Vec<InvalidParameter>) -> Result<(), DeployError> {
    if problems.is_empty() {
        Ok(())
    } else {
        Err(DeployError::Parameters(problems))
    }
}

/// A name that no change set of the stack has; as a token, it makes an attempt after a lost answer the same request.
fn unused_name() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    format!("deploy-{}", now.unwrap_or_default().as_millis())
}
