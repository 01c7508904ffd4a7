//! Templates made for deploying a version with `CloudFormation`.

use serde::Deserialize;
use serde_json::Value;

use super::artifacts::BUCKET;
use super::errors::SarError;
use super::state::DeployTemplate;
use super::{Sar, now};
use crate::s3::Actor;

/// The body of `CreateCloudFormationTemplate`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct CreateTemplate {
    semantic_version: Option<String>,
}

impl CreateTemplate {
    /// For one version.
    pub(super) fn of(version: &str) -> Self {
        Self {
            semantic_version: Some(version.to_owned()),
        }
    }
}

impl Sar {
    pub(super) fn create_template(
        &self,
        id: &str,
        input: &CreateTemplate,
    ) -> Result<Value, SarError> {
        let (application, version, source) = {
            let state = self.state();
            let application = state.find(id)?;
            let (number, version) = application.version(input.semantic_version.as_deref())?;
            (
                application.name.clone(),
                number.clone(),
                version.template.clone(),
            )
        };
        let text = self.s3.read(Actor::Anonymous, BUCKET, &source)?;
        let template = DeployTemplate {
            template: self.copy(&application, "template.json", "application/json", &text)?,
            application,
            version,
            created: now(),
        };
        let template_id = uuid::Uuid::new_v4().to_string();
        let document = self.template_document(&template_id, &template, now());
        self.change(|state| {
            state.templates.insert(template_id, template);
            Ok(document)
        })
    }

    pub(super) fn get_template(&self, id: &str, template_id: &str) -> Result<Value, SarError> {
        let state = self.state();
        let application = &state.find(id)?.name;
        let template = state
            .templates
            .get(template_id)
            .filter(|template| template.application == *application)
            .ok_or_else(|| SarError::NotFound(format!("Template {template_id} does not exist")))?;
        Ok(self.template_document(template_id, template, now()))
    }
}
