//! What SAR holds: applications, their versions and policies, and templates made for deploying.

use std::collections::BTreeMap;

use semver::Version as SemanticVersion;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::errors::SarError;
use crate::function::{ACCOUNT_ID, REGION};

/// How long a template made for deploying can be used, in milliseconds.
pub(super) const TEMPLATE_LIFE: i64 = 60 * 60 * 1000;

/// Everything that SAR holds.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Applications {
    /// By name.
    pub(super) applications: BTreeMap<String, Application>,
    /// By id.
    pub(super) templates: BTreeMap<String, DeployTemplate>,
}

/// An application.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Application {
    pub(super) name: String,
    pub(super) author: String,
    pub(super) description: String,
    pub(super) home_page_url: Option<String>,
    pub(super) labels: Vec<String>,
    pub(super) spdx_license_id: Option<String>,
    /// The key of SAR's copy.
    pub(super) license: Option<String>,
    /// The key of SAR's copy.
    pub(super) readme: Option<String>,
    /// In milliseconds since 1970.
    pub(super) created: i64,
    pub(super) policy: Vec<Statement>,
    pub(super) versions: BTreeMap<SemanticVersion, Version>,
}

/// A version of an application, which never changes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Version {
    pub(super) source_code_url: Option<String>,
    /// The key of SAR's copy.
    pub(super) source_code_archive: Option<String>,
    /// The key of the template that is published.
    pub(super) template: String,
    /// In milliseconds since 1970.
    pub(super) created: i64,
    pub(super) capabilities: Vec<String>,
    pub(super) parameters: Vec<Value>,
    pub(super) dependencies: Vec<Dependency>,
}

/// An application that a version contains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Dependency {
    pub(super) application_id: String,
    pub(super) semantic_version: String,
}

/// Who may do what with an application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Statement {
    pub(super) actions: Vec<String>,
    #[serde(
        default,
        rename = "principalOrgIDs",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub(super) principal_org_ids: Vec<String>,
    pub(super) principals: Vec<String>,
    #[serde(default, rename = "statementId")]
    pub(super) id: String,
}

/// A template made for deploying a version, for one hour.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeployTemplate {
    pub(super) application: String,
    pub(super) version: SemanticVersion,
    /// The key of the copy.
    pub(super) template: String,
    /// In milliseconds since 1970.
    pub(super) created: i64,
}

impl Applications {
    /// The application with this id, an ARN.
    pub(super) fn find(&self, id: &str) -> Result<&Application, SarError> {
        self.applications
            .get(name_in(id)?)
            .ok_or_else(|| missing(id))
    }

    pub(super) fn find_mut(&mut self, id: &str) -> Result<&mut Application, SarError> {
        self.applications
            .get_mut(name_in(id)?)
            .ok_or_else(|| missing(id))
    }
}

impl Application {
    pub(super) fn id(&self) -> String {
        id(&self.name)
    }

    /// The version asked for, or the highest one.
    pub(super) fn version(
        &self,
        wanted: Option<&str>,
    ) -> Result<(&SemanticVersion, &Version), SarError> {
        let found = match wanted {
            None => self.versions.last_key_value(),
            Some(text) => self.versions.get_key_value(&semantic_version(text)?),
        };
        found.ok_or_else(|| {
            let wanted = wanted.unwrap_or("(any)");
            SarError::NotFound(format!(
                "Application with id {} has no version {wanted}",
                self.id()
            ))
        })
    }
}

impl DeployTemplate {
    /// `now` is in milliseconds since 1970.
    pub(super) fn is_expired(&self, now: i64) -> bool {
        self.created + TEMPLATE_LIFE <= now
    }
}

/// The ARN of the application with this name.
pub(super) fn id(name: &str) -> String {
    format!("arn:aws:serverlessrepo:{REGION}:{ACCOUNT_ID}:applications/{name}")
}

fn name_in(id: &str) -> Result<&str, SarError> {
    let mut fields = id.splitn(6, ':');
    let is_arn = fields.next() == Some("arn")
        && fields.next().is_some()
        && fields.next() == Some("serverlessrepo");
    let (region, account, resource) = (fields.next(), fields.next(), fields.next());
    let name = resource.and_then(|resource| resource.strip_prefix("applications/"));
    match name {
        Some(name) if is_arn && region == Some(REGION) && account == Some(ACCOUNT_ID) => Ok(name),
        Some(_) if is_arn => Err(missing(id)),
        _ => Err(SarError::bad(
            "ApplicationId must be the ARN of an application",
        )),
    }
}

fn missing(id: &str) -> SarError {
    SarError::NotFound(format!("Application with id {id} does not exist"))
}

/// A version by the rules of <https://semver.org/>.
pub(super) fn semantic_version(text: &str) -> Result<SemanticVersion, SarError> {
    text.parse().map_err(|_| {
        SarError::bad("SemanticVersion must be a version as semver.org defines it, such as 1.0.0")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_expire_after_an_hour() {
        let template = DeployTemplate {
            application: "hello".to_owned(),
            version: SemanticVersion::new(1, 0, 0),
            template: String::new(),
            created: 1000,
        };
        assert!(!template.is_expired(1000 + TEMPLATE_LIFE - 1));
        assert!(template.is_expired(1000 + TEMPLATE_LIFE));
    }

    #[test]
    fn ids_are_arns_of_this_account_and_region() {
        let find = |text: &str| match name_in(text) {
            Ok(name) => name.to_owned(),
            Err(error) => error.to_string(),
        };
        insta::assert_snapshot!(find(&id("hello")), @"hello");
        insta::assert_snapshot!(find("arn:aws:serverlessrepo:us-east-1:111122223333:applications/hello"), @"Application with id arn:aws:serverlessrepo:us-east-1:111122223333:applications/hello does not exist");
        insta::assert_snapshot!(find("hello"), @"ApplicationId must be the ARN of an application");
        insta::assert_snapshot!(find("arn:aws:s3:us-east-1:000000000000:applications/hello"), @"ApplicationId must be the ARN of an application");
    }
}
