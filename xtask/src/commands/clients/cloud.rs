//! The local cloud that the clients talk to.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use fs_err as fs;
use serde_json::{Value, json};

use crate::process;
use crate::programs;

/// More tools than one page of a list holds, beside the sample's.
const PAGED_TOOLS: usize = 250;
/// Where the cloud's and its functions' log goes, in the folder of installed clients.
pub(super) const LOG: &str = "local-cloud.log";

/// A local cloud in memory on a free port, ended with this value.
pub(super) struct RunningCloud {
    child: Child,
    pub(super) mcp_url: String,
}

impl RunningCloud {
    /// Builds it, starts it and waits until it is ready; `sources` holds registrations, `scratch` takes files.
    pub(super) fn start(sources: &Path, scratch: &Path) -> Result<Self> {
        let binaries = programs::build(false)?;
        let paged = scratch.join("paged-tools.json");
        write_paged_tools(&paged)?;
        let mut command = Command::new(binaries.join("local-cloud"));
        command
            .args(["--port", "0", "--memory", "--format", "json", "--register"])
            .arg(sources.join("registrations.json"))
            .arg("--register")
            .arg(paged)
            // Where it notes its addresses: not where another local cloud has noted its own.
            .current_dir(scratch)
            .stdout(Stdio::piped())
            .stderr(fs::File::create(scratch.join(LOG))?.into_file());
        let mut child = command.spawn().context("could not start the local cloud")?;
        let mcp_url = match read_mcp_url(&mut child) {
            Ok(url) => url,
            Err(error) => {
                process::terminate(&mut child)?;
                return Err(error);
            }
        };
        Ok(Self { child, mcp_url })
    }

    /// Ends the cloud and errors when it did not end cleanly.
    pub(super) fn stop(mut self) -> Result<()> {
        let status = process::terminate(&mut self.child)?;
        if !status.success() {
            bail!("the local cloud did not end cleanly: {status}");
        }
        Ok(())
    }
}

impl Drop for RunningCloud {
    fn drop(&mut self) {
        // After `stop` there is nothing left to end, and an error on the way out must not hide the first one.
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = process::terminate(&mut self.child);
        }
    }
}

/// The URL in the line that `local-cloud --format json` prints when it is ready.
fn read_mcp_url(child: &mut Child) -> Result<String> {
    let stdout = child
        .stdout
        .take()
        .context("the local cloud has no standard output")?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    let endpoints: Value = serde_json::from_str(&line).with_context(|| {
        format!("the local cloud ended before it was ready; its log is {LOG} in target/clients")
    })?;
    endpoints["mcpUrl"]
        .as_str()
        .map(str::to_owned)
        .context("the local cloud named no mcpUrl")
}

/// Writes registrations of many tools that all run the sample tool's function.
fn write_paged_tools(file: &Path) -> Result<()> {
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
