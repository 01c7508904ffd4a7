//! What is published, and in what a checkout differs from it.

use std::collections::BTreeMap;
use std::fmt;

use fs_err as fs;
use serde::Serialize;
use thiserror::Error;

use crate::application::{ApplicationArn, Publisher};
use crate::architecture::Architecture;
use crate::checkout::{Checkout, CheckoutError};
use crate::metadata::MetadataError;
use crate::plan::{FieldChange, metadata_changes};
use crate::ports::{RemoteError, Repository};
use crate::sharing::SharingDiff;
use crate::version::SemanticVersion;

/// The comparison could not be made.
#[derive(Debug, Error)]
pub enum StatusError {
    /// The checkout can't be read.
    #[error(transparent)]
    Checkout(#[from] CheckoutError),
    /// A file can't be read; the message names it.
    #[error(transparent)]
    File(#[from] std::io::Error),
    /// SAR would refuse the metadata.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Metadata(Vec<MetadataError>),
    /// SAR did not tell.
    #[error(transparent)]
    Remote(#[from] RemoteError),
}

/// The published application beside the checkout. Code is not compared: that takes a compiler, and `verify`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// The application.
    pub application: ApplicationArn,
    /// Whether it exists.
    pub is_published: bool,
    /// The newest version that is published.
    pub latest: Option<SemanticVersion>,
    /// The checkout's version.
    pub checkout: SemanticVersion,
    /// Whether the checkout's version is published.
    pub is_version_published: bool,
    /// Where the sources of the published version can be read.
    pub source_code_url: Option<String>,
    /// Where the checkout's template differs from the published one of the same version.
    pub template: Vec<String>,
    /// What is shown otherwise than the checkout has it.
    pub metadata: Vec<FieldChange>,
    /// Who may deploy otherwise than the checkout has it.
    pub sharing: Option<SharingDiff>,
}

impl Status {
    /// Whether anything differs.
    pub fn is_drift(&self) -> bool {
        !self.is_version_published
            || !self.template.is_empty()
            || !self.metadata.is_empty()
            || self.sharing.is_some()
    }
}

/// Reads the status of `checkout`'s application at `publisher`.
pub async fn read(
    checkout: &Checkout,
    publisher: &Publisher,
    repository: &impl Repository,
) -> Result<Status, StatusError> {
    let template = checkout.template()?;
    let block = template.block().map_err(CheckoutError::from)?;
    let metadata = block.metadata().map_err(StatusError::Metadata)?;
    let readme = fs::read_to_string(checkout.root().join("sar").join(&block.readme_url))?;
    let application = publisher.application(&block.name);
    let version = block.semantic_version;
    let (live, version_live, policy) = futures_util::future::try_join3(
        repository.application(&application),
        repository.version(&application, &version),
        repository.policy(&application),
    )
    .await?;
    let packaged = template.packaged(Architecture::default(), &BTreeMap::new());
    Ok(Status {
        is_published: live.is_some(),
        latest: live.as_ref().and_then(|live| live.latest.clone()),
        checkout: version,
        is_version_published: version_live.is_some(),
        source_code_url: version_live
            .as_ref()
            .and_then(|version| version.source_code_url.clone()),
        template: version_live
            .map_or_else(Vec::new, |version| version.template.differences(&packaged)),
        metadata: live.map_or_else(Vec::new, |live| metadata_changes(&metadata, &readme, &live)),
        sharing: SharingDiff::between(&checkout.sharing()?, &policy),
        application,
    })
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.application)?;
        if !self.is_published {
            return write!(f, "\n  not published");
        }
        match &self.latest {
            Some(latest) => write!(f, "\n  newest version: {latest}")?,
            None => f.write_str("\n  no version")?,
        }
        let is_there = if self.is_version_published {
            "published"
        } else {
            "not published"
        };
        write!(f, "\n  this checkout: {}, {is_there}", self.checkout)?;
        if let Some(url) = &self.source_code_url {
            write!(f, "\n  published from: {url}")?;
        }
        for path in &self.template {
            write!(f, "\n  template differs: {path}")?;
        }
        for change in &self.metadata {
            write!(
                f,
                "\n  {}: {} is shown, {} here",
                change.field, change.from, change.to
            )?;
        }
        if let Some(sharing) = &self.sharing {
            for principal in sharing.added.keys() {
                write!(f, "\n  can't deploy, and should: {principal}")?;
            }
            for principal in sharing.changed.keys() {
                write!(f, "\n  has other actions than it should: {principal}")?;
            }
            for principal in &sharing.removed {
                write!(f, "\n  can deploy, and should not: {principal}")?;
            }
        }
        Ok(())
    }
}
