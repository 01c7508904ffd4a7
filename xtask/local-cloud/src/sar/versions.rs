//! The operations on versions.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde_json::Value;

use super::artifacts::BUCKET;
use super::documents;
use super::errors::SarError;
use super::fields::{self, Content, CreateVersion};
use super::state::{Statement, Version, semantic_version};
use super::template::Template;
use super::{Sar, now, pages};

/// The largest source archive, in bytes.
const MAX_ARCHIVE: usize = 50 * 1024 * 1024;
/// The largest template, in bytes: `CloudFormation`'s limit.
const MAX_TEMPLATE: usize = 1024 * 1024;

impl Sar {
    pub(super) fn create_version(
        &self,
        id: &str,
        number: &str,
        input: &CreateVersion,
    ) -> Result<Value, SarError> {
        let number = semantic_version(number)?;
        let conflict = || {
            SarError::Conflict(format!(
                "Application with id {id} and version {number} already exists"
            ))
        };
        let name = {
            let state = self.state();
            let application = state.find(id)?;
            if application.versions.contains_key(&number) {
                return Err(conflict());
            }
            let is_public = application.policy.iter().any(Statement::is_public);
            if is_public && input.source_code_url.is_none() {
                return Err(SarError::bad(
                    "a version of a public application needs SourceCodeUrl",
                ));
            }
            application.name.clone()
        };
        let version = self.make_version(&name, input)?;
        self.change(|state| {
            let application = state.find_mut(id)?;
            if application.versions.contains_key(&number) {
                return Err(conflict());
            }
            let document = self.version_document(application, &number, &version);
            application.versions.insert(number.clone(), version);
            Ok(document)
        })
    }

    /// Checks everything that makes a version and keeps copies of it.
    pub(super) fn make_version(
        &self,
        application: &str,
        input: &CreateVersion,
    ) -> Result<Version, SarError> {
        if let Some(url) = &input.source_code_url {
            fields::web_url("SourceCodeUrl", url)?;
        }
        let content = fields::exclusive(
            "Template",
            input.template_body.as_ref(),
            input.template_url.as_ref(),
        )?;
        let text = match content {
            None => return Err(SarError::bad("TemplateBody or TemplateUrl is required")),
            Some(Content::Body(text)) => text.to_owned(),
            Some(Content::Url(url)) => {
                let bytes = self.read("TemplateUrl", url, MAX_TEMPLATE)?;
                String::from_utf8(bytes.to_vec())
                    .map_err(|_| SarError::bad("the template must be a text in UTF-8"))?
            }
        };
        if text.len() > MAX_TEMPLATE {
            return Err(SarError::bad("TemplateBody is larger than 1 MB"));
        }
        let archive = match &input.source_code_archive_url {
            None => None,
            Some(url) => Some(self.read("SourceCodeArchiveUrl", url, MAX_ARCHIVE)?),
        };
        if archive
            .as_ref()
            .is_some_and(|bytes| !bytes.starts_with(b"PK"))
        {
            return Err(SarError::bad("SourceCodeArchiveUrl must lead to a zip"));
        }
        let mut template = Template::read(&text)?;
        let references = template.references()?;
        let mut artifacts = BTreeMap::new();
        for reference in &references {
            if let Entry::Vacant(entry) = artifacts.entry(reference.location.url()) {
                entry.insert(self.read_location(&reference.place, &reference.location)?);
            }
        }

        // Nothing is refused from here on, so that no copy is made in vain.
        let mut copies = BTreeMap::new();
        for (url, bytes) in artifacts {
            let key = self.copy(application, "artifact", "binary/octet-stream", &bytes)?;
            copies.insert(url, key);
        }
        for reference in &references {
            if let Some(key) = copies.get(&reference.location.url()) {
                template.redirect(reference, BUCKET, key);
            }
        }
        let source_code_archive = match archive {
            None => None,
            Some(bytes) => Some(self.copy(application, "source.zip", "application/zip", &bytes)?),
        };
        let text = template.text().into();
        Ok(Version {
            source_code_url: input.source_code_url.clone(),
            source_code_archive,
            template: self.copy(application, "template.json", "application/json", &text)?,
            created: now(),
            capabilities: template.capabilities(),
            parameters: template.parameters(),
            dependencies: template.dependencies(),
        })
    }

    pub(super) fn list_versions(
        &self,
        id: &str,
        query: &BTreeMap<String, String>,
    ) -> Result<Value, SarError> {
        let state = self.state();
        let application = state.find(id)?;
        let items = application
            .versions
            .iter()
            .map(|(number, version)| documents::version_summary(application, number, version))
            .collect();
        pages::page("versions", items, query)
    }

    pub(super) fn list_dependencies(
        &self,
        id: &str,
        version: Option<&str>,
        query: &BTreeMap<String, String>,
    ) -> Result<Value, SarError> {
        let state = self.state();
        let (_, version) = state.find(id)?.version(version)?;
        let items = version
            .dependencies
            .iter()
            .map(|dependency| serde_json::json!(dependency))
            .collect();
        pages::page("dependencies", items, query)
    }
}
