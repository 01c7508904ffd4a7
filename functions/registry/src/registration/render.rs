//! A registration as its normalised document.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

use super::{
    Completion, Contract, Definition, Invocation, PromptArgument, Registration, ResourceLocator,
    TaskSupport,
};
use crate::arn::LambdaArn;
use crate::id::RegistrationType;
use crate::name::RegistrationName;

/// The order of the document's fields.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    id: String,
    #[serde(rename = "type")]
    kind: RegistrationType,
    name: &'a RegistrationName,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    lambda_arn: &'a LambdaArn,
    #[serde(skip_serializing_if = "is_true")]
    enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri_template: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mime_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    arguments: Option<&'a [PromptArgument]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_schema: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_schema: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    icons: Option<&'a RawValue>,
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    meta: Option<&'a RawValue>,
    contract: Contract,
    invocation: InvocationDocument,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    completions: &'a BTreeMap<String, Completion>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InvocationDocument {
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout_seconds: Option<u16>,
    stream: bool,
    task: TaskSupport,
    #[serde(skip_serializing_if = "Option::is_none")]
    list: Option<bool>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_true(enabled: &bool) -> bool {
    *enabled
}

impl Serialize for Completion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Values(values) => values.serialize(serializer),
            Self::Function => serializer.serialize_str("function"),
        }
    }
}

pub(super) fn registration(registration: &Registration) -> Box<RawValue> {
    let Invocation {
        timeout_seconds,
        stream,
        task,
        list,
    } = registration.invocation;
    let mut document = Document {
        id: registration.id().to_string(),
        kind: registration.kind(),
        name: &registration.name,
        title: registration.title.as_deref(),
        description: registration.description.as_deref(),
        lambda_arn: &registration.lambda_arn,
        enabled: registration.enabled,
        uri: None,
        uri_template: None,
        mime_type: None,
        size: None,
        arguments: None,
        input_schema: None,
        output_schema: None,
        annotations: None,
        icons: registration.icons.as_deref(),
        meta: registration.meta.as_deref(),
        contract: registration.contract,
        invocation: InvocationDocument {
            timeout_seconds,
            stream,
            task,
            list: None,
        },
        completions: &registration.completions,
    };
    match &registration.definition {
        Definition::Tool(tool) => {
            document.input_schema = Some(&tool.input_schema);
            document.output_schema = tool.output_schema.as_deref();
            document.annotations = tool.annotations.as_deref();
        }
        Definition::Resource(resource) => {
            match &resource.locator {
                ResourceLocator::Uri(uri) => document.uri = Some(uri),
                ResourceLocator::Template(template) => {
                    document.uri_template = Some(template.as_str());
                }
            }
            document.mime_type = resource.mime_type.as_deref();
            document.size = resource.size;
            document.annotations = resource.annotations.as_deref();
            document.invocation.list = Some(list);
        }
        Definition::Prompt(prompt) => document.arguments = Some(&prompt.arguments),
    }
    to_raw_value(&document).expect("strings, numbers and JSON texts always serialise")
}
