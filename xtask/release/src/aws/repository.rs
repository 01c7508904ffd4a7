//! SAR, by its SDK.

use std::collections::BTreeMap;

use aws_sdk_serverlessapplicationrepository::Client;
use aws_sdk_serverlessapplicationrepository::operation::get_application::GetApplicationOutput;
use aws_sdk_serverlessapplicationrepository::operation::get_application_policy::GetApplicationPolicyOutput;
use aws_sdk_serverlessapplicationrepository::types::{ApplicationPolicyStatement, ParameterValue};

use super::download::Downloads;
use tooling::aws::error::{found, remote};

use crate::application::ApplicationArn;
use crate::desired::Desired;
use crate::ports::{Failure, LiveApplication, LiveVersion, RemoteError, Repository};
use crate::sharing::{SharingPolicy, Statement};
use crate::template::Template;
use crate::version::SemanticVersion;

/// SAR in one region, with one account's credentials.
#[derive(Debug, Clone)]
pub struct ServerlessRepository {
    client: Client,
    downloads: Downloads,
}

/// A change set to be made by SAR.
#[derive(Debug, Clone)]
pub struct RepositoryChangeSet<'a> {
    /// The application.
    pub application: &'a ApplicationArn,
    /// The version.
    pub version: &'a SemanticVersion,
    /// The stack, without SAR's prefix.
    pub stack_name: &'a str,
    /// Makes an attempt after a lost answer the same request.
    pub token: &'a str,
    /// The parameters; those that are left out get the template's defaults.
    pub parameters: &'a BTreeMap<String, String>,
    /// The capabilities that the version asks for.
    pub capabilities: &'a [String],
}

impl ServerlessRepository {
    pub(super) fn new(client: Client) -> Self {
        Self {
            client,
            downloads: Downloads::new(),
        }
    }

    /// Has `CloudFormation` compute a change set for a published version, and answers its ARN and the stack's.
    pub async fn create_change_set(
        &self,
        request: &RepositoryChangeSet<'_>,
    ) -> Result<(String, String), RemoteError> {
        let operation = "CreateCloudFormationChangeSet";
        let parameters = request
            .parameters
            .iter()
            .map(|(name, value)| ParameterValue::builder().name(name).value(value).build());
        let output = self
            .client
            .create_cloud_formation_change_set()
            .application_id(request.application.as_str())
            .semantic_version(request.version.to_string())
            .stack_name(request.stack_name)
            .client_token(request.token)
            .set_parameter_overrides(Some(parameters.collect()))
            .set_capabilities(Some(request.capabilities.to_vec()))
            .send()
            .await
            .map_err(|error| remote(operation, &error))?;
        match (output.change_set_id, output.stack_id) {
            (Some(change_set), Some(stack)) => Ok((change_set, stack)),
            _ => Err(RemoteError {
                operation,
                failure: Failure::Refused,
                message: "the answer names no change set".to_owned(),
            }),
        }
    }

    async fn get(
        &self,
        arn: &ApplicationArn,
        version: Option<&SemanticVersion>,
    ) -> Result<Option<GetApplicationOutput>, RemoteError> {
        let request = self.client.get_application().application_id(arn.as_str());
        let request = request.set_semantic_version(version.map(ToString::to_string));
        found("GetApplication", request.send().await)
    }

    async fn text(&self, url: Option<&str>) -> Result<Option<String>, RemoteError> {
        match url {
            Some(url) => self.downloads.text("GetApplication", url).await.map(Some),
            None => Ok(None),
        }
    }

    async fn template(
        &self,
        operation: &'static str,
        url: Option<&str>,
    ) -> Result<Template, RemoteError> {
        let refused = |message: String| RemoteError {
            operation,
            failure: Failure::Refused,
            message,
        };
        let url = url.ok_or_else(|| refused("the answer names no template".to_owned()))?;
        let text = self.downloads.text(operation, url).await?;
        Template::parse(&text).map_err(|error| refused(error.to_string()))
    }
}

impl Repository for ServerlessRepository {
    async fn application(
        &self,
        arn: &ApplicationArn,
    ) -> Result<Option<LiveApplication>, RemoteError> {
        let Some(output) = self.get(arn, None).await? else {
            return Ok(None);
        };
        let (readme, license) = futures_util::future::try_join(
            self.text(output.readme_url()),
            self.text(output.license_url()),
        )
        .await?;
        let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
        let mut labels = output.labels().to_vec();
        labels.sort();
        let latest = output.version().and_then(|it| it.semantic_version());
        Ok(Some(LiveApplication {
            author: text(output.author()),
            description: text(output.description()),
            labels,
            home_page_url: text(output.home_page_url()),
            spdx_license_id: text(output.spdx_license_id()),
            readme,
            license,
            latest: latest.and_then(|version| version.parse().ok()),
        }))
    }

