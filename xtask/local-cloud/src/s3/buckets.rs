//! What S3 holds, without the bytes: buckets, their objects and settings, and uploads in parts.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::checksums::Checksum;
use super::errors::S3Error;
use super::policy::{self, Actor, Decision};
use super::uploads::Upload;
use crate::function::ACCOUNT_ID;

/// The longest key, in bytes.
const MAX_KEY: usize = 1024;
/// The largest bucket policy, in bytes.
const MAX_POLICY: usize = 20 * 1024;

/// Everything that S3 holds.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Buckets {
    pub(super) buckets: BTreeMap<String, Bucket>,
    pub(super) uploads: BTreeMap<String, Upload>,
}

/// A bucket.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Bucket {
    /// The account, or the service, that it belongs to.
    pub(super) owner: String,
    /// Unix time in seconds.
    pub(super) created: i64,
    pub(super) policy: Option<String>,
    /// Settings that differ from S3's defaults, as the documents that were put.
    pub(super) settings: BTreeMap<Setting, String>,
    pub(super) objects: BTreeMap<String, Object>,
}

/// A setting of a bucket that is kept and given back. Of these only the public access block has an effect here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Setting {
    PublicAccessBlock,
    Versioning,
    Encryption,
    OwnershipControls,
}

/// An object without its bytes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Object {
    pub(super) blob: String,
    /// In bytes.
    pub(super) size: u64,
    /// With its quotes.
    pub(super) etag: String,
    /// Unix time in seconds.
    pub(super) modified: i64,
    /// `content-type` and the like, and `x-amz-meta-…`.
    pub(super) headers: BTreeMap<String, String>,
    pub(super) checksum: Checksum,
    /// Whether the checksum is one of the parts' checksums.
    pub(super) is_composite: bool,
}

/// What a write depends on.
#[derive(Debug, Clone, Default)]
pub(super) struct Conditions {
    /// `If-Match`
    pub(super) matches: Option<String>,
    /// `If-None-Match`
    pub(super) none_matches: Option<String>,
}

impl Conditions {
    /// Whether `current` may be replaced.
    fn check(&self, current: Option<&Object>) -> Result<(), S3Error> {
        match self.none_matches.as_deref() {
            None => {}
            Some("*") if current.is_none() => {}
            Some("*") => return Err(S3Error::PreconditionFailed),
            Some(_) => {
                return Err(S3Error::NotImplemented(
                    "If-None-Match other than * on a write",
                ));
            }
        }
        match (self.matches.as_deref(), current) {
            (None, _) => Ok(()),
            (Some(_), None) => Err(S3Error::NoSuchKey),
            (Some(etag), Some(object)) if etag == object.etag => Ok(()),
            (Some(_), Some(_)) => Err(S3Error::PreconditionFailed),
        }
    }
}

impl Buckets {
    pub(super) fn bucket(&self, name: &str) -> Result<&Bucket, S3Error> {
        self.buckets.get(name).ok_or(S3Error::NoSuchBucket)
    }

    pub(super) fn bucket_mut(&mut self, name: &str) -> Result<&mut Bucket, S3Error> {
        self.buckets.get_mut(name).ok_or(S3Error::NoSuchBucket)
    }

    /// Creates a bucket. Even in us-east-1, where S3 does not mind, a second time is an error.
    pub(super) fn create(&mut self, name: &str, owner: &str, now: i64) -> Result<(), S3Error> {
        if !is_bucket_name(name) {
            return Err(S3Error::InvalidBucketName);
        }
        match self.buckets.get(name) {
            Some(bucket) if bucket.owner == owner => Err(S3Error::BucketAlreadyOwnedByYou),
            Some(_) => Err(S3Error::BucketAlreadyExists),
            None => {
                let bucket = Bucket {
                    owner: owner.to_owned(),
                    created: now,
                    policy: None,
                    settings: BTreeMap::new(),
                    objects: BTreeMap::new(),
                };
                self.buckets.insert(name.to_owned(), bucket);
                Ok(())
            }
        }
    }

