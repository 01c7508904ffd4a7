//! The Serverless Application Repository on one machine.
//! <https://docs.aws.amazon.com/serverlessrepo/latest/devguide/resources.html>
//!
//! It enforces what SAR enforces on those who publish. Where it is not known what SAR does, it is the stricter: what is
//! accepted here should be accepted there. There is one account and one region.

mod applications;
mod artifacts;
mod change_sets;
mod cloudformation;
mod deploy_templates;
mod documents;
mod errors;
mod fields;
mod pages;
mod policy;
mod routes;
mod served;
mod state;
mod template;
mod versions;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use thiserror::Error;
use time::OffsetDateTime;

use self::errors::SarError;
pub(crate) use self::routes::{is_sar_path, too_large};
use self::state::Applications;
use crate::config::CloudFormation;
use crate::s3::{S3, S3Error};

/// The file that keeps everything but the artifacts.
const STATE: &str = "applications.json";
/// The largest request, in bytes: a readme and a licence of 5 MB each, and a template.
pub(crate) const MAX_REQUEST: usize = 16 * 1024 * 1024;

/// SAR's data can't be used.
#[derive(Debug, Error)]
pub enum SarStartError {
    /// Its folder can't be read or written.
    #[error("can't keep the local SAR's data")]
    File(#[from] std::io::Error),
    /// The file is there and not what it should be.
    #[error("{file} is not the local SAR's state; delete it to begin anew")]
    Format {
        /// The file.
        file: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The local S3 does not take SAR's own bucket.
    #[error("can't make the local SAR's own bucket: {0}")]
    Bucket(String),
}

/// The local SAR.
#[derive(Debug)]
pub(crate) struct Sar {
    state: Mutex<Applications>,
    file: Option<PathBuf>,
    s3: Arc<S3>,
    /// `http://127.0.0.1:PORT`
    s3_endpoint: String,
    /// Where change sets are made.
    cloudformation: Option<CloudFormation>,
}

impl Sar {
    /// Keeps its data in `folder`, or in memory, and artifacts in `s3`.
    pub(crate) fn open(
        folder: Option<&Path>,
        s3: Arc<S3>,
        s3_endpoint: &str,
        cloudformation: Option<CloudFormation>,
    ) -> Result<Self, SarStartError> {
        artifacts::provide_bucket(&s3)
            .map_err(|error: S3Error| SarStartError::Bucket(error.to_string()))?;
        if let Some(folder) = folder {
            fs_err::create_dir_all(folder)?;
        }
        let file = folder.map(|folder| folder.join(STATE));
        let state = match &file {
            Some(file) => read_state(file)?,
            None => Applications::default(),
        };
        Ok(Self {
            state: Mutex::new(state),
            file,
            s3,
            s3_endpoint: s3_endpoint.to_owned(),
            cloudformation,
        })
    }

    fn state(&self) -> MutexGuard<'_, Applications> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state and keeps it; an error leaves it as it was.
    fn change<T>(
        &self,
        change: impl FnOnce(&mut Applications) -> Result<T, SarError>,
    ) -> Result<T, SarError> {
        let mut state = self.state();
        let mut changed = state.clone();
        let done = change(&mut changed)?;
        if let Some(file) = &self.file {
            let temporary = file.with_extension("json.new");
            fs_err::write(&temporary, serde_json::json!(changed).to_string())?;
            fs_err::rename(&temporary, file)?;
        }
        *state = changed;
        Ok(done)
    }
}

fn read_state(file: &Path) -> Result<Applications, SarStartError> {
    match fs_err::read(file) {
        Ok(text) => serde_json::from_slice(&text).map_err(|source| SarStartError::Format {
            file: file.display().to_string(),
            source,
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Applications::default()),
        Err(error) => Err(error.into()),
    }
}

/// In milliseconds since 1970.
fn now() -> i64 {
    let now = OffsetDateTime::now_utc();
    now.unix_timestamp() * 1000 + i64::from(now.millisecond())
}
