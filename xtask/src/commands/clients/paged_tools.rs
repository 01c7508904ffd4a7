//! More tools than one page of a list holds, so that clients have to follow cursors.

use std::path::Path;

use anyhow::Result;
use fs_err as fs;
use serde_json::{Value, json};

/// How many there are beside the sample's.
const PAGED_TOOLS: usize = 250;

/// Writes registrations of many tools that all run the sample tool's function.
pub(super) fn write(file: &Path) -> Result<()> {
    let tools: Vec<Value> = (0..PAGED_TOOLS)
        .map(|number| {
            json!({
                "type": "tool",
                "name": format!("paged-{number:03}"),
                "description": "One of many, so that a list has several pages",
                "lambdaArn": "arn:aws:lambda:us-east-1:000000000000:function:mcp-tool-hello",
                "parameters": { "name": "string" },
            })
        })
        .collect();
    Ok(fs::write(file, serde_json::to_vec(&tools)?)?)
}