    pub(super) fn delete(&mut self, name: &str) -> Result<(), S3Error> {
        let bucket = self.bucket(name)?;
        let is_uploading = self.uploads.values().any(|upload| upload.bucket == name);
        if !bucket.objects.is_empty() || is_uploading {
            return Err(S3Error::BucketNotEmpty);
        }
        self.buckets.remove(name);
        Ok(())
    }

    pub(super) fn put(
        &mut self,
        bucket: &str,
        key: &str,
        object: Object,
        conditions: &Conditions,
    ) -> Result<(), S3Error> {
        if key.len() > MAX_KEY {
            return Err(S3Error::KeyTooLong);
        }
        let objects = &mut self.bucket_mut(bucket)?.objects;
        conditions.check(objects.get(key))?;
        objects.insert(key.to_owned(), object);
        Ok(())
    }

    /// Whether `actor` may do `action` on the bucket, or on its object `key`.
    pub(super) fn authorize(
        &self,
        actor: Actor<'_>,
        action: &str,
        bucket: &str,
        key: Option<&str>,
    ) -> Result<(), S3Error> {
        let found = self.bucket(bucket)?;
        let mut resource = format!("arn:aws:s3:::{bucket}");
        if let Some(key) = key {
            resource.push('/');
            resource.push_str(key);
        }
        let decision = match &found.policy {
            Some(text) => {
                let policy = serde_json::from_str(text).unwrap_or(Value::Null);
                policy::evaluate(&policy, actor, action, &resource)
            }
            None => Decision::Silent,
        };
        let is_owner = matches!(actor, Actor::Account { id, .. } if id == found.owner);
        // The owner can always mend a policy that locks everyone out.
        let is_mending = is_owner && action.ends_with("BucketPolicy");
        match decision {
            Decision::Allowed => Ok(()),
            Decision::Silent if is_owner => Ok(()),
            Decision::Denied if is_mending => Ok(()),
            Decision::Silent | Decision::Denied => Err(S3Error::AccessDenied),
        }
    }

    /// The names of all bytes that objects and parts refer to.
    pub(super) fn blobs(&self) -> BTreeSet<&str> {
        let objects = self.buckets.values().flat_map(|bucket| {
            let objects = bucket.objects.values();
            objects.map(|object| object.blob.as_str())
        });
        let parts = self.uploads.values().flat_map(|upload| {
            let parts = upload.parts.values();
            parts.map(|part| part.blob.as_str())
        });
        objects.chain(parts).collect()
    }
}

impl Bucket {
    pub(super) fn object(&self, key: &str) -> Result<&Object, S3Error> {
        self.objects.get(key).ok_or(S3Error::NoSuchKey)
    }

    pub(super) fn set_policy(&mut self, name: &str, text: &[u8]) -> Result<(), S3Error> {
        if text.len() > MAX_POLICY {
            let message = "Policies must not be longer than 20480 bytes".to_owned();
            return Err(S3Error::MalformedPolicy(message));
        }
        let policy: Value = serde_json::from_slice(text).map_err(|_| {
            S3Error::MalformedPolicy("This policy contains invalid Json".to_owned())
        })?;
        if let Some(problem) = policy::problem(&policy, name) {
            return Err(S3Error::MalformedPolicy(problem));
        }
        if policy::is_public(&policy) && self.blocks_public_policies() {
            return Err(S3Error::AccessDenied);
        }
        self.policy = Some(policy.to_string());
        Ok(())
    }

    /// New buckets block public policies until that is changed.
    fn blocks_public_policies(&self) -> bool {
        self.settings
            .get(&Setting::PublicAccessBlock)
            .is_none_or(|text| text.contains("<BlockPublicPolicy>true</BlockPublicPolicy>"))
    }

    /// Whether a key of KMS encrypts what is put here.
    pub(super) fn is_encrypted_with_kms(&self) -> bool {
        self.settings
            .get(&Setting::Encryption)
            .is_some_and(|text| text.contains("aws:kms"))
    }
}

