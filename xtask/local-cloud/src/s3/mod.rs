//! S3 on one machine: buckets, objects, policies and uploads in parts, on an endpoint of its own.
//!
//! Only the latest version of an object is kept, whatever a bucket's versioning says. There are no ACLs, as in every
//! new bucket. Who calls without a signature is the account itself unless signatures are verified; then only a policy
//! lets such callers in.

mod blobs;
mod bucket_calls;
mod buckets;
mod checksums;
mod chunked;
mod errors;
mod listing;
mod object_calls;
mod policy;
mod request;
mod service;
mod upload_calls;
mod uploads;
mod xml;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use thiserror::Error;
use time::OffsetDateTime;

use self::blobs::Blobs;
pub(crate) use self::buckets::account;
use self::buckets::{Buckets, Conditions};
pub(crate) use self::errors::S3Error;
pub(crate) use self::policy::Actor;
use crate::credentials::Keyring;

/// The file with everything but the objects' bytes.
const STATE: &str = "buckets.json";
/// The folder of the objects' bytes.
const BLOBS: &str = "objects";

/// S3's data can't be used.
#[derive(Debug, Error)]
pub enum S3StartError {
    /// Its folder can't be read or written.
    #[error("can't keep the local S3's data")]
    File(#[from] std::io::Error),
    /// The file is there and not what it should be.
    #[error("{file} is not the local S3's state; delete its folder to begin anew")]
    Format {
        /// The file.
        file: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// The local S3.
#[derive(Debug)]
pub(crate) struct S3 {
    state: Mutex<Buckets>,
    blobs: Blobs,
    file: Option<PathBuf>,
    /// The keys to verify signatures by; `None` lets everyone in as the account.
    keyring: Option<Keyring>,
}

impl S3 {
    /// Keeps its data in `folder`, or in memory.
    pub(crate) fn open(
        folder: Option<&Path>,
        keyring: Option<Keyring>,
    ) -> Result<Self, S3StartError> {
        let blobs_folder = folder.map(|folder| folder.join(BLOBS));
        let blobs = Blobs::open(blobs_folder.as_deref())?;
        let file = folder.map(|folder| folder.join(STATE));
        let state = match &file {
            Some(file) => read_state(file)?,
            None => Buckets::default(),
        };
        blobs.retain(&state.blobs())?;
        Ok(Self {
            state: Mutex::new(state),
            blobs,
            file,
            keyring,
        })
    }

    /// Creates `bucket` for `owner` with this policy, if it is not there yet.
    pub(crate) fn provide_bucket(
        &self,
        bucket: &str,
        owner: &str,
        policy: &str,
    ) -> Result<(), S3Error> {
        self.change(|state| {
            match state.create(bucket, owner, now()) {
                Ok(()) | Err(S3Error::BucketAlreadyOwnedByYou) => {}
                Err(error) => return Err(error),
            }
            state.bucket_mut(bucket)?.policy = Some(policy.to_owned());
            Ok(())
        })
    }

    /// Puts an object as the owner of the bucket.
    pub(crate) fn put(
        &self,
        bucket: &str,
        key: &str,
        content_type: &str,
        bytes: &Bytes,
    ) -> Result<(), S3Error> {
        let headers = [("content-type".to_owned(), content_type.to_owned())];
        let checksum = checksums::verify(&http::HeaderMap::new(), bytes)?;
        let object = self.keep(bytes, headers.into(), checksum)?;
        self.change(|state| state.put(bucket, key, object, &Conditions::default()))
    }

    /// The bytes of an object, if `actor` may read it and can decrypt it: a service can't use a key of KMS.
    pub(crate) fn read(&self, actor: Actor<'_>, bucket: &str, key: &str) -> Result<Bytes, S3Error> {
        let blob = {
            let state = self.state();
            state.authorize(actor, "s3:GetObject", bucket, Some(key))?;
            let found = state.bucket(bucket)?;
            let object = found.object(key)?;
            let has_kms = object
                .headers
                .get("x-amz-server-side-encryption")
                .is_some_and(|algorithm| algorithm.starts_with("aws:kms"));
            if matches!(actor, Actor::Service { .. }) && (has_kms || found.is_encrypted_with_kms())
            {
                return Err(S3Error::AccessDenied);
            }
            object.blob.clone()
        };
        Ok(self.blobs.get(&blob)?)
    }

    fn state(&self) -> MutexGuard<'_, Buckets> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state and keeps it.
    fn change<T>(
        &self,
        change: impl FnOnce(&mut Buckets) -> Result<T, S3Error>,
    ) -> Result<T, S3Error> {
        let mut state = self.state();
        let done = change(&mut state)?;
        if let Some(file) = &self.file {
            let temporary = file.with_extension("json.new");
            fs_err::write(&temporary, serde_json::json!(*state).to_string())?;
            fs_err::rename(&temporary, file)?;
        }
        Ok(done)
    }
}

fn read_state(file: &Path) -> Result<Buckets, S3StartError> {
    match fs_err::read(file) {
        Ok(text) => serde_json::from_slice(&text).map_err(|source| S3StartError::Format {
            file: file.display().to_string(),
            source,
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Buckets::default()),
        Err(error) => Err(error.into()),
    }
}

/// Unix time in seconds.
fn now() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}
