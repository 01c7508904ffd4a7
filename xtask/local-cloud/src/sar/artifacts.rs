//! What SAR reads from its customers' buckets and keeps copies of.

use bytes::Bytes;

use super::Sar;
use super::errors::SarError;
use crate::function::ACCOUNT_ID;
use crate::s3::{Actor, S3, S3Error};

/// SAR's own bucket. Its objects can be read by whoever knows their names, which nobody can guess; in AWS the addresses
/// are signed.
pub(super) const BUCKET: &str = "awsserverlessrepo-artifacts-local";
/// Whom it belongs to.
const OWNER: &str = SERVICE;
/// SAR, as bucket policies name it.
const SERVICE: &str = "serverlessrepo.amazonaws.com";
/// Another account, for finding out whether a policy tells them apart.
const OTHER_ACCOUNT: &str = "111122223333";

/// Where an object lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Location {
    pub(super) bucket: String,
    pub(super) key: String,
}

impl Location {
    /// Reads `s3://bucket/key`, or an object's address in AWS or in the local S3, whose endpoint is `local`.
    pub(super) fn parse(url: &str, local: &str) -> Option<Self> {
        let path_style = |rest: &str| {
            let (bucket, key) = rest.split_once('/')?;
            (!bucket.is_empty() && !key.is_empty()).then(|| Self {
                bucket: bucket.to_owned(),
                key: decode(key),
            })
        };
        if let Some(rest) = url.strip_prefix("s3://") {
            let (bucket, key) = rest.split_once('/')?;
            return (!bucket.is_empty() && !key.is_empty()).then(|| Self {
                bucket: bucket.to_owned(),
                key: key.to_owned(),
            });
        }
        if let Some(rest) = url.strip_prefix(local) {
            return path_style(rest.strip_prefix('/')?);
        }
        let (host, path) = url.strip_prefix("https://")?.split_once('/')?;
        let host = host.strip_suffix(".amazonaws.com")?;
        if host == "s3"
            || host
                .strip_prefix("s3.")
                .is_some_and(|region| !region.contains('.'))
        {
            return path_style(path);
        }
        let (bucket, service) = host.rsplit_once(".s3")?;
        let is_s3 = service.is_empty() || service.starts_with('.') || service.starts_with('-');
        (is_s3 && !path.is_empty()).then(|| Self {
            bucket: bucket.to_owned(),
            key: decode(path),
        })
    }

    pub(super) fn url(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.key)
    }
}

fn decode(key: &str) -> String {
    let key = key.split('?').next().unwrap_or_default();
    percent_encoding::percent_decode_str(key)
        .decode_utf8_lossy()
        .into_owned()
}

/// Creates SAR's own bucket if it is missing.
pub(super) fn provide_bucket(s3: &S3) -> Result<(), S3Error> {
    let policy = serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": format!("arn:aws:s3:::{BUCKET}/*"),
        }],
    });
    s3.provide_bucket(BUCKET, OWNER, &policy.to_string())
}

impl Sar {
    /// Reads an artifact as SAR does: only if the bucket's policy lets SAR in, for this account and no other.
    pub(super) fn read(&self, field: &str, url: &str, max: usize) -> Result<Bytes, SarError> {
        let location = Location::parse(url, &self.s3_endpoint).ok_or_else(|| {
            SarError::bad(format!("{field} must be the address of an object in S3"))
        })?;
        let bytes = self.read_location(field, &location)?;
        if bytes.len() > max {
            return Err(SarError::bad(format!(
                "{field}: the object is larger than {max} bytes"
            )));
        }
        Ok(bytes)
    }

    pub(super) fn read_location(
        &self,
        field: &str,
        location: &Location,
    ) -> Result<Bytes, SarError> {
        let as_account = |account| {
            let actor = Actor::Service {
                name: SERVICE,
                account,
            };
            self.s3.read(actor, &location.bucket, &location.key)
        };
        let url = location.url();
        match (as_account(ACCOUNT_ID), as_account(OTHER_ACCOUNT)) {
            (Err(S3Error::Storage(error)), _) => Err(error.into()),
            (Err(error @ S3Error::AccessDenied), _) => Err(SarError::bad(format!(
                "{field}: the AWS Serverless Application Repository does not have read access to {url} ({error}). The \
                 bucket's policy must allow s3:GetObject to the service {SERVICE} under the condition that \
                 aws:SourceAccount is {ACCOUNT_ID}, and KMS must not encrypt the object"
            ))),
            (Err(error), _) => Err(SarError::bad(format!("{field}: {url}: {error}"))),
            (Ok(_), Ok(_)) => Err(SarError::bad(format!(
                "{field}: the policy of bucket {} lets {SERVICE} read for every account; it needs the condition that \
                 aws:SourceAccount is {ACCOUNT_ID}",
                location.bucket
            ))),
            (Ok(bytes), Err(_)) => Ok(bytes),
        }
    }

    /// Keeps a copy and gives its key.
    pub(super) fn copy(
        &self,
        application: &str,
        name: &str,
        content_type: &str,
        bytes: &Bytes,
    ) -> Result<String, SarError> {
        let id = uuid::Uuid::new_v4();
        let key = format!("{ACCOUNT_ID}/{application}/{id}/{name}");
        self.s3.put(BUCKET, &key, content_type, bytes)?;
        Ok(key)
    }

    /// The address of a copy.
    pub(super) fn address(&self, key: &str) -> String {
        format!("{}/{BUCKET}/{key}", self.s3_endpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_read_from_every_form_of_address() {
        let parse = |url| {
            Location::parse(url, "http://127.0.0.1:9000")
                .map_or_else(String::new, |found| found.url())
        };
        for url in [
            "s3://bucket/a/b%20c",
            "https://s3.amazonaws.com/bucket/a/b%2520c",
            "https://s3.eu-west-1.amazonaws.com/bucket/a/b%2520c",
            "https://bucket.s3.amazonaws.com/a/b%2520c",
            "https://bucket.s3.eu-west-1.amazonaws.com/a/b%2520c",
            "https://bucket.s3-eu-west-1.amazonaws.com/a/b%2520c?versionId=1",
            "http://127.0.0.1:9000/bucket/a/b%2520c",
        ] {
            assert_eq!(parse(url), "s3://bucket/a/b%20c", "{url}");
        }
        for url in [
            "",
            "s3://bucket",
            "s3://bucket/",
            "s3:///key",
            "bucket/key",
            "./local.zip",
            "https://example.com/bucket/key",
            "http://127.0.0.1:9001/bucket/key",
        ] {
            assert_eq!(parse(url), "", "{url}");
        }
    }
}
