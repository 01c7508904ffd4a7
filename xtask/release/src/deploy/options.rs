//! What a deployment is told, and what it comes to.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::{ChangeSet, Permissions, StackName, Watcher};
use crate::application::{ApplicationArn, ApplicationName};
use crate::aws::Target;
use crate::bundle::Bundle;
use crate::version::SemanticVersion;

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

/// What to deploy, and how.
pub struct DeployOptions {
    /// Where the application comes from.
    pub source: Source,
    /// The stack. SAR puts its prefix before the name, if that does not have it yet.
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
    /// The stack's ARN; none if it does not exist.
    pub stack_id: Option<String>,
    /// What executing the change set did or would do.
    pub change_set: ChangeSet,
    /// The stack's outputs; none if it does not exist.
    pub outputs: BTreeMap<String, String>,
    /// The IAM policies that people need for it.
    pub permissions: Option<Permissions>,
}
