//! The operations on applications and their policies.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::documents;
use super::errors::SarError;
use super::fields::{self, Content, CreateApplication, CreateVersion, UpdateApplication, required};
use super::policy;
use super::state::{Application, Statement, id, semantic_version};
use super::{Sar, now, pages};

/// The largest readme and the largest licence, in bytes.
const MAX_TEXT: usize = 5 * 1024 * 1024;
/// The most public applications of an account.
const MAX_PUBLIC: usize = 100;

/// The body of `PutApplicationPolicy`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PutPolicy {
    statements: Vec<Statement>,
}

/// The body of `UnshareApplication`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Unshare {
    organization_id: String,
}

impl Sar {
    pub(super) fn create_application(&self, input: &CreateApplication) -> Result<Value, SarError> {
        let name = required(input.name.as_ref(), "Name")?;
        fields::name(&name)?;
        let author = required(input.author.as_ref(), "Author")?;
        fields::author(&author)?;
        let description = required(input.description.as_ref(), "Description")?;
        fields::description(&description)?;
        if let Some(url) = &input.home_page_url {
            fields::web_url("HomePageUrl", url)?;
        }
        let labels = input.labels.clone().unwrap_or_default();
        fields::labels(&labels)?;
        if let Some(license) = &input.spdx_license_id {
            fields::spdx_license_id(license)?;
        }
        let license = fields::exclusive(
            "License",
            input.license_body.as_ref(),
            input.license_url.as_ref(),
        )?;
        let readme = fields::exclusive(
            "Readme",
            input.readme_body.as_ref(),
            input.readme_url.as_ref(),
        )?;
        self.check_is_free(&name)?;

        let mut application = Application {
            license: self.keep_text(&name, "License", license)?,
            readme: self.keep_text(&name, "Readme", readme)?,
            name,
            author,
            description,
            home_page_url: input.home_page_url.clone(),
            labels,
            spdx_license_id: input.spdx_license_id.clone(),
            created: now(),
            policy: Vec::new(),
            versions: BTreeMap::new(),
        };
        self.add_first_version(&mut application, input)?;
        self.change(|state| {
            // Someone else may have taken the name meanwhile.
            if state.applications.contains_key(&application.name) {
                return Err(exists(&application.name));
            }
            let document =
                self.application_document(&application, application.versions.last_key_value());
            state
                .applications
                .insert(application.name.clone(), application);
            Ok(document)
        })
    }

    fn add_first_version(
        &self,
        application: &mut Application,
        input: &CreateApplication,
    ) -> Result<(), SarError> {
        let version = CreateVersion {
            source_code_archive_url: input.source_code_archive_url.clone(),
            source_code_url: input.source_code_url.clone(),
            template_body: input.template_body.clone(),
            template_url: input.template_url.clone(),
        };
        let has_version = version.template_body.is_some()
            || version.template_url.is_some()
            || version.source_code_url.is_some()
            || version.source_code_archive_url.is_some();
        match &input.semantic_version {
            Some(number) => {
                let number = semantic_version(number)?;
                let version = self.make_version(&application.name, &version)?;
                application.versions.insert(number, version);
                Ok(())
            }
            None if has_version => Err(SarError::bad(
                "a template and the address of source code need SemanticVersion",
            )),
            None => Ok(()),
        }
    }

    fn check_is_free(&self, name: &str) -> Result<(), SarError> {
        if self.state().applications.contains_key(name) {
            return Err(exists(name));
        }
        Ok(())
    }

    /// Keeps a licence or a readme and gives the key of the copy.
    fn keep_text(
        &self,
        application: &str,
        field: &str,
        content: Option<Content<'_>>,
    ) -> Result<Option<String>, SarError> {
        let bytes = match content {
            None => return Ok(None),
            Some(Content::Body(text)) if text.len() > MAX_TEXT => {
                return Err(SarError::bad(format!("{field}Body is larger than 5 MB")));
            }
            Some(Content::Body(text)) => Bytes::from(text.to_owned()),
            Some(Content::Url(url)) => self.read(&format!("{field}Url"), url, MAX_TEXT)?,
        };
        if std::str::from_utf8(&bytes).is_err() || bytes.is_empty() {
            return Err(SarError::bad(format!("{field} must be a text in UTF-8")));
        }
        let name = field.to_ascii_lowercase();
        self.copy(application, &name, "text/plain; charset=utf-8", &bytes)
            .map(Some)
    }

