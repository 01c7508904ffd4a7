//! What somebody who deploys a version gets: its template and its code, from SAR's own copies.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::Sar;
use super::artifacts::BUCKET;
use super::deploy_templates::CreateTemplate;
use super::errors::SarError;
use super::template::Template;
use crate::s3::Actor;

/// A version as it is deployed.
#[derive(Debug)]
pub(crate) struct Served {
    /// The template's text.
    pub(crate) template: String,
    /// The functions' zips, by logical id.
    pub(crate) code: BTreeMap<String, Bytes>,
}

impl Sar {
    /// What deploying `version` of the application with the ARN `id` takes.
    pub(crate) fn served(&self, id: &str, version: &str) -> Result<Served, SarError> {
        let made = self.create_template(id, &CreateTemplate::of(version))?;
        let template_id = made["templateId"].as_str().unwrap_or_default();
        let key = {
            let state = self.state();
            let template = state.templates.get(template_id);
            template.map(|template| template.template.clone())
        };
        let key = key.ok_or_else(|| SarError::NotFound("the template is gone".to_owned()))?;
        let bytes = self.s3.read(Actor::Anonymous, BUCKET, &key)?;
        let template = String::from_utf8_lossy(&bytes).into_owned();
        let mut code = BTreeMap::new();
        for reference in Template::read(&template)?.references()? {
            let Some(logical_id) = reference.place.strip_suffix(".CodeUri") else {
                continue;
            };
            let zip = self
                .s3
                .read(Actor::Anonymous, BUCKET, &reference.location.key)?;
            code.insert(logical_id.to_owned(), zip);
        }
        Ok(Served { template, code })
    }
}