impl Setting {
    /// The setting that a query parameter names.
    pub(super) fn named(parameter: &str) -> Option<Self> {
        Some(match parameter {
            "publicAccessBlock" => Self::PublicAccessBlock,
            "versioning" => Self::Versioning,
            "encryption" => Self::Encryption,
            "ownershipControls" => Self::OwnershipControls,
            _ => return None,
        })
    }

    /// The root of its document.
    pub(super) fn root(self) -> &'static str {
        match self {
            Self::PublicAccessBlock => "PublicAccessBlockConfiguration",
            Self::Versioning => "VersioningConfiguration",
            Self::Encryption => "ServerSideEncryptionConfiguration",
            Self::OwnershipControls => "OwnershipControls",
        }
    }

    /// What a new bucket has.
    pub(super) fn default(self) -> &'static str {
        match self {
            Self::PublicAccessBlock => {
                "<BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls>\
                 <BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets>"
            }
            Self::Versioning => "",
            Self::Encryption => {
                "<Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm>\
                 </ApplyServerSideEncryptionByDefault><BucketKeyEnabled>false</BucketKeyEnabled></Rule>"
            }
            Self::OwnershipControls => {
                "<Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule>"
            }
        }
    }

    /// The action that reads it, or writes it.
    pub(super) fn action(self, is_write: bool) -> &'static str {
        match (self, is_write) {
            (Self::PublicAccessBlock, false) => "s3:GetBucketPublicAccessBlock",
            (Self::PublicAccessBlock, true) => "s3:PutBucketPublicAccessBlock",
            (Self::Versioning, false) => "s3:GetBucketVersioning",
            (Self::Versioning, true) => "s3:PutBucketVersioning",
            (Self::Encryption, false) => "s3:GetEncryptionConfiguration",
            (Self::Encryption, true) => "s3:PutEncryptionConfiguration",
            (Self::OwnershipControls, false) => "s3:GetBucketOwnershipControls",
            (Self::OwnershipControls, true) => "s3:PutBucketOwnershipControls",
        }
    }
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
fn is_bucket_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_address =
        name.split('.').count() == 4 && name.split('.').all(|part| part.parse::<u8>().is_ok());
    (3..=63).contains(&name.len())
        && name.chars().all(|c| is_plain(c) || c == '-' || c == '.')
        && name.starts_with(is_plain)
        && name.ends_with(is_plain)
        && !name.contains("..")
        && !name.starts_with("xn--")
        && !is_address
}

/// The principal of the local account itself.
pub(crate) fn account(arn: &str) -> Actor<'_> {
    Actor::Account {
        id: ACCOUNT_ID,
        arn,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bucket_names_keep_s3s_rules() {
        for good in ["abc", "a-b.c", "0ab", &"a".repeat(63)] {
            assert!(is_bucket_name(good), "{good}");
        }
        for bad in [
            "ab",
            "Abc",
            "a_b",
            "-ab",
            "ab-",
            "a..b",
            "192.168.0.1",
            "xn--abc",
            &"a".repeat(64),
        ] {
            assert!(!is_bucket_name(bad), "{bad}");
        }
    }

    #[test]
    fn a_public_policy_needs_the_block_to_be_lifted() {
        let mut buckets = Buckets::default();
        buckets.create("abc", ACCOUNT_ID, 0).unwrap();
        let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::abc/*"}}"#;
        let bucket = buckets.bucket_mut("abc").unwrap();
        let refused = bucket.set_policy("abc", policy.as_bytes()).unwrap_err();
        assert_eq!(refused.code(), "AccessDenied");
        bucket.settings.insert(
            Setting::PublicAccessBlock,
            "<BlockPublicPolicy>false</BlockPublicPolicy>".to_owned(),
        );
        bucket.set_policy("abc", policy.as_bytes()).unwrap();
        let allowed = |action: &str| buckets.authorize(Actor::Anonymous, action, "abc", Some("k"));
        assert!(allowed("s3:GetObject").is_ok());
        assert_eq!(allowed("s3:PutObject").unwrap_err().code(), "AccessDenied");
    }
}