    pub(super) fn update_application(
        &self,
        id: &str,
        input: &UpdateApplication,
    ) -> Result<Value, SarError> {
        let name = self.state().find(id)?.name.clone();
        if let Some(author) = &input.author {
            fields::author(author)?;
        }
        if let Some(description) = &input.description {
            fields::description(description)?;
        }
        if let Some(url) = &input.home_page_url {
            fields::web_url("HomePageUrl", url)?;
        }
        if let Some(labels) = &input.labels {
            fields::labels(labels)?;
        }
        let readme = fields::exclusive(
            "Readme",
            input.readme_body.as_ref(),
            input.readme_url.as_ref(),
        )?;
        let readme = self.keep_text(&name, "Readme", readme)?;
        self.change(|state| {
            let application = state.find_mut(id)?;
            if let Some(author) = &input.author {
                application.author.clone_from(author);
            }
            if let Some(description) = &input.description {
                application.description.clone_from(description);
            }
            if let Some(labels) = &input.labels {
                application.labels.clone_from(labels);
            }
            if input.home_page_url.is_some() {
                application.home_page_url.clone_from(&input.home_page_url);
            }
            if readme.is_some() {
                application.readme = readme;
            }
            Ok(self.application_document(application, application.versions.last_key_value()))
        })
    }

    /// Takes the application away. Copies of its artifacts stay: stacks that were made of it refer to them.
    pub(super) fn delete_application(&self, id: &str) -> Result<(), SarError> {
        self.change(|state| {
            let name = state.find(id)?.name.clone();
            state.applications.remove(&name);
            Ok(())
        })
    }

    pub(super) fn get_application(
        &self,
        id: &str,
        version: Option<&str>,
    ) -> Result<Value, SarError> {
        let state = self.state();
        let application = state.find(id)?;
        let version = match version {
            None => application.versions.last_key_value(),
            wanted => Some(application.version(wanted)?),
        };
        Ok(self.application_document(application, version))
    }

    pub(super) fn list_applications(
        &self,
        query: &BTreeMap<String, String>,
    ) -> Result<Value, SarError> {
        let state = self.state();
        let items = state
            .applications
            .values()
            .map(documents::summary)
            .collect();
        pages::page("applications", items, query)
    }

    pub(super) fn get_policy(&self, id: &str) -> Result<Value, SarError> {
        let state = self.state();
        Ok(json!({"statements": state.find(id)?.policy}))
    }

    /// Replaces the whole policy; an empty one makes the application private.
    pub(super) fn put_policy(&self, id: &str, input: PutPolicy) -> Result<Value, SarError> {
        self.change(|state| {
            let statements = policy::complete(input.statements, state.find(id)?)?;
            state.find_mut(id)?.policy = statements;
            let policies = state.applications.values().map(|found| &found.policy);
            let public = policies
                .filter(|policy| policy.iter().any(Statement::is_public))
                .count();
            if public > MAX_PUBLIC {
                return Err(SarError::bad("an account can have 100 public applications"));
            }
            Ok(json!({"statements": state.find(id)?.policy}))
        })
    }

    /// Takes an organisation out of the policy.
    pub(super) fn unshare(&self, id: &str, input: &Unshare) -> Result<(), SarError> {
        let organisation = &input.organization_id;
        if !policy::is_organisation(organisation) {
            return Err(SarError::bad("OrganizationId must match o-[a-z0-9]{10,32}"));
        }
        self.change(|state| {
            let policy = &mut state.find_mut(id)?.policy;
            let is_shared =
                |statement: &Statement| statement.principal_org_ids.contains(organisation);
            if !policy.iter().any(is_shared) {
                return Err(SarError::bad(format!(
                    "the application is not shared with {organisation}"
                )));
            }
            policy.retain_mut(|statement| {
                let was_shared = is_shared(statement);
                statement.principal_org_ids.retain(|id| id != organisation);
                // Without its organisations it would be for everyone.
                !(was_shared && statement.principal_org_ids.is_empty())
            });
            Ok(())
        })
    }
}

fn exists(name: &str) -> SarError {
    SarError::Conflict(format!("Application with id {} already exists", id(name)))
}
