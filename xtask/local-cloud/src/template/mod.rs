//! What the SAM template says: the functions and tables that the local cloud has to provide.

mod intrinsics;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value, json};
use thiserror::Error;

use self::intrinsics::Scope;
use crate::function::FunctionSpec;

/// The template this program was built with.
const BUILT_IN: &str = include_str!("../../../../sar/template.yaml");

/// The functions and tables of a template, with every parameter and intrinsic function resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct Application {
    /// The functions, in the template's order.
    pub functions: Vec<TemplateFunction>,
    /// The tables, in the template's order.
    pub tables: Vec<TemplateTable>,
}

/// An `AWS::Serverless::Function`.
#[derive(Debug, Clone, PartialEq)]
pub struct TemplateFunction {
    /// The resource's name in the template, such as `McpFunction`.
    pub logical_id: String,
    /// The function's name.
    pub name: String,
    /// The program's name: the last part of `CodeUri`, the folder that the release build puts it into.
    pub binary: String,
    /// Memory in MB.
    pub memory_mb: u32,
    /// How long one invocation may take.
    pub timeout: Duration,
    /// The function's variables.
    pub environment: BTreeMap<String, String>,
    /// Reserved concurrency, which is also the function's limit.
    pub reserved_concurrency: Option<usize>,
    /// How often an event that it failed at is tried again (`EventInvokeConfig.MaximumRetryAttempts`).
    pub event_retries: usize,
    /// Its Function URL, if it has one.
    pub url: Option<InvokeMode>,
}

/// How a Function URL passes answers on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvokeMode {
    /// Whole, once they are complete; at most 6 MB.
    Buffered,
    /// Chunk by chunk, as the function writes them.
    ResponseStream,
}

/// An `AWS::DynamoDB::Table`.
#[derive(Debug, Clone, PartialEq)]
pub struct TemplateTable {
    /// The table's name.
    pub name: String,
    /// `DynamoDB`'s `CreateTable` request for it.
    pub create_request: Value,
    /// The attribute that holds an item's end, if the table has one.
    pub ttl_attribute: Option<String>,
}

/// A template that can't be used.
#[derive(Debug, Error)]
pub enum TemplateError {
    /// The file can't be read.
    #[error("can't read the template")]
    Read(#[source] std::io::Error),
    /// The file is not YAML.
    #[error("the template is not valid YAML: {0}")]
    Yaml(String),
    /// Something in it can't be resolved.
    #[error("{place}: {problem}")]
    Content {
        /// Where in the template.
        place: String,
        /// What is wrong there.
        problem: String,
    },
}

impl TemplateError {
    fn content(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Content {
            place: place.into(),
            problem: problem.into(),
        }
    }
}

impl Application {
    /// Reads the template at `path`, or the one this program was built with, and resolves it with `parameters` in
    /// place of the defaults.
    pub fn load(
        path: Option<&Path>,
        parameters: &BTreeMap<String, String>,
    ) -> Result<Self, TemplateError> {
        match path {
            Some(path) => {
                let text = fs_err::read_to_string(path).map_err(TemplateError::Read)?;
                Self::parse(&text, parameters)
            }
            None => Self::parse(BUILT_IN, parameters),
        }
    }

    /// Resolves the template in `text`, as [`load`](Self::load) does.
    pub fn parse(text: &str, parameters: &BTreeMap<String, String>) -> Result<Self, TemplateError> {
        let template: Value =
            serde_saphyr::from_str(text).map_err(|error| TemplateError::Yaml(error.to_string()))?;
        let scope = Scope::new(&template, parameters)?;
        let defaults = template
            .pointer("/Globals/Function")
            .cloned()
            .unwrap_or_else(|| json!({}));
        let mut application = Self {
            functions: Vec::new(),
            tables: Vec::new(),
        };
        let resources = template.get("Resources").and_then(Value::as_object);
        for (id, resource) in resources.into_iter().flatten() {
            let properties = resource
                .get("Properties")
                .cloned()
                .unwrap_or_else(|| json!({}));
            match resource.get("Type").and_then(Value::as_str) {
                Some("AWS::Serverless::Function") => {
                    let merged = merge(defaults.clone(), properties);
                    application.functions.push(function(&scope, id, &merged)?);
                }
                Some("AWS::DynamoDB::Table") => {
                    application.tables.push(table(&scope, id, &properties)?);
                }
                _ => {}
            }
        }
        Ok(application)
    }

