//! Change sets: an application's version and the deployer's parameters, handed over to `CloudFormation`.
//! <https://docs.aws.amazon.com/serverlessrepo/latest/devguide/applications-applicationid-changesets.html>

use std::collections::BTreeSet;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::artifacts::BUCKET;
use super::cloudformation::{CloudFormationError, Connection};
use super::errors::SarError;
use super::state::{Application, Version};
use super::template::Template;
use super::{Sar, now};
use crate::s3::Actor;

/// What SAR puts before the name of every stack.
const PREFIX: &str = "serverlessrepo-";
/// The longest name of a stack, in characters.
const MAX_STACK_NAME: usize = 128;
/// The largest template that `CloudFormation` takes within a request, in bytes.
const MAX_TEMPLATE_BODY: usize = 51_200;
/// The capabilities there are.
const CAPABILITIES: [&str; 4] = [
    "CAPABILITY_IAM",
    "CAPABILITY_NAMED_IAM",
    "CAPABILITY_AUTO_EXPAND",
    "CAPABILITY_RESOURCE_POLICY",
];

/// The body of `CreateCloudFormationChangeSet`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct CreateChangeSet {
    capabilities: Vec<String>,
    change_set_name: Option<String>,
    client_token: Option<String>,
    description: Option<String>,
    notification_arns: Vec<String>,
    parameter_overrides: Vec<ParameterValue>,
    resource_types: Vec<String>,
    rollback_configuration: Option<RollbackConfiguration>,
    semantic_version: Option<String>,
    stack_name: Option<String>,
    tags: Vec<Tag>,
    template_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ParameterValue {
    name: String,
    value: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tag {
    key: String,
    value: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct RollbackConfiguration {
    monitoring_time_in_minutes: Option<i64>,
    rollback_triggers: Vec<RollbackTrigger>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RollbackTrigger {
    arn: String,
    r#type: String,
}

/// What is handed over.
struct Deployment {
    application_id: String,
    version: String,
    stack_name: String,
    /// The key of the published template.
    template: String,
}

impl Sar {
    pub(super) async fn create_change_set(
        &self,
        id: &str,
        input: &CreateChangeSet,
    ) -> Result<Value, SarError> {
        let deployment = self.check(id, input)?;
        let settings = self.cloudformation.as_ref().ok_or_else(|| {
            SarError::bad(
                "the local SAR has no CloudFormation to make a change set in; start local-cloud with \
                 --cloudformation-endpoint",
            )
        })?;
        let connection = Connection::new(settings);
        let refused = |error: CloudFormationError| SarError::bad(error.to_string());
        let template = self.hand_over(&connection, &deployment.template).await?;
        let exists = stack_exists(&connection, &deployment.stack_name)
            .await
            .map_err(refused)?;
        let mut form = form(input, &deployment, exists);
        form.push(template);
        let [change_set, stack] = connection
            .call_for("CreateChangeSet", &form, ["Id", "StackId"])
            .await
            .map_err(refused)?;
        Ok(json!({
            "applicationId": deployment.application_id,
            "changeSetId": change_set,
            "semanticVersion": deployment.version,
            "stackId": stack,
        }))
    }

    /// Checks the request against the version that it asks for.
    fn check(&self, id: &str, input: &CreateChangeSet) -> Result<Deployment, SarError> {
        let stack = input
            .stack_name
            .as_deref()
            .ok_or_else(|| SarError::bad("StackName is required"))?;
        let stack_name = format!("{PREFIX}{stack}");
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if !stack.starts_with(|c: char| c.is_ascii_alphabetic())
            || !stack.chars().all(is_allowed)
            || stack_name.len() > MAX_STACK_NAME
        {
            return Err(SarError::bad(
                "StackName must be a letter and up to 112 letters, digits and hyphens",
            ));
        }
        let state = self.state();
        let application = state.find(id)?;
        let wanted = match &input.template_id {
            None => input.semantic_version.clone(),
            Some(template_id) => {
                let template = state
                    .templates
                    .get(template_id)
                    .filter(|template| template.application == application.name)
                    .ok_or_else(|| SarError::bad("there is no such TemplateId"))?;
                if template.is_expired(now()) {
                    return Err(SarError::bad("the template has expired"));
                }
                Some(template.version.to_string())
            }
        };
        let (number, version) = application.version(wanted.as_deref())?;
        check_capabilities(application, version, &input.capabilities)?;
        check_parameters(version, &input.parameter_overrides)?;
        Ok(Deployment {
            application_id: application.id(),
            version: number.to_string(),
            stack_name,
            template: version.template.clone(),
        })
    }

    /// Puts the code where `CloudFormation` finds it, as SAR does in every region, and gives the parameter that holds
    /// the template or its address.
    async fn hand_over(
        &self,
        connection: &Connection<'_>,
        key: &str,
    ) -> Result<(String, String), SarError> {
        let refused = |error: CloudFormationError| SarError::bad(error.to_string());
        let read = |key: &str| -> Result<Bytes, SarError> {
            Ok(self.s3.read(Actor::Anonymous, BUCKET, key)?)
        };
        let bytes = read(key)?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        connection.create_bucket(BUCKET).await.map_err(refused)?;
        for reference in Template::read(&text)?.references()? {
            let key = &reference.location.key;
            connection
                .put_object(BUCKET, key, read(key)?)
                .await
                .map_err(refused)?;
        }
        if text.len() <= MAX_TEMPLATE_BODY {
            return Ok(("TemplateBody".to_owned(), text));
        }
        connection
            .put_object(BUCKET, key, bytes)
            .await
            .map_err(refused)?;
        Ok(("TemplateURL".to_owned(), connection.object_url(BUCKET, key)))
    }
}

async fn stack_exists(
    connection: &Connection<'_>,
    name: &str,
) -> Result<bool, CloudFormationError> {
    let parameters = [("StackName".to_owned(), name.to_owned())];
    let names = ["StackStatus", "StackName"];
    match connection
        .call_for("DescribeStacks", &parameters, names)
        .await
    {
        // A stack that only has a change set is not made yet.
        Ok([status, _]) => Ok(!matches!(
            status.as_str(),
            "REVIEW_IN_PROGRESS" | "DELETE_COMPLETE"
        )),
        Err(CloudFormationError::Refused { code, .. }) if code == "ValidationError" => Ok(false),
        Err(error) => Err(error),
    }
}

fn check_capabilities(
    application: &Application,
    version: &Version,
    given: &[String],
) -> Result<(), SarError> {
    if let Some(unknown) = given
        .iter()
        .find(|name| !CAPABILITIES.contains(&name.as_str()))
    {
        return Err(SarError::bad(format!("{unknown:?} is not a capability")));
    }
    let has = |name: &str| given.iter().any(|given| given == name);
    let missing: Vec<_> = version
        .capabilities
        .iter()
        .filter(|name| {
            let is_implied = *name == "CAPABILITY_IAM" && has("CAPABILITY_NAMED_IAM");
            !has(name) && !is_implied
        })
        .cloned()
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(SarError::bad(format!(
        "Application {} requires capabilities: [{}]",
        application.id(),
        missing.join(", ")
    )))
}

fn check_parameters(version: &Version, overrides: &[ParameterValue]) -> Result<(), SarError> {
    let mut given = BTreeSet::new();
    for parameter in overrides {
        let is_known = version
            .parameters
            .iter()
            .any(|known| known["name"] == parameter.name.as_str());
        if !is_known {
            return Err(SarError::bad(format!(
                "the application has no parameter {:?}",
                parameter.name
            )));
        }
        if !given.insert(parameter.name.as_str()) {
            return Err(SarError::bad(format!(
                "the parameter {:?} is there twice",
                parameter.name
            )));
        }
    }
    for parameter in &version.parameters {
        let name = parameter["name"].as_str().unwrap_or_default();
        if parameter.get("defaultValue").is_none() && !given.contains(name) {
            return Err(SarError::bad(format!(
                "the parameter {name:?} has no default and was not given"
            )));
        }
    }
    Ok(())
}

/// The parameters of `CreateChangeSet`, but for the template.
fn form(input: &CreateChangeSet, deployment: &Deployment, exists: bool) -> Vec<(String, String)> {
    let mut form = Form::default();
    let name = input
        .change_set_name
        .clone()
        .unwrap_or_else(|| format!("a{}", uuid::Uuid::new_v4()));
    form.add("StackName", &deployment.stack_name);
    form.add("ChangeSetName", &name);
    form.add("ChangeSetType", if exists { "UPDATE" } else { "CREATE" });
    for (field, value) in [
        ("Description", &input.description),
        ("ClientToken", &input.client_token),
    ] {
        if let Some(value) = value {
            form.add(field, value);
        }
    }
    for (index, parameter) in (1..).zip(&input.parameter_overrides) {
        let prefix = format!("Parameters.member.{index}");
        form.add(&format!("{prefix}.ParameterKey"), &parameter.name);
        form.add(&format!("{prefix}.ParameterValue"), &parameter.value);
    }
    // What SAM makes of functions needs these two, which SAR acknowledges for the deployer; RESOURCE_POLICY is SAR's own.
    let mut capabilities = BTreeSet::from(["CAPABILITY_AUTO_EXPAND", "CAPABILITY_IAM"]);
    let given = input.capabilities.iter().map(String::as_str);
    capabilities.extend(given.filter(|name| *name != "CAPABILITY_RESOURCE_POLICY"));
    form.list("Capabilities", capabilities);
    form.list(
        "NotificationARNs",
        input.notification_arns.iter().map(String::as_str),
    );
    form.list(
        "ResourceTypes",
        input.resource_types.iter().map(String::as_str),
    );
    let own = [
        ("serverlessrepo:applicationId", &deployment.application_id),
        ("serverlessrepo:semanticVersion", &deployment.version),
    ];
    let tags = input.tags.iter().map(|tag| (tag.key.as_str(), &tag.value));
    for (index, (key, value)) in (1..).zip(own.into_iter().chain(tags)) {
        form.add(&format!("Tags.member.{index}.Key"), key);
        form.add(&format!("Tags.member.{index}.Value"), value);
    }
    if let Some(rollback) = &input.rollback_configuration {
        if let Some(minutes) = rollback.monitoring_time_in_minutes {
            let field = "RollbackConfiguration.MonitoringTimeInMinutes";
            form.add(field, &minutes.to_string());
        }
        for (index, trigger) in (1..).zip(&rollback.rollback_triggers) {
            let prefix = format!("RollbackConfiguration.RollbackTriggers.member.{index}");
            form.add(&format!("{prefix}.Arn"), &trigger.arn);
            form.add(&format!("{prefix}.Type"), &trigger.r#type);
        }
    }
    form.0
}

#[derive(Default)]
struct Form(Vec<(String, String)>);

impl Form {
    fn add(&mut self, name: &str, value: &str) {
        self.0.push((name.to_owned(), value.to_owned()));
    }

    fn list<'v>(&mut self, name: &str, values: impl IntoIterator<Item = &'v str>) {
        for (index, value) in (1..).zip(values) {
            self.add(&format!("{name}.member.{index}"), value);
        }
    }
}
