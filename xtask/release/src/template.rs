//! The SAM template: what `sar/template.yaml` says, and what of it is published.
//!
//! A packaged template is written as JSON: every YAML parser reads that in the same way, while versions 1.1 and 1.2 of
//! YAML disagree about what is a string.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use thiserror::Error;

use crate::architecture::Architecture;
use crate::digest::sha256;
use crate::metadata::MetadataBlock;

/// The metadata that SAR takes the application's description from, and does not publish.
const APPLICATION_BLOCK: &str = "AWS::ServerlessRepo::Application";
/// The metadata that tells of a published template which content it stands for.
const RELEASE_BLOCK: &str = "Release";
const FUNCTION: &str = "AWS::Serverless::Function";

/// The template can't be used.
#[derive(Debug, Error)]
pub enum TemplateError {
    /// Not YAML.
    #[error("the template is not valid YAML: {0}")]
    Yaml(String),
    /// The block with the application's metadata is missing or wrong.
    #[error("sar/template.yaml, Metadata.{APPLICATION_BLOCK} can't be used")]
    Block(#[source] serde_json::Error),
    /// A function's code is not the folder of a program.
    #[error("sar/template.yaml, Resources.{0}.Properties.CodeUri must end with a program's name")]
    CodeUri(String),
    /// There is nothing to package.
    #[error("the template has no {FUNCTION}")]
    NoFunctions,
}

/// A template, as data.
#[derive(Debug, Clone, PartialEq)]
pub struct Template(Value);

/// A function of the template and the program that it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateFunction {
    /// The resource's name, such as `McpFunction`.
    pub logical_id: String,
    /// The program's name: the last part of `CodeUri`.
    pub program: String,
}

/// What a packaged template says about a function's code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionCode {
    /// Where the zip is: `s3://…`, or a path from the template's folder.
    pub uri: String,
    /// The zip's SHA-256.
    pub sha256: String,
}

