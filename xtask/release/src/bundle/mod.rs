//! The bundle: everything that a release consists of, in one folder, the same for the same commit.
//!
//! ```text
//! functions/NAME.zip   the functions          source.zip     the sources
//! template.json        the packaged template  sbom.cdx.json  the functions' crates
//! README.md, LICENSE   what SAR shows         manifest.json, SHA256SUMS
//! ```

mod archive;
mod manifest;
mod package;
mod sbom;

use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;
use thiserror::Error;

pub use self::manifest::{Artifact, FunctionArtifact, Manifest};
pub use self::package::{BinarySource, PackageError, PackageOptions, Purpose, package};
use crate::digest::sha256;
use crate::template::{Template, TemplateError};

const MANIFEST: &str = "manifest.json";
const SUMS: &str = "SHA256SUMS";

/// A bundle can't be read.
#[derive(Debug, Error)]
pub enum BundleError {
    /// A file is missing or can't be read; the message names it.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// The manifest is not one.
    #[error("{file} is not a bundle's manifest")]
    Manifest {
        /// The manifest.
        file: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A file is not what the manifest says.
    #[error("{0} was changed after the bundle was made; package again")]
    Changed(PathBuf),
    /// What the manifest says of the content is not what template and code are.
    #[error("{0}: the manifest and the template name different content; package again")]
    Inconsistent(PathBuf),
    /// A file that has to be text is not.
    #[error("{0} is not UTF-8")]
    NotText(PathBuf),
    /// The template is not one.
    #[error(transparent)]
    Template(#[from] TemplateError),
}

/// A bundle on disk.
#[derive(Debug, Clone)]
pub struct Bundle {
    folder: PathBuf,
    manifest: Manifest,
}

impl Bundle {
    /// Opens the bundle in `folder`. Its files are checked against the manifest when they are read.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, BundleError> {
        let folder = folder.into();
        let file = folder.join(MANIFEST);
        let manifest = serde_json::from_slice(&fs::read(&file)?)
            .map_err(|source| BundleError::Manifest { file, source })?;
        Ok(Self { folder, manifest })
    }

    /// What is in it.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The content of `artifact`, if it is still what the manifest says.
    pub fn read(&self, artifact: &Artifact) -> Result<Vec<u8>, BundleError> {
        let path = self.folder.join(&artifact.file);
        let content = fs::read(&path)?;
        if sha256(&content) != artifact.sha256 {
            return Err(BundleError::Changed(path));
        }
        Ok(content)
    }

    /// The text of `artifact`.
    pub fn read_text(&self, artifact: &Artifact) -> Result<String, BundleError> {
        String::from_utf8(self.read(artifact)?)
            .map_err(|_| BundleError::NotText(self.folder.join(&artifact.file)))
    }

    /// The packaged template, if the content that manifest and template claim is what they have.
    pub fn template(&self) -> Result<Template, BundleError> {
        let manifest = &self.manifest;
        let template = Template::parse(&self.read_text(&manifest.template)?)?;
        let digests = manifest.functions.iter();
        let digests = digests.map(|it| (it.logical_id.clone(), it.artifact.sha256.clone()));
        let is_consistent = template.code_digests() == digests.collect()
            && template.content() == Some(manifest.content_sha256.as_str())
            && template.computed_content() == manifest.content_sha256;
        if is_consistent {
            Ok(template)
        } else {
            Err(BundleError::Inconsistent(self.folder.clone()))
        }
    }
}
