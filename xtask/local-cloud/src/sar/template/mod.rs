//! What SAR makes of the template of a version: it checks it, derives what answers tell of it, and publishes it without
//! the metadata and with the code in SAR's own bucket.

mod capabilities;
mod code;
mod parameters;
mod permissions;
mod resources;
mod yaml;

use serde_json::Value;

use super::errors::SarError;
use super::state::Dependency;

pub(super) use self::code::Reference;

/// The block that describes the application, and is not published.
const METADATA: &str = "AWS::ServerlessRepo::Application";
/// The sections of a template that are accepted.
const SECTIONS: [&str; 11] = [
    "AWSTemplateFormatVersion",
    "Transform",
    "Description",
    "Metadata",
    "Parameters",
    "Mappings",
    "Conditions",
    "Rules",
    "Globals",
    "Resources",
    "Outputs",
];
/// The transform that makes a template a SAM template.
const SAM: &str = "AWS::Serverless-2016-10-31";

/// A template that was checked.
#[derive(Debug)]
pub(super) struct Template {
    document: Value,
}

impl Template {
    /// Reads the text of a template and checks it; the first problem is the error.
    pub(super) fn read(text: &str) -> Result<Self, SarError> {
        let document = yaml::parse(text)
            .map_err(|problem| SarError::bad(format!("the template can't be read: {problem}")))?;
        let problem = |problem: String| SarError::bad(format!("the template: {problem}"));
        check_sections(&document).map_err(problem)?;
        resources::check(&document).map_err(problem)?;
        permissions::check(&document).map_err(problem)?;
        let mut template = Self { document };
        template.strip_metadata();
        Ok(template)
    }

    /// Where the code and the definitions lie that the template refers to.
    pub(super) fn references(&self) -> Result<Vec<Reference>, SarError> {
        code::references(&self.document)
            .map_err(|problem| SarError::bad(format!("the template: {problem}")))
    }

    /// Lets a reference lead to another object.
    pub(super) fn redirect(&mut self, reference: &Reference, bucket: &str, key: &str) {
        reference.redirect(&mut self.document, bucket, key);
    }

    /// What whoever deploys it has to acknowledge.
    pub(super) fn capabilities(&self) -> Vec<String> {
        capabilities::required(&self.document)
    }

    /// Its parameters as answers describe them.
    pub(super) fn parameters(&self) -> Vec<Value> {
        parameters::definitions(&self.document)
    }

    /// The applications in it.
    pub(super) fn dependencies(&self) -> Vec<Dependency> {
        let applications = resources(&self.document)
            .filter(|(_, resource)| resource["Type"] == "AWS::Serverless::Application");
        applications
            .filter_map(|(_, resource)| {
                let location = &resource["Properties"]["Location"];
                Some(Dependency {
                    application_id: location["ApplicationId"].as_str()?.to_owned(),
                    semantic_version: location["SemanticVersion"].as_str()?.to_owned(),
                })
            })
            .collect()
    }

    /// The text that is published: JSON, which is YAML too.
    pub(super) fn text(&self) -> String {
        format!("{:#}\n", self.document)
    }

    fn strip_metadata(&mut self) {
        let Some(document) = self.document.as_object_mut() else {
            return;
        };
        if let Some(metadata) = document.get_mut("Metadata").and_then(Value::as_object_mut) {
            metadata.shift_remove(METADATA);
            if metadata.is_empty() {
                document.shift_remove("Metadata");
            }
        }
    }
}

fn check_sections(document: &Value) -> Result<(), String> {
    let sections = document.as_object().ok_or("it must be a map")?;
    if let Some(unknown) = sections
        .keys()
        .find(|name| !SECTIONS.contains(&name.as_str()))
    {
        return Err(format!("there is no section {unknown}"));
    }
    let transforms = match &document["Transform"] {
        Value::Null => Vec::new(),
        Value::Array(list) => list.iter().collect(),
        single => vec![single],
    };
    if let Some(other) = transforms.iter().find(|transform| **transform != SAM) {
        return Err(format!("the transform {other} is not supported"));
    }
    let is_sam = !transforms.is_empty();
    let uses_sam = resources(document).any(|(_, resource)| {
        resource["Type"]
            .as_str()
            .is_some_and(|kind| kind.starts_with("AWS::Serverless::"))
    });
    if uses_sam && !is_sam {
        return Err(format!("its resources need the transform {SAM}"));
    }
    if has_function(&document["Metadata"][METADATA]) {
        return Err(format!("{METADATA} must not have intrinsic functions"));
    }
    Ok(())
}

fn has_function(value: &Value) -> bool {
    match value {
        Value::Object(map) => map
            .iter()
            .any(|(name, value)| name == "Ref" || name.starts_with("Fn::") || has_function(value)),
        Value::Array(list) => list.iter().any(has_function),
        _ => false,
    }
}

/// The resources and their logical ids.
fn resources(document: &Value) -> impl Iterator<Item = (&String, &Value)> {
    document["Resources"].as_object().into_iter().flatten()
}

/// Every value in `value`, itself included.
fn descend<'v>(value: &'v Value, visit: &mut impl FnMut(&'v Value)) {
    visit(value);
    match value {
        Value::Object(map) => map.values().for_each(|value| descend(value, visit)),
        Value::Array(list) => list.iter().for_each(|value| descend(value, visit)),
        _ => {}
    }
}

/// A value that stands alone is a list of one.
fn list(value: &Value) -> &[Value] {
    match value {
        Value::Array(list) => list,
        Value::Null => &[],
        single => std::slice::from_ref(single),
    }
}

#[cfg(test)]
mod tests;