    /// The function with this logical id.
    pub fn function(&self, logical_id: &str) -> Result<&TemplateFunction, TemplateError> {
        self.functions
            .iter()
            .find(|function| function.logical_id == logical_id)
            .ok_or_else(|| {
                TemplateError::content("Resources", format!("there is no function {logical_id}"))
            })
    }
}

/// `Globals` under a resource's own properties: maps are merged, anything else is replaced, as SAM does.
fn merge(base: Value, over: Value) -> Value {
    match (base, over) {
        (Value::Object(mut base), Value::Object(over)) => {
            for (key, value) in over {
                let merged = match base.remove(&key) {
                    Some(old) => merge(old, value),
                    None => value,
                };
                base.insert(key, merged);
            }
            Value::Object(base)
        }
        (_, over) => over,
    }
}

fn function(
    scope: &Scope<'_>,
    id: &str,
    properties: &Value,
) -> Result<TemplateFunction, TemplateError> {
    // Only what the host works with is resolved: policies and network settings may refer to what exists only in AWS.
    let property = |name: &str| -> Result<Option<Value>, TemplateError> {
        match properties.get(name) {
            Some(value) => scope.resolve(value, &format!("Resources.{id}.Properties.{name}")),
            None => Ok(None),
        }
    };
    let number = |name: &str, default: u64| -> Result<u64, TemplateError> {
        let Some(value) = property(name)? else {
            return Ok(default);
        };
        let parsed = value.as_u64().or_else(|| value.as_str()?.parse().ok());
        parsed.ok_or_else(|| {
            TemplateError::content(
                format!("Resources.{id}.Properties.{name}"),
                "must be a whole number",
            )
        })
    };

    let code = property("CodeUri")?;
    let binary = code
        .as_ref()
        .and_then(Value::as_str)
        .and_then(|code| Path::new(code).file_name()?.to_str());
    let Some(binary) = binary else {
        return Err(TemplateError::content(
            format!("Resources.{id}.Properties.CodeUri"),
            "must name a folder",
        ));
    };
    let mut environment = BTreeMap::new();
    let variables =
        property("Environment")?.and_then(|environment| environment.get("Variables").cloned());
    for (name, value) in variables
        .as_ref()
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let place = format!("Resources.{id}.Properties.Environment.Variables.{name}");
        environment.insert(name.clone(), intrinsics::text(value, &place)?);
    }
    let is_reserved = property("ReservedConcurrentExecutions")?.is_some();
    let reserved_concurrency = is_reserved
        .then(|| number("ReservedConcurrentExecutions", 0))
        .transpose()?
        .map(|count| usize::try_from(count).unwrap_or(usize::MAX));
    let event_retries = property("EventInvokeConfig")?
        .and_then(|config| config.get("MaximumRetryAttempts")?.as_u64())
        .and_then(|retries| usize::try_from(retries).ok())
        .unwrap_or(FunctionSpec::DEFAULT_EVENT_RETRIES);
    let url = match properties.get("FunctionUrlConfig") {
        None => None,
        Some(config) => match config.get("InvokeMode").and_then(Value::as_str) {
            Some("RESPONSE_STREAM") => Some(InvokeMode::ResponseStream),
            _ => Some(InvokeMode::Buffered),
        },
    };
    Ok(TemplateFunction {
        logical_id: id.to_owned(),
        name: scope.physical_name(id)?,
        binary: binary.to_owned(),
        memory_mb: u32::try_from(number("MemorySize", 128)?).unwrap_or(u32::MAX),
        timeout: Duration::from_secs(number("Timeout", 3)?),
        environment,
        reserved_concurrency,
        event_retries,
        url,
    })
}

/// The properties of a table that `CreateTable` takes over as they are.
const CREATE_TABLE: [&str; 6] = [
    "AttributeDefinitions",
    "KeySchema",
    "BillingMode",
    "GlobalSecondaryIndexes",
    "LocalSecondaryIndexes",
    "ProvisionedThroughput",
];

fn table(scope: &Scope<'_>, id: &str, properties: &Value) -> Result<TemplateTable, TemplateError> {
    let name = scope.physical_name(id)?;
    let resolved = scope
        .resolve(properties, &format!("Resources.{id}.Properties"))?
        .unwrap_or_else(|| json!({}));
    let mut request = Map::new();
    request.insert("TableName".into(), name.clone().into());
    for property in CREATE_TABLE {
        if let Some(value) = resolved.get(property) {
            request.insert(property.into(), value.clone());
        }
    }
    let ttl = resolved
        .get("TimeToLiveSpecification")
        .filter(|ttl| ttl["Enabled"] != json!(false));
    let ttl_attribute = ttl
        .and_then(|ttl| ttl["AttributeName"].as_str())
        .map(str::to_owned);
    Ok(TemplateTable {
        name,
        create_request: Value::Object(request),
        ttl_attribute,
    })
}

#[cfg(test)]
mod tests;
