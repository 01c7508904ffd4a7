//! The plan of a release: what has to be written so that the live state becomes the desired one.
//!
//! A plan is computed from two values, without side effects, and has everything that is going to be written. It is
//! empty when there is nothing to do.

mod metadata;
mod text;

use serde::Serialize;
use serde_json::{Value, json};
use thiserror::Error;

pub use self::metadata::{FieldChange, changes as metadata_changes};
use crate::application::ApplicationArn;
use crate::desired::{Desired, Object};
use crate::live::Live;
use crate::ports::{LiveApplication, LiveBucket, LiveVersion, repository_statement};
use crate::sharing::SharingDiff;
use crate::version::SemanticVersion;

/// What is going to be written, in this order.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReleasePlan {
    /// The application.
    pub application: ApplicationArn,
    /// The version that is there afterwards.
    pub version: Option<SemanticVersion>,
    /// The writes: the uploads are done at the same time, everything else one after the other.
    pub steps: Vec<Step>,
}

/// One write.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(
    tag = "action",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum Step {
    /// Make the artifact bucket.
    CreateBucket {
        /// Its name.
        bucket: String,
    },
    /// Let SAR read the artifacts.
    PutBucketPolicy {
        /// The bucket.
        bucket: String,
        /// The whole policy: what is there now, and SAR's statement.
        policy: Value,
    },
    /// Upload a file, unless it is there.
    Upload {
        /// The bucket.
        bucket: String,
        /// The object's key.
        key: String,
        /// The bundle's file.
        file: String,
        /// Its size.
        bytes: u64,
    },
    /// Make the application, private, with its first version.
    CreateApplication {
        /// The version.
        version: SemanticVersion,
        /// The digest of its content.
        content_sha256: String,
    },
    /// Add a version. Who may deploy the application can deploy it from then on.
    CreateVersion {
        /// The version.
        version: SemanticVersion,
        /// The newest one so far.
        #[serde(skip_serializing_if = "Option::is_none")]
        after: Option<SemanticVersion>,
        /// The digest of its content.
        content_sha256: String,
    },
    /// Change what SAR shows about the application.
    UpdateApplication {
        /// The fields.
        changes: Vec<FieldChange>,
    },
    /// Change who may deploy it.
    PutPolicy {
        /// Who comes and goes.
        #[serde(flatten)]
        difference: SharingDiff,
    },
}

/// The desired state can't be reached, because SAR never changes what it has published.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PlanError {
    /// The version has other content.
    #[error(
        "version {version} is published with other content ({}); a published version never changes: give this one a new version in sar/template.yaml and Cargo.toml",
        differences.join(", ")
    )]
    VersionTaken {
        /// The version.
        version: SemanticVersion,
        /// What differs.
        differences: Vec<String>,
    },
    /// The licence was changed.
    #[error(
        "the published application has another licence, and SAR never changes it: restore LICENSE, or publish under another name"
    )]
    LicenseChanged,
}

impl ReleasePlan {
    /// What has to be done to get from `live` to `desired`.
    pub fn between(desired: &Desired, live: &Live) -> Result<Self, PlanError> {
        let version = &desired.manifest.version;
        if let Some(published) = &live.version {
            check_content(desired, published)?;
        }
        if let Some(application) = &live.application {
            check_license(desired, application)?;
        }
        let mut steps = artifact_steps(desired, live);
        let content_sha256 = desired.manifest.content_sha256.clone();
        match (&live.application, &live.version) {
            (None, _) => steps.push(Step::CreateApplication {
                version: version.clone(),
                content_sha256,
            }),
            (Some(application), None) => steps.push(Step::CreateVersion {
                version: version.clone(),
                after: application.latest.clone(),
                content_sha256,
            }),
            (Some(_), Some(_)) => {}
        }
        if let Some(application) = &live.application {
            let changes =
                metadata_changes(&desired.manifest.metadata, &desired.readme, application);
            if !changes.is_empty() {
                steps.push(Step::UpdateApplication { changes });
            }
        }
        if let Some(difference) = SharingDiff::between(&desired.sharing, &live.sharing) {
            steps.push(Step::PutPolicy { difference });
        }
        Ok(Self {
            application: desired.application.clone(),
            version: Some(version.clone()),
            steps,
        })
    }