    async fn version(
        &self,
        arn: &ApplicationArn,
        version: &SemanticVersion,
    ) -> Result<Option<LiveVersion>, RemoteError> {
        let output = self.get(arn, Some(version)).await?;
        let Some(published) = output.as_ref().and_then(|output| output.version()) else {
            return Ok(None);
        };
        if published.semantic_version() != Some(version.to_string().as_str()) {
            return Ok(None);
        }
        let capabilities = published.required_capabilities().iter();
        Ok(Some(LiveVersion {
            template: self
                .template("GetApplication", published.template_url())
                .await?,
            required_capabilities: capabilities.map(|it| it.as_str().to_owned()).collect(),
            source_code_url: published.source_code_url().map(str::to_owned),
        }))
    }

    async fn policy(&self, arn: &ApplicationArn) -> Result<SharingPolicy, RemoteError> {
        let request = self
            .client
            .get_application_policy()
            .application_id(arn.as_str());
        let output = found("GetApplicationPolicy", request.send().await)?;
        let statements: Vec<_> = output
            .iter()
            .flat_map(GetApplicationPolicyOutput::statements)
            .map(|statement| Statement {
                principals: statement.principals().to_vec(),
                organizations: statement.principal_org_ids().to_vec(),
                actions: statement.actions().to_vec(),
            })
            .collect();
        Ok(SharingPolicy::from_statements(&statements))
    }

    async fn deployable_template(
        &self,
        arn: &ApplicationArn,
        version: &SemanticVersion,
    ) -> Result<Template, RemoteError> {
        let operation = "CreateCloudFormationTemplate";
        let output = self
            .client
            .create_cloud_formation_template()
            .application_id(arn.as_str())
            .semantic_version(version.to_string())
            .send()
            .await
            .map_err(|error| remote(operation, &error))?;
        self.template(operation, output.template_url()).await
    }

    async fn create_application(&self, desired: &Desired) -> Result<(), RemoteError> {
        let manifest = &desired.manifest;
        let metadata = &manifest.metadata;
        self.client
            .create_application()
            .name(metadata.name.as_str())
            .author(&metadata.author)
            .description(&metadata.description)
            .set_labels(Some(metadata.labels.clone()))
            .home_page_url(&metadata.home_page_url)
            .spdx_license_id(&metadata.spdx_license_id)
            .license_body(&desired.license)
            .readme_body(&desired.readme)
            .semantic_version(manifest.version.to_string())
            .source_code_url(&manifest.source_code_url)
            .source_code_archive_url(desired.source_archive_url())
            .template_body(desired.template.to_json())
            .send()
            .await
            .map(drop)
            .map_err(|error| remote("CreateApplication", &error))
    }

    async fn create_version(&self, desired: &Desired) -> Result<(), RemoteError> {
        self.client
            .create_application_version()
            .application_id(desired.application.as_str())
            .semantic_version(desired.manifest.version.to_string())
            .source_code_url(&desired.manifest.source_code_url)
            .source_code_archive_url(desired.source_archive_url())
            .template_body(desired.template.to_json())
            .send()
            .await
            .map(drop)
            .map_err(|error| remote("CreateApplicationVersion", &error))
    }

    async fn update_application(&self, desired: &Desired) -> Result<(), RemoteError> {
        let metadata = &desired.manifest.metadata;
        self.client
            .update_application()
            .application_id(desired.application.as_str())
            .author(&metadata.author)
            .description(&metadata.description)
            // An empty list is sent too: it clears the labels.
            .set_labels(Some(metadata.labels.clone()))
            .home_page_url(&metadata.home_page_url)
            .readme_body(&desired.readme)
            .send()
            .await
            .map(drop)
            .map_err(|error| remote("UpdateApplication", &error))
    }

    async fn put_policy(
        &self,
        arn: &ApplicationArn,
        policy: &SharingPolicy,
    ) -> Result<(), RemoteError> {
        let statements = policy.to_statements().into_iter().map(|statement| {
            let organizations = statement.organizations;
            ApplicationPolicyStatement::builder()
                .set_principals(Some(statement.principals))
                .set_principal_org_ids((!organizations.is_empty()).then_some(organizations))
                .set_actions(Some(statement.actions))
                .build()
        });
        self.client
            .put_application_policy()
            .application_id(arn.as_str())
            // An empty list is sent too: it makes the application private.
            .set_statements(Some(statements.collect()))
            .send()
            .await
            .map(drop)
            .map_err(|error| remote("PutApplicationPolicy", &error))
    }
}
