//! A local cloud of its own for a command that checks something against it.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use fs_err as fs;
use serde_json::Value;

use crate::process;
use crate::programs;

/// Where the cloud's and its functions' log goes, in the command's own folder.
pub(crate) const LOG: &str = "local-cloud.log";

/// A local cloud in memory on a free port, ended with this value.
pub(crate) struct RunningCloud {
    child: Child,
    /// The URL of the MCP function, on 127.0.0.1.
    pub(crate) mcp_url: String,
}

impl RunningCloud {
    /// Builds it, starts it as `configure` says and waits until it is ready. `folder` takes its log and what it notes
    /// about itself.
    pub(crate) fn start(folder: &Path, configure: impl FnOnce(&mut Command)) -> Result<Self> {
        let binaries = programs::build(false)?;
        let log = folder.join(LOG);
        let mut command = Command::new(binaries.join("local-cloud"));
        command
            .args(["--port", "0", "--memory", "--format", "json"])
            // Where it notes its addresses: not where another local cloud has noted its own.
            .current_dir(folder)
            .stdout(Stdio::piped())
            .stderr(fs::File::create(&log)?.into_file());
        configure(&mut command);
        let mut child = command.spawn().context("could not start the local cloud")?;
        let mcp_url = read_mcp_url(&mut child).with_context(|| {
            format!(
                "the local cloud ended before it was ready; its log is {}",
                log.display()
            )
        });
        match mcp_url {
            Ok(mcp_url) => Ok(Self { child, mcp_url }),
            Err(error) => {
                process::terminate(&mut child)?;
                Err(error)
            }
        }
    }

    /// Ends the cloud and errors when it did not end cleanly.
    pub(crate) fn stop(mut self) -> Result<()> {
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
    let endpoints: Value =
        serde_json::from_str(&line).context("the local cloud did not print its addresses")?;
    endpoints["mcpUrl"]
        .as_str()
        .map(str::to_owned)
        .context("the local cloud named no mcpUrl")
}