impl Template {
    /// Reads YAML or JSON.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        serde_saphyr::from_str(text)
            .map(Self)
            .map_err(|error| TemplateError::Yaml(error.to_string()))
    }

    /// The application's metadata.
    pub fn block(&self) -> Result<MetadataBlock, TemplateError> {
        let block = self.0["Metadata"][APPLICATION_BLOCK].clone();
        serde_json::from_value(block).map_err(TemplateError::Block)
    }

    /// The functions, in the template's order.
    pub fn functions(&self) -> Result<Vec<TemplateFunction>, TemplateError> {
        let mut functions = Vec::new();
        for (logical_id, resource) in self.0["Resources"].as_object().into_iter().flatten() {
            if resource["Type"] != FUNCTION {
                continue;
            }
            let uri = resource["Properties"]["CodeUri"]
                .as_str()
                .unwrap_or_default();
            match uri.trim_end_matches('/').rsplit('/').next() {
                Some(program) if !program.is_empty() && !program.starts_with('.') => {
                    functions.push(TemplateFunction {
                        logical_id: logical_id.clone(),
                        program: program.to_owned(),
                    });
                }
                _ => return Err(TemplateError::CodeUri(logical_id.clone())),
            }
        }
        if functions.is_empty() {
            return Err(TemplateError::NoFunctions);
        }
        Ok(functions)
    }

    /// The template to publish: for `architecture`, with the functions' `code` by logical ID, without the block that
    /// SAR strips, and with the digest of its content, which [`content`](Self::content) reads again.
    #[must_use]
    pub fn packaged(
        &self,
        architecture: Architecture,
        code: &BTreeMap<String, FunctionCode>,
    ) -> Self {
        let mut template = self.0.clone();
        if let Some(metadata) = object(&mut template, &["Metadata"]) {
            metadata.shift_remove(APPLICATION_BLOCK);
            metadata.shift_remove(RELEASE_BLOCK);
        }
        if let Some(globals) = object(&mut template, &["Globals", "Function"]) {
            globals.insert("Architectures".into(), json!([architecture]));
        }
        let place = |template: &mut Value, what: fn(&FunctionCode) -> &String| {
            for (id, code) in code {
                if let Some(properties) = object(template, &["Resources", id, "Properties"]) {
                    properties.insert("CodeUri".into(), json!(what(code)));
                }
            }
        };
        place(&mut template, |code| &code.sha256);
        let content = sha256(canonical(&template).as_bytes());
        place(&mut template, |code| &code.uri);
        if template["Metadata"].is_null() {
            template["Metadata"] = json!({});
        }
        let digests: Map<_, _> = code
            .iter()
            .map(|(id, code)| (id.clone(), json!(code.sha256)))
            .collect();
        template["Metadata"][RELEASE_BLOCK] =
            json!({ "ContentSha256": content, "CodeSha256": digests });
        Self(template)
    }

    /// The same template with other places for the functions' code, by logical ID.
    #[must_use]
    pub fn with_code_uris(&self, uris: &BTreeMap<String, String>) -> Self {
        let mut template = self.0.clone();
        for (id, uri) in uris {
            if let Some(properties) = object(&mut template, &["Resources", id, "Properties"]) {
                properties.insert("CodeUri".into(), json!(uri));
            }
        }
        Self(template)
    }

    /// The digest of the content that a packaged template stands for: the template itself and the functions' code,
    /// wherever that is kept. Two templates with the same digest deploy the same.
    pub fn content(&self) -> Option<&str> {
        self.0["Metadata"][RELEASE_BLOCK]["ContentSha256"].as_str()
    }

    /// The digest that [`content`](Self::content) claims, computed anew from a packaged template.
    pub fn computed_content(&self) -> String {
        let mut template = self.with_code_uris(&self.code_digests());
        if let Some(metadata) = object(&mut template.0, &["Metadata"]) {
            metadata.shift_remove(RELEASE_BLOCK);
        }
        sha256(canonical(&template.0).as_bytes())
    }

    /// The SHA-256 of each function's zip that a packaged template stands for, by logical ID.
    pub fn code_digests(&self) -> BTreeMap<String, String> {
        let digests = self.0["Metadata"][RELEASE_BLOCK]["CodeSha256"].as_object();
        digests
            .into_iter()
            .flatten()
            .filter_map(|(id, digest)| Some((id.clone(), digest.as_str()?.to_owned())))
            .collect()
    }

    /// The places of the functions' code, by logical ID, as `(bucket, key)`.
    pub fn code_objects(&self) -> BTreeMap<String, (String, String)> {
        let mut objects = BTreeMap::new();
        for (id, resource) in self.0["Resources"].as_object().into_iter().flatten() {
            let uri = &resource["Properties"]["CodeUri"];
            let split = uri
                .as_str()
                .and_then(|uri| uri.strip_prefix("s3://")?.split_once('/'));
            // SAR serves the long form, with the copies in a bucket of its own.
            let long = uri["Bucket"].as_str().zip(uri["Key"].as_str());
            if let Some((bucket, key)) = split.or(long) {
                objects.insert(id.clone(), (bucket.to_owned(), key.to_owned()));
            }
        }
        objects
    }

    /// Where this template and `other` differ, as paths. Where the functions' code is kept makes no difference, and the
    /// code itself none here: [`code_digests`](Self::code_digests) has that.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let strip = |template: &Self| {
            let mut value = template.0.clone();
            for (_, resource) in object(&mut value, &["Resources"]).into_iter().flatten() {
                if let Some(properties) = object(resource, &["Properties"]) {
                    properties.shift_remove("CodeUri");
                }
            }
            if let Some(metadata) = object(&mut value, &["Metadata"]) {
                metadata.shift_remove(RELEASE_BLOCK);
            }
            value
        };
        let mut differences = Vec::new();
        collect_differences("", &strip(self), &strip(other), &mut differences);
        differences
    }

    /// The template as data.
    pub fn as_value(&self) -> &Value {
        &self.0
    }

    /// The template as JSON for people to read.
    pub fn to_json(&self) -> String {
        format!("{:#}\n", self.0)
    }
}

/// The object at `path`, if there is one.
fn object<'a>(value: &'a mut Value, path: &[&str]) -> Option<&'a mut Map<String, Value>> {
    path.iter()
        .try_fold(value, |value, key| value.get_mut(*key))?
        .as_object_mut()
}

