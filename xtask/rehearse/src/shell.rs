//! The README's commands for administrators, run as they stand there, and other clients of AWS.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use serde_json::Value;
use tokio::process::Command;

use crate::commands::{with_keys, without_aws};
use crate::emulator::{ACCOUNT, Emulator};
use crate::signed::Keys;

/// The account in the README, which stands for the reader's own.
const EXAMPLE_ACCOUNT: &str = "123456789012";
/// The bundle in the README, which is where `cargo xtask package` makes it unless it is told otherwise.
const EXAMPLE_BUNDLE: &str = "target/bundle";

/// The variable with the address of the S3 that the repository reads. The emulator has one of its own, for stacks: on AWS
/// they are the same.
const REPOSITORY_S3: &str = "REPOSITORY_S3";

/// What commands run with.
#[derive(Debug)]
pub(crate) struct Shell<'a> {
    pub(crate) checkout: &'a Path,
    /// The bundle that is rehearsed with.
    pub(crate) bundle: &'a Path,
    /// The folders of `aws` and `sam`.
    pub(crate) tools: &'a [PathBuf],
    /// The addresses of the local cloud.
    pub(crate) endpoints: &'a Path,
    pub(crate) emulator: &'a Emulator,
    pub(crate) keys: &'a Keys,
    pub(crate) folder: &'a Path,
}

impl Shell<'_> {
    /// Runs the README's block of shell commands with `marker` in it.
    pub(crate) async fn readme(&self, marker: &str) -> Result<String> {
        let text = fs::read_to_string(self.checkout.join("README.md"))?;
        let block = text
            .split("```bash\n")
            .skip(1)
            .filter_map(|rest| rest.split_once("```").map(|(block, _)| block))
            .find(|block| block.contains(marker))
            .with_context(|| format!("the README has no commands with `{marker}`"))?;
        let script = block
            .replace(EXAMPLE_ACCOUNT, ACCOUNT)
            .replace(EXAMPLE_BUNDLE, "\"$BUNDLE\"");
        let name = marker.split_whitespace().next().unwrap_or("readme");
        self.shell(&format!("readme-{name}"), &script).await
    }

    /// Runs shell commands with the clients' programs on the path and the endpoints in the environment.
    pub(crate) async fn shell(&self, name: &str, script: &str) -> Result<String> {
        let endpoints: Value = serde_json::from_slice(&fs::read(self.endpoints)?)?;
        let endpoint = |name: &str| {
            let found = endpoints[name].as_str();
            found.with_context(|| format!("the local cloud has no {name}"))
        };
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = self
            .tools
            .iter()
            .cloned()
            .chain(std::env::split_paths(&path));
        let mut command = Command::new("bash");
        without_aws(&mut command);
        with_keys(&mut command, self.keys);
        let output = command
            .args(["-c", &format!("set -euo pipefail\n{script}")])
            .current_dir(self.checkout)
            .env("PATH", std::env::join_paths(folders)?)
            .env("BUNDLE", self.bundle)
            .env("AWS_ENDPOINT_URL", self.emulator.url())
            .env(
                "AWS_ENDPOINT_URL_SERVERLESSAPPLICATIONREPOSITORY",
                endpoint("serverlessrepoEndpoint")?,
            )
            .env(REPOSITORY_S3, endpoint("s3Endpoint")?)
            // No compiled files beside the sources of Python programs.
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("AWS_PAGER", "")
            .env("SAM_CLI_TELEMETRY", "0")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .context("bash can't be started")?;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        fs::write(
            self.folder.join(format!("{name}.log")),
            format!("{script}\n{printed}{errors}"),
        )?;
        ensure!(
            output.status.success(),
            "the commands failed: {}",
            errors.trim()
        );
        Ok(printed)
    }
}
