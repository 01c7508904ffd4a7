//! The fields that only tools have.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::{Checks, Own};
use crate::parameters;
use crate::problem::Problems;
use crate::registration::fields::{self, Fields};
use crate::registration::{Definition, ToolDefinition, extras};
use crate::schema;

pub(super) fn read(fields: &mut Fields<'_>, checks: Checks, problems: &mut Problems) -> Own {
    let shorthand = fields.take("parameters");
    let schema = fields.take("inputSchema");
    if shorthand.is_some() && schema.is_some() {
        problems.add(
            "parameters",
            "stands beside `inputSchema`, and both say what the tool takes: keep one",
        );
    }
    let input_schema = match (schema, shorthand) {
        (Some(schema), _) => {
            if checks == Checks::All {
                schema::check_input(schema, "inputSchema", problems);
            }
            Some(schema.to_owned())
        }
        (None, Some(shorthand)) => {
            let schema = parameters::to_schema(shorthand, "parameters", problems);
            if let Some(schema) = &schema
                && checks == Checks::All
            {
                schema::check_input(schema, "parameters", problems);
            }
            schema
        }
        (None, None) => RawValue::from_string(r#"{"type":"object"}"#.to_owned()).ok(),
    };
    let output_schema = fields
        .take("outputSchema")
        .filter(|schema| !fields::is_empty(schema));
    if let Some(schema) = output_schema
        && checks == Checks::All
    {
        schema::check_output(schema, "outputSchema", problems);
    }
    let annotations = extras::tool_annotations(fields, problems);
    Own {
        definition: input_schema.map(|input_schema| {
            Definition::Tool(ToolDefinition {
                input_schema,
                output_schema: output_schema.map(ToOwned::to_owned),
                annotations,
            })
        }),
        completions: BTreeMap::new(),
        list: false,
    }
}
