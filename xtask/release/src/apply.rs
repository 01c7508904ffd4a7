//! Doing what a plan says, and seeing that it was done.
//!
//! Artifacts come first and the policy last: a run that ends anywhere leaves nothing public that was not complete.
//! Every step can be repeated.

use std::time::Duration;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use thiserror::Error;
use tokio::time::sleep;

use crate::application::ApplicationArn;
use crate::bundle::{Artifact, Bundle, BundleError};
use crate::desired::Desired;
use crate::live;
use crate::plan::{PlanError, ReleasePlan, Step};
use crate::ports::{ArtifactStore, Failure, RemoteError, Repository};
use crate::progress::Progress;
use crate::sharing::SharingDiff;

/// How many files are uploaded at a time.
const UPLOADS: usize = 4;
/// The pauses between the attempts to read everything back: nothing says that SAR shows at once what was written.
const PATIENCE: [Duration; 4] = [
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(2),
    Duration::from_secs(6),
];

/// A release that was not brought to its end.
#[derive(Debug, Error)]
pub enum ApplyError {
    /// A step failed.
    #[error("could not {step}")]
    Step {
        /// The step, as the plan words it.
        step: String,
        /// Why.
        source: RemoteError,
    },
    /// Reading failed.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// The bundle can't be read.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// What is there has become something that can't be changed.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// Whom the policy lets in has changed since that was shown.
    #[error("somebody has changed meanwhile who may deploy {0}; that was not touched")]
    SharingChanged(ApplicationArn),
    /// Everything was written, and what is there is still not what was wanted.
    #[error("what was published is not what was wanted; what is left to do:\n{0}")]
    NotConverged(ReleasePlan),
}

impl ApplyError {
    /// What can be done about it, if the cause tells.
    pub fn mend(&self) -> Option<&'static str> {
        match self {
            Self::Step { source, .. } | Self::Remote(source) => Some(source.failure.mend()),
            Self::SharingChanged(_) => Some("run again to see what would change now"),
            Self::NotConverged(_) => Some("somebody else may be publishing: run again"),
            Self::Bundle(_) | Self::Plan(_) => None,
        }
    }
}

/// Writes what `plan` says, then reads everything back and compares it with `desired`.
pub async fn apply(
    plan: &ReleasePlan,
    desired: &Desired,
    bundle: &Bundle,
    repository: &impl Repository,
    store: &impl ArtifactStore,
    progress: &impl Progress,
) -> Result<(), ApplyError> {
    let is_upload = |step: &&Step| matches!(step, Step::Upload { .. });
    let is_bucket = |step: &&Step| {
        matches!(
            step,
            Step::CreateBucket { .. } | Step::PutBucketPolicy { .. }
        )
    };
    for step in plan.steps.iter().filter(is_bucket) {
        write(step, desired, repository, store, progress).await?;
    }
    let uploads = plan.steps.iter().filter(is_upload);
    stream::iter(uploads.map(|step| upload(step, desired, bundle, store, progress)))
        .buffer_unordered(UPLOADS)
        .try_collect::<Vec<()>>()
        .await?;
    for step in plan
        .steps
        .iter()
        .filter(|step| !is_upload(step) && !is_bucket(step))
    {
        write(step, desired, repository, store, progress).await?;
    }
    if plan.is_empty() {
        return Ok(());
    }
    progress.begin("read everything back");
    let mut left = ReleasePlan::between(desired, &live::read(repository, store, desired).await?)?;
    for pause in PATIENCE {
        if left.is_empty() {
            break;
        }
        sleep(pause).await;
        left = ReleasePlan::between(desired, &live::read(repository, store, desired).await?)?;
    }
    progress.end("read everything back");
    if left.is_empty() {
        Ok(())
    } else {
        Err(ApplyError::NotConverged(left))
    }
}

/// Changes who may deploy `application`, if that is still what `difference` was computed from: nobody is locked out who
/// was not shown, and nobody let in.
pub async fn share(
    application: &ApplicationArn,
    difference: &SharingDiff,
    repository: &impl Repository,
) -> Result<(), ApplyError> {
    let now = repository.policy(application).await?;
    match SharingDiff::between(&difference.wanted, &now) {
        None => Ok(()),
        Some(same) if same == *difference => {
            let put = repository.put_policy(application, &difference.wanted);
            put.await.map_err(|source| ApplyError::Step {
                step: "change who may deploy".to_owned(),
                source,
            })
        }
        Some(_) => Err(ApplyError::SharingChanged(application.clone())),
    }
}

/// Does one step that is not an upload.
async fn write(
    step: &Step,
    desired: &Desired,
    repository: &impl Repository,
    store: &impl ArtifactStore,
    progress: &impl Progress,
) -> Result<(), ApplyError> {
    let label = first_line(step);
    progress.begin(&label);
    let done = match step {
        Step::CreateBucket { bucket } => store.create_bucket(bucket).await,
        Step::PutBucketPolicy { bucket, policy } => store.put_bucket_policy(bucket, policy).await,
        Step::CreateApplication { .. } => repository.create_application(desired).await,
        Step::CreateVersion { .. } => repository.create_version(desired).await,
        Step::UpdateApplication { .. } => repository.update_application(desired).await,
        Step::PutPolicy { difference } => {
            share(&desired.application, difference, repository).await?;
            Ok(())
        }
        Step::Upload { .. } => Ok(()),
    };
    match done {
        Ok(()) => {}
        // An attempt whose answer was lost, tried again, meets what it made itself. Whether that is so is seen from
        // the content: other content under this version is an error here, before anything else is written.
        Err(error) if error.failure == Failure::Conflict && is_creation(step) => {
            let now = live::read(repository, store, desired).await?;
            ReleasePlan::between(desired, &now)?;
            if now.version.is_none() {
                return Err(ApplyError::Step {
                    step: label,
                    source: error,
                });
            }
        }
        Err(source) => {
            return Err(ApplyError::Step {
                step: label,
                source,
            });
        }
    }
    progress.end(&label);
    Ok(())
}

async fn upload(
    step: &Step,
    desired: &Desired,
    bundle: &Bundle,
    store: &impl ArtifactStore,
    progress: &impl Progress,
) -> Result<(), ApplyError> {
    let Step::Upload { bucket, key, .. } = step else {
        return Ok(());
    };
    let artifact: Option<&Artifact> = desired
        .objects
        .iter()
        .find(|object| object.key == *key)
        .map(|object| &object.artifact);
    if let Some(artifact) = artifact {
        let label = first_line(step);
        progress.begin(&label);
        let content = bundle.read(artifact)?;
        store
            .put(bucket, key, content)
            .await
            .map_err(|source| ApplyError::Step {
                step: label.clone(),
                source,
            })?;
        progress.end(&label);
    }
    Ok(())
}

fn is_creation(step: &Step) -> bool {
    matches!(
        step,
        Step::CreateApplication { .. } | Step::CreateVersion { .. }
    )
}

/// How a step is called where one line is all there is.
fn first_line(step: &Step) -> String {
    let text = step.to_string();
    let line = text.lines().next().unwrap_or_default();
    line.trim_end_matches(':').to_owned()
}
