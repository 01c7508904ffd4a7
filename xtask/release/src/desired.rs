//! The desired state: what SAR and the artifact bucket have once a bundle is published.

use std::collections::BTreeMap;

use crate::application::{ApplicationArn, Publisher};
use crate::bundle::{Artifact, Bundle, BundleError, Manifest};
use crate::sharing::SharingPolicy;
use crate::template::Template;

/// What a publish brings about.
#[derive(Debug, Clone)]
pub struct Desired {
    /// Who publishes, and where.
    pub publisher: Publisher,
    /// The application.
    pub application: ApplicationArn,
    /// The artifact bucket.
    pub bucket: String,
    /// What the bundle says.
    pub manifest: Manifest,
    /// The template, its code in the artifact bucket.
    pub template: Template,
    /// The readme's text.
    pub readme: String,
    /// The licence's text.
    pub license: String,
    /// Who may deploy.
    pub sharing: SharingPolicy,
    /// The objects that the version refers to, in the order they are uploaded.
    pub objects: Vec<Object>,
}

/// An object that has to be in the artifact bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its key, which follows from its content.
    pub key: String,
    /// The bundle's file.
    pub artifact: Artifact,
}

impl Desired {
    /// The state that publishing `bundle` as `publisher`, by way of `bucket`, brings about.
    pub fn new(
        bundle: &Bundle,
        publisher: Publisher,
        bucket: String,
        sharing: SharingPolicy,
    ) -> Result<Self, BundleError> {
        let manifest = bundle.manifest().clone();
        let functions = manifest.functions.iter();
        let uris: BTreeMap<_, _> = functions
            .clone()
            .map(|function| {
                let key = manifest.key(&function.artifact);
                (function.logical_id.clone(), format!("s3://{bucket}/{key}"))
            })
            .collect();
        let mut objects: Vec<Object> = Vec::new();
        let artifacts = functions.map(|function| &function.artifact);
        for artifact in artifacts.chain([&manifest.source]) {
            let key = manifest.key(artifact);
            // Functions with the same code share an object.
            if objects.iter().all(|object| object.key != key) {
                objects.push(Object {
                    key,
                    artifact: artifact.clone(),
                });
            }
        }
        Ok(Self {
            application: publisher.application(&manifest.metadata.name),
            template: bundle.template()?.with_code_uris(&uris),
            readme: bundle.read_text(&manifest.readme)?,
            license: bundle.read_text(&manifest.license)?,
            publisher,
            bucket,
            sharing,
            objects,
            manifest,
        })
    }

    /// Where the source archive is, in the form that SAR takes.
    pub fn source_archive_url(&self) -> String {
        let key = self.manifest.key(&self.manifest.source);
        format!("s3://{}/{key}", self.bucket)
    }
}