    /// The plan that changes nothing but who may deploy.
    pub fn sharing(application: ApplicationArn, difference: Option<SharingDiff>) -> Self {
        let steps = difference.map(|difference| Step::PutPolicy { difference });
        Self {
            application,
            version: None,
            steps: steps.into_iter().collect(),
        }
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// What of it somebody should think about before it is done, as sentences: it can't be taken back, locks somebody
    /// out, or is seldom meant.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        for step in &self.steps {
            match step {
                Step::CreateVersion {
                    version,
                    after: Some(after),
                    ..
                } if version < after && !version.is_development() => warnings.push(format!(
                    "{version} is older than {after}, which stays the newest version"
                )),
                Step::PutPolicy { difference } => {
                    if difference.makes_public() {
                        warnings.push("this makes the application public".to_owned());
                    }
                    for principal in &difference.removed {
                        warnings.push(format!("{principal} can no longer deploy the application"));
                    }
                }
                _ => {}
            }
        }
        warnings
    }
}

fn check_content(desired: &Desired, published: &LiveVersion) -> Result<(), PlanError> {
    if published.template.content() == Some(desired.manifest.content_sha256.as_str()) {
        return Ok(());
    }
    let mut differences = published.template.differences(&desired.template);
    let (old, new) = (
        published.template.code_digests(),
        desired.template.code_digests(),
    );
    let changed = new
        .iter()
        .filter(|(id, digest)| old.get(*id) != Some(*digest));
    differences.extend(changed.map(|(id, _)| format!("code of {id}")));
    Err(PlanError::VersionTaken {
        version: desired.manifest.version.clone(),
        differences,
    })
}

fn check_license(desired: &Desired, application: &LiveApplication) -> Result<(), PlanError> {
    let text = application.license.as_ref();
    let same_text = text.is_none_or(|text| *text == desired.license);
    let id = &application.spdx_license_id;
    let same_id = id.is_empty() || *id == desired.manifest.metadata.spdx_license_id;
    if same_text && same_id {
        Ok(())
    } else {
        Err(PlanError::LicenseChanged)
    }
}

/// Making the bucket ready and uploading what it lacks, if a version is to be made from it.
fn artifact_steps(desired: &Desired, live: &Live) -> Vec<Step> {
    let Some(artifacts) = &live.artifacts else {
        return Vec::new();
    };
    let bucket = &desired.bucket;
    let mut steps = Vec::new();
    let policy = match &artifacts.bucket {
        LiveBucket::Missing => {
            steps.push(Step::CreateBucket {
                bucket: bucket.clone(),
            });
            None
        }
        LiveBucket::Present { policy } => policy.as_ref(),
    };
    if let Some(policy) = readable_by_repository(desired, policy) {
        steps.push(Step::PutBucketPolicy {
            bucket: bucket.clone(),
            policy,
        });
    }
    let missing = |object: &&Object| !artifacts.objects.contains(&object.key);
    for object in desired.objects.iter().filter(missing) {
        steps.push(Step::Upload {
            bucket: bucket.clone(),
            key: object.key.clone(),
            file: object.artifact.file.clone(),
            bytes: object.artifact.bytes,
        });
    }
    steps
}

/// The bucket policy with SAR's statement, or `None` when it is there already. Other statements stay.
fn readable_by_repository(desired: &Desired, policy: Option<&Value>) -> Option<Value> {
    let publisher = &desired.publisher;
    let statement = repository_statement(&publisher.partition, &desired.bucket, &publisher.account);
    let mut statements = match policy.map(|policy| &policy["Statement"]) {
        Some(Value::Array(statements)) => statements.clone(),
        // IAM takes a single statement without a list around it.
        Some(single @ Value::Object(_)) => vec![single.clone()],
        _ => Vec::new(),
    };
    if statements.contains(&statement) {
        return None;
    }
    statements.retain(|other| other["Sid"] != statement["Sid"]);
    statements.push(statement);
    Some(json!({ "Version": "2012-10-17", "Statement": statements }))
}
