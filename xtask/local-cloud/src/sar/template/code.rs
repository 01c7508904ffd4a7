//! Where a template says that code and definitions lie.

use serde_json::{Value, json};

use super::super::artifacts::Location;
use super::resources;

/// A place in a template that names an object in S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Reference {
    /// The JSON pointer to the property.
    pointer: String,
    /// The property, for messages.
    pub(in super::super) place: String,
    pub(in super::super) location: Location,
    form: Form,
}

/// How the object is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `s3://bucket/key`
    Text,
    /// `{Bucket, Key}`
    Sam,
    /// `{S3Bucket, S3Key}`
    Plain,
}

/// The properties of a type that name objects.
fn properties(kind: &str) -> &'static [&'static str] {
    match kind {
        "AWS::Serverless::Function" => &["CodeUri"],
        "AWS::Serverless::LayerVersion" => &["ContentUri"],
        "AWS::Serverless::Api" | "AWS::Serverless::HttpApi" | "AWS::Serverless::StateMachine" => {
            &["DefinitionUri"]
        }
        "AWS::Lambda::Function" => &["Code"],
        "AWS::Lambda::LayerVersion" => &["Content"],
        _ => &[],
    }
}

/// Every object that the template names; the error is a reference to something else than S3.
pub(super) fn references(document: &Value) -> Result<Vec<Reference>, String> {
    let mut found = Vec::new();
    for (id, resource) in resources(document) {
        let kind = resource["Type"].as_str().unwrap_or_default();
        for property in properties(kind) {
            let pointer = format!("/Resources/{}/Properties/{property}", escape(id));
            found.extend(reference(document, pointer, format!("{id}.{property}"))?);
        }
        let has_code = ["CodeUri", "InlineCode"].into_iter().any(|name| {
            [&resource["Properties"], &document["Globals"]["Function"]]
                .into_iter()
                .any(|place| place.get(name).is_some())
        });
        if kind == "AWS::Serverless::Function" && !has_code {
            return Err(format!("resource {id} has no CodeUri"));
        }
        if kind == "AWS::Serverless::Application" && resource["Properties"]["Location"].is_string()
        {
            return Err(format!(
                "resource {id}: Location must name an application of the repository"
            ));
        }
    }
    for (kind, property) in [
        ("Function", "CodeUri"),
        ("LayerVersion", "ContentUri"),
        ("Api", "DefinitionUri"),
        ("HttpApi", "DefinitionUri"),
        ("StateMachine", "DefinitionUri"),
    ] {
        let pointer = format!("/Globals/{kind}/{property}");
        let place = format!("Globals.{kind}.{property}");
        found.extend(reference(document, pointer, place)?);
    }
    Ok(found)
}

fn reference(
    document: &Value,
    pointer: String,
    place: String,
) -> Result<Option<Reference>, String> {
    let Some(value) = document.pointer(&pointer) else {
        return Ok(None);
    };
    // Code that stands in the template itself.
    if value.get("ZipFile").is_some() {
        return Ok(None);
    }
    let pair = |bucket: &str, key: &str| {
        let location = Location {
            bucket: value[bucket].as_str()?.to_owned(),
            key: value[key].as_str()?.to_owned(),
        };
        Some(location)
    };
    let text = value
        .as_str()
        .filter(|text| text.starts_with("s3://"))
        .and_then(|text| Location::parse(text, ""));
    let found = text
        .map(|location| (location, Form::Text))
        .or_else(|| pair("Bucket", "Key").map(|location| (location, Form::Sam)))
        .or_else(|| pair("S3Bucket", "S3Key").map(|location| (location, Form::Plain)));
    match found {
        Some((location, form)) => Ok(Some(Reference {
            pointer,
            place,
            location,
            form,
        })),
        None => Err(format!(
            "{place} must name an object in S3; package the template first"
        )),
    }
}

/// A logical id within a JSON pointer.
fn escape(id: &str) -> String {
    id.replace('~', "~0").replace('/', "~1")
}

impl Reference {
    pub(super) fn redirect(&self, document: &mut Value, bucket: &str, key: &str) {
        let Some(value) = document.pointer_mut(&self.pointer) else {
            return;
        };
        *value = match self.form {
            Form::Text => json!(format!("s3://{bucket}/{key}")),
            Form::Sam => json!({"Bucket": bucket, "Key": key}),
            Form::Plain => json!({"S3Bucket": bucket, "S3Key": key}),
        };
    }
}
