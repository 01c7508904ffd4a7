//! Running the release commands as a person does, who has the deployer's keys and nothing else.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use fs_err as fs;
use serde_json::Value;
use tokio::process::Command;

use crate::signed::{Keys, REGION};

/// The release commands.
#[derive(Debug)]
pub(crate) struct Commands {
    pub(crate) program: PathBuf,
    pub(crate) endpoints: PathBuf,
    pub(crate) folder: PathBuf,
    pub(crate) keys: Keys,
}

impl Commands {
    /// Runs a command to its end and answers what it printed. It has to end with exit code `code`.
    pub(crate) async fn run(&self, name: &str, arguments: &[&str], code: i32) -> Result<String> {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .args(["--local", "--endpoints"])
            .arg(&self.endpoints)
            .stdin(Stdio::null());
        without_aws(&mut command);
        with_keys(&mut command, &self.keys);
        let output = command
            .kill_on_drop(true)
            .output()
            .await
            .with_context(|| format!("{} can't be started", self.program.display()))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        fs::write(
            self.folder.join(format!("{name}.log")),
            format!("$ {}\n{text}{errors}", arguments.join(" ")),
        )?;
        if output.status.code() == Some(code) {
            return Ok(format!("{text}{errors}"));
        }
        bail!(
            "`{}` ended with {}, not with {code}: {}",
            arguments.join(" "),
            output.status,
            errors.trim()
        );
    }

    /// Runs a command that prints a JSON document.
    pub(crate) async fn json(&self, name: &str, arguments: &[&str]) -> Result<Value> {
        let mut with_format = arguments.to_vec();
        with_format.extend(["--format", "json"]);
        let text = self.run(name, &with_format, 0).await?;
        // Events follow on standard error.
        let mut documents = serde_json::Deserializer::from_str(&text).into_iter();
        documents
            .next()
            .with_context(|| format!("`{}` printed nothing", arguments.join(" ")))?
            .with_context(|| format!("`{}` printed no JSON", arguments.join(" ")))
    }
}

/// Keeps the AWS configuration of whoever runs the rehearsal out of it.
pub(crate) fn without_aws(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AWS_") {
            command.env_remove(name);
        }
    }
    let nowhere = Path::new("/nonexistent");
    command
        .env("AWS_CONFIG_FILE", nowhere)
        .env("AWS_SHARED_CREDENTIALS_FILE", nowhere)
        .env("AWS_EC2_METADATA_DISABLED", "true");
}

/// Gives a command a user's keys.
pub(crate) fn with_keys(command: &mut Command, keys: &Keys) {
    command
        .env("AWS_REGION", REGION)
        // The first version of the AWS CLI knows this one alone.
        .env("AWS_DEFAULT_REGION", REGION)
        .env("AWS_ACCESS_KEY_ID", &keys.id)
        .env("AWS_SECRET_ACCESS_KEY", &keys.secret);
}
