//! The artifact bucket, by the SDK for S3.

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use serde_json::Value;

use tooling::aws::error::{code, found, remote};

use crate::application::Publisher;
use crate::ports::{ArtifactStore, Failure, LiveBucket, RemoteError};

/// The region whose buckets have no location constraint.
const FIRST_REGION: &str = "us-east-1";

/// How often an object is fetched: the SDK tries requests again, and not answers that break off.
const DOWNLOADS: usize = 4;

/// S3 in one region. Requests about buckets of one's own say whose they are, so that a bucket that somebody else made
/// under an expected name is never used.
#[derive(Debug, Clone)]
pub struct S3Store {
    client: Client,
    publisher: Publisher,
}

impl S3Store {
    pub(super) fn new(client: Client, publisher: Publisher) -> Self {
        Self { client, publisher }
    }

    fn owner(&self) -> &str {
        self.publisher.account.as_str()
    }
}

impl ArtifactStore for S3Store {
    async fn bucket(&self, name: &str) -> Result<LiveBucket, RemoteError> {
        let operation = "GetBucketPolicy";
        let result = self
            .client
            .get_bucket_policy()
            .bucket(name)
            .expected_bucket_owner(self.owner())
            .send()
            .await;
        let text = match result {
            Ok(output) => output.policy,
            Err(error) => match code(&error) {
                Some("NoSuchBucket") => return Ok(LiveBucket::Missing),
                Some("NoSuchBucketPolicy") => None,
                // Another account's bucket and one that may not be read look the same.
                Some("AccessDenied") => {
                    let mut error = remote(operation, &error);
                    let hint =
                        format!("perhaps {name} is another account's: --bucket names another one");
                    error.message = [error.message, hint].join("; ");
                    return Err(error);
                }
                _ => return Err(remote(operation, &error)),
            },
        };
        let policy = text
            .map(|text| serde_json::from_str::<Value>(&text))
            .transpose()
            .map_err(|error| RemoteError {
                operation,
                failure: Failure::Refused,
                message: format!("the policy of {name} is not JSON: {error}"),
            })?;
        Ok(LiveBucket::Present { policy })
    }

    async fn create_bucket(&self, name: &str) -> Result<(), RemoteError> {
        let region = self.publisher.region.as_str();
        let location = (region != FIRST_REGION).then(|| {
            CreateBucketConfiguration::builder()
                .location_constraint(BucketLocationConstraint::from(region))
                .build()
        });
        let result = self
            .client
            .create_bucket()
            .bucket(name)
            .set_create_bucket_configuration(location)
            .send()
            .await;
        match result {
            Ok(_) => Ok(()),
            Err(error) if code(&error) == Some("BucketAlreadyOwnedByYou") => Ok(()),
            Err(error) => Err(remote("CreateBucket", &error)),
        }
    }

    async fn put_bucket_policy(&self, name: &str, policy: &Value) -> Result<(), RemoteError> {
        self.client
            .put_bucket_policy()
            .bucket(name)
            .expected_bucket_owner(self.owner())
            .policy(policy.to_string())
            .send()
            .await
            .map(drop)
            .map_err(|error| remote("PutBucketPolicy", &error))
    }

    async fn has(&self, bucket: &str, key: &str) -> Result<bool, RemoteError> {
        let request = self
            .client
            .head_object()
            .bucket(bucket)
            .key(key)
            .expected_bucket_owner(self.owner());
        Ok(found("HeadObject", request.send().await)?.is_some())
    }

    async fn put(&self, bucket: &str, key: &str, content: Vec<u8>) -> Result<(), RemoteError> {
        let result = self
            .client
            .put_object()
            .bucket(bucket)
            .key(key)
            .expected_bucket_owner(self.owner())
            .content_type("application/zip")
            .if_none_match("*")
            .body(ByteStream::from(content))
            .send()
            .await;
        match result {
            Ok(_) => Ok(()),
            // It is there already, by an attempt whose answer was lost or by somebody else: with the same content,
            // because that is what the key says.
            Err(error) if code(&error) == Some("PreconditionFailed") => Ok(()),
            Err(error) => Err(remote("PutObject", &error)),
        }
    }

    async fn get(&self, bucket: &str, key: &str) -> Result<Vec<u8>, RemoteError> {
        let mut result = self.download(bucket, key).await;
        for _ in 1..DOWNLOADS {
            match &result {
                Err(error) if error.failure == Failure::Unreachable => {
                    result = self.download(bucket, key).await;
                }
                _ => break,
            }
        }
        result
    }
}

impl S3Store {
    /// Fetches an object once.
    async fn download(&self, bucket: &str, key: &str) -> Result<Vec<u8>, RemoteError> {
        let operation = "GetObject";
        let output = self
            .client
            .get_object()
            .bucket(bucket)
            .key(key)
            .send()
            .await
            .map_err(|error| remote(operation, &error))?;
        let content = output.body.collect().await.map_err(|error| RemoteError {
            operation,
            failure: Failure::Unreachable,
            message: error.to_string(),
        })?;
        Ok(content.to_vec())
    }
}
