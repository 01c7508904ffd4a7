//! What a release needs of the world: SAR, and a bucket for the artifacts. The AWS SDK stands behind these traits, and
//! so does the memory of a test.

use std::future::Future;

use serde_json::Value;
use thiserror::Error;

use crate::application::{AccountId, ApplicationArn};
use crate::desired::Desired;
use crate::sharing::SharingPolicy;
use crate::template::Template;
use crate::version::SemanticVersion;

/// Why a request failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// What it is about exists already, or is being changed by somebody else.
    Conflict,
    /// The bucket is another account's, or lies in another region.
    ForeignBucket,
    /// The caller may not.
    AccessDenied,
    /// The caller's credentials have expired.
    ExpiredCredentials,
    /// There are no credentials.
    NoCredentials,
    /// Too many requests, after all attempts.
    Throttled,
    /// The service failed, after all attempts.
    Service,
    /// No answer, after all attempts.
    Unreachable,
    /// The service refused what was sent, or answered what can't be understood.
    Refused,
}

impl Failure {
    /// Whether the same request may succeed a little later.
    pub fn is_passing(self) -> bool {
        matches!(self, Self::Throttled | Self::Service | Self::Unreachable)
    }

    /// What can be done about it.
    pub fn mend(self) -> &'static str {
        match self {
            Self::Conflict => "somebody else may be publishing: run again to see what is there now",
            Self::ForeignBucket => {
                "name a bucket of this account in the application's region with --bucket"
            }
            Self::AccessDenied => {
                "use credentials that may do this; docs/RELEASING.md lists the permissions"
            }
            Self::ExpiredCredentials => "get new credentials (`aws sso login`), then run again",
            Self::NoCredentials => "set AWS_PROFILE, or log in with `aws sso login`",
            Self::Throttled | Self::Service | Self::Unreachable => {
                "run again: what is done stays done"
            }
            Self::Refused => "change what the message names, then run again",
        }
    }
}

/// A request that failed for good.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{operation}: {message}")]
pub struct RemoteError {
    /// The operation's name, such as `PutObject`.
    pub operation: &'static str,
    /// Why.
    pub failure: Failure,
    /// The service's own words, on one line.
    pub message: String,
}

/// An application as SAR has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveApplication {
    /// The publisher's name.
    pub author: String,
    /// What it is.
    pub description: String,
    /// Sorted.
    pub labels: Vec<String>,
    /// The home page.
    pub home_page_url: String,
    /// The licence's SPDX identifier.
    pub spdx_license_id: String,
    /// The readme's text.
    pub readme: Option<String>,
    /// The licence's text.
    pub license: Option<String>,
    /// The newest version, if there is any.
    pub latest: Option<SemanticVersion>,
}

/// A published version.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveVersion {
    /// Its template, as SAR publishes it.
    pub template: Template,
    /// The capabilities that SAR asks of who deploys it.
    pub required_capabilities: Vec<String>,
    /// Where its sources can be read.
    pub source_code_url: Option<String>,
}

/// The artifact bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LiveBucket {
    /// There is none of that name.
    Missing,
    /// It is the publisher's own, with this policy.
    Present {
        /// The policy document, if there is one.
        policy: Option<Value>,
    },
}

/// SAR.
pub trait Repository: Sync {
    /// The application, if it exists.
    fn application(
        &self,
        arn: &ApplicationArn,
    ) -> impl Future<Output = Result<Option<LiveApplication>, RemoteError>> + Send;

    /// One version of the application, if it exists.
    fn version(
        &self,
        arn: &ApplicationArn,
        version: &SemanticVersion,
    ) -> impl Future<Output = Result<Option<LiveVersion>, RemoteError>> + Send;

    /// Who may deploy the application; nobody if it does not exist.
    fn policy(
        &self,
        arn: &ApplicationArn,
    ) -> impl Future<Output = Result<SharingPolicy, RemoteError>> + Send;

    /// The template that who deploys this version gets, with its code where SAR keeps it.
    fn deployable_template(
        &self,
        arn: &ApplicationArn,
        version: &SemanticVersion,
    ) -> impl Future<Output = Result<Template, RemoteError>> + Send;

    /// Makes the application with its first version, private.
    fn create_application(
        &self,
        desired: &Desired,
    ) -> impl Future<Output = Result<(), RemoteError>> + Send;

    /// Adds the desired version.
    fn create_version(
        &self,
        desired: &Desired,
    ) -> impl Future<Output = Result<(), RemoteError>> + Send;

    /// Replaces author, description, labels, home page and readme.
    fn update_application(
        &self,
        desired: &Desired,
    ) -> impl Future<Output = Result<(), RemoteError>> + Send;

    /// Replaces the whole policy.
    fn put_policy(
        &self,
        arn: &ApplicationArn,
        policy: &SharingPolicy,
    ) -> impl Future<Output = Result<(), RemoteError>> + Send;
}

/// The bucket that SAR reads the artifacts from. Every request is for buckets of the publisher's account alone.
pub trait ArtifactStore: Sync {
    /// The bucket, if it exists.
    fn bucket(&self, name: &str) -> impl Future<Output = Result<LiveBucket, RemoteError>> + Send;

    /// Makes the bucket, closed to the public as S3 makes them.
    fn create_bucket(&self, name: &str) -> impl Future<Output = Result<(), RemoteError>> + Send;

    /// Replaces the bucket's policy.
    fn put_bucket_policy(
        &self,
        name: &str,
        policy: &Value,
    ) -> impl Future<Output = Result<(), RemoteError>> + Send;

    /// Whether there is an object.
    fn has(
        &self,
        bucket: &str,
        key: &str,
    ) -> impl Future<Output = Result<bool, RemoteError>> + Send;

    /// Uploads an object unless there is one; that one has the same content, because the key follows from it.
    fn put(
        &self,
        bucket: &str,
        key: &str,
        content: Vec<u8>,
    ) -> impl Future<Output = Result<(), RemoteError>> + Send;

    /// An object of any bucket: SAR serves its copies from buckets of its own.
    fn get(
        &self,
        bucket: &str,
        key: &str,
    ) -> impl Future<Output = Result<Vec<u8>, RemoteError>> + Send;
}

/// The statement that lets SAR read the artifacts of `account`'s own applications from `bucket`.
///
/// Source: Serverless Application Repository developer guide, "Publishing applications", bucket policy.
pub fn repository_statement(partition: &str, bucket: &str, account: &AccountId) -> Value {
    serde_json::json!({
        "Sid": "ServerlessRepoReadsArtifacts",
        "Effect": "Allow",
        "Principal": { "Service": "serverlessrepo.amazonaws.com" },
        "Action": "s3:GetObject",
        "Resource": format!("arn:{partition}:s3:::{bucket}/*"),
        "Condition": { "StringEquals": { "aws:SourceAccount": account } },
    })
}
