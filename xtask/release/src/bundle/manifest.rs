//! `manifest.json`: what is in a bundle, and which release it makes.

use serde::{Deserialize, Serialize};

use crate::architecture::Architecture;
use crate::metadata::Metadata;
use crate::version::SemanticVersion;

/// A bundle's table of contents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// The version that the bundle makes.
    pub version: SemanticVersion,
    /// The application's metadata.
    pub metadata: Metadata,
    /// The commit it was made from.
    pub commit: String,
    /// Whether files differed from that commit.
    pub is_modified: bool,
    /// Whether the functions' programs are stand-ins, so that nothing of it can run.
    pub is_fake: bool,
    /// The processor that the functions are compiled for.
    pub architecture: Architecture,
    /// Where the sources can be read.
    pub source_code_url: String,
    /// The digest of template and code together, which the published template repeats.
    pub content_sha256: String,
    /// The functions.
    pub functions: Vec<FunctionArtifact>,
    /// The packaged template, with the zips' paths as its `CodeUri`s.
    pub template: Artifact,
    /// The sources.
    pub source: Artifact,
    /// The bill of materials.
    pub sbom: Artifact,
    /// The readme that SAR shows.
    pub readme: Artifact,
    /// The licence.
    pub license: Artifact,
}

/// A function's zip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FunctionArtifact {
    /// The function's name in the template.
    pub logical_id: String,
    /// The zip.
    #[serde(flatten)]
    pub artifact: Artifact,
}

/// A file of the bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Artifact {
    /// Its path in the bundle.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: String,
}

impl Manifest {
    /// The key that `artifact`, a zip, has in the artifact bucket: its content names it, so that it is never changed.
    pub fn key(&self, artifact: &Artifact) -> String {
        format!("{}/{}.zip", self.metadata.name, artifact.sha256)
    }

    /// Every file but the manifest itself.
    pub fn artifacts(&self) -> Vec<&Artifact> {
        let functions = self.functions.iter().map(|function| &function.artifact);
        let others = [
            &self.template,
            &self.source,
            &self.sbom,
            &self.readme,
            &self.license,
        ];
        functions.chain(others).collect()
    }
}