/// The JSON text of `value` with every object's keys sorted.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<_, _> = map.iter().collect();
            let members: Vec<_> = sorted
                .into_iter()
                .map(|(key, value)| format!("{}:{}", json!(key), canonical(value)))
                .collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(list) => {
            let elements: Vec<_> = list.iter().map(canonical).collect();
            format!("[{}]", elements.join(","))
        }
        scalar => scalar.to_string(),
    }
}

fn collect_differences(path: &str, a: &Value, b: &Value, into: &mut Vec<String>) {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: std::collections::BTreeSet<_> = a.keys().chain(b.keys()).collect();
            for key in keys {
                let path = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                let of = |map: &Map<String, Value>| map.get(key).cloned().unwrap_or(Value::Null);
                collect_differences(&path, &of(a), &of(b), into);
            }
        }
        _ if a == b => {}
        _ => into.push(path.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "
Metadata:
  AWS::ServerlessRepo::Application: {Name: app}
  AWS::CloudFormation::Interface: {ParameterGroups: []}
Globals: {Function: {Architectures: [arm64]}}
Resources:
  Table: {Type: 'AWS::DynamoDB::Table'}
  One: {Type: 'AWS::Serverless::Function', Properties: {CodeUri: ../target/lambda/one/, Timeout: 3}}
";

    fn packaged(uri: &str, sha256: &str) -> Template {
        let code = FunctionCode {
            uri: uri.into(),
            sha256: sha256.into(),
        };
        Template::parse(SOURCE).unwrap().packaged(
            Architecture::X86_64,
            &BTreeMap::from([("One".into(), code)]),
        )
    }

    #[test]
    fn functions_name_their_programs() {
        let functions = Template::parse(SOURCE).unwrap().functions().unwrap();
        assert_eq!(functions.len(), 1);
        assert_eq!(functions[0].logical_id, "One");
        assert_eq!(functions[0].program, "one");
    }

    #[test]
    fn what_is_published_has_code_and_digest_and_no_application_block() {
        insta::assert_snapshot!(packaged("s3://bucket/key.zip", "12ab").to_json(), @r#"
        {
          "Metadata": {
            "AWS::CloudFormation::Interface": {
              "ParameterGroups": []
            },
            "Release": {
              "ContentSha256": "8085b5e39b03c7834454d8a7a1a853ebe9310ef2750297b1d1aaf1c2bc8d8137",
              "CodeSha256": {
                "One": "12ab"
              }
            }
          },
          "Globals": {
            "Function": {
              "Architectures": [
                "x86_64"
              ]
            }
          },
          "Resources": {
            "Table": {
              "Type": "AWS::DynamoDB::Table"
            },
            "One": {
              "Type": "AWS::Serverless::Function",
              "Properties": {
                "CodeUri": "s3://bucket/key.zip",
                "Timeout": 3
              }
            }
          }
        }
        "#);
    }

    #[test]
    fn the_digest_follows_the_code_and_not_its_place() {
        let one = packaged("s3://bucket/a.zip", "12ab");
        assert_eq!(
            one.content(),
            packaged("s3://other/b.zip", "12ab").content()
        );
        assert_ne!(
            one.content(),
            packaged("s3://bucket/a.zip", "34cd").content()
        );
        assert_eq!(one.content(), Some(one.computed_content().as_str()));
    }

    #[test]
    fn code_is_found_in_both_forms() {
        let place = ("bucket".to_owned(), "a/b.zip".to_owned());
        let short = packaged("s3://bucket/a/b.zip", "12ab");
        assert_eq!(short.code_objects()["One"], place);
        let mut long = short;
        long.0["Resources"]["One"]["Properties"]["CodeUri"] =
            json!({ "Bucket": "bucket", "Key": "a/b.zip" });
        assert_eq!(long.code_objects()["One"], place);
    }

    #[test]
    fn differences_are_named_by_their_paths() {
        let one = packaged("s3://bucket/a.zip", "12ab");
        let mut other = packaged("s3://bucket/b.zip", "34cd");
        assert_eq!(one.differences(&other), Vec::<String>::new());
        other.0["Resources"]["One"]["Properties"]["Timeout"] = json!(4);
        other.0["Description"] = json!("new");
        assert_eq!(
            one.differences(&other),
            ["Description", "Resources.One.Properties.Timeout"]
        );
    }
}
