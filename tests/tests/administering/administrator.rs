//! Somebody who runs `cargo xtask catalog` in a folder of files.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use local_cloud::Credentials;
use support::TestCloud;
use support::cloud::binaries;
use tempfile::TempDir;
use tokio::process::Command;

/// What the program did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) output: String,
    pub(crate) errors: String,
}

/// An administrator: a folder of files, and keys if calls have to be signed.
pub(crate) struct Administrator {
    pub(crate) folder: TempDir,
    pub(crate) url: String,
    pub(crate) keys: Option<Credentials>,
}

impl Administrator {
    pub(crate) fn new(cloud: &TestCloud, keys: Option<&Credentials>) -> Result<Self> {
        Ok(Self {
            folder: TempDir::new()?,
            url: cloud.url("/register"),
            keys: keys.cloned(),
        })
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    pub(crate) fn write(&self, file: &str, text: &str) -> Result<()> {
        Ok(fs::write(self.path(file), text)?)
    }

    pub(crate) fn read(&self, file: &str) -> Result<String> {
        Ok(fs::read_to_string(self.path(file))?)
    }

    /// `cargo xtask catalog WORDS` at this deployment.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = self.offline(words);
        command.args(["--url", &self.url]);
        command
    }

    /// `cargo xtask catalog WORDS`, in the folder, with nothing of the developer's AWS configuration.
    pub(crate) fn offline(&self, words: &[&str]) -> Command {
        let program = binaries()
            .join("catalog")
            .with_extension(std::env::consts::EXE_EXTENSION);
        let mut command = Command::new(program);
        command
            .args(words)
            .current_dir(self.folder.path())
            .env_clear()
            .stdin(Stdio::null())
            .kill_on_drop(true);
        if let Some(keys) = &self.keys {
            command
                .env("AWS_ACCESS_KEY_ID", &keys.access_key_id)
                .env("AWS_SECRET_ACCESS_KEY", &keys.secret_access_key);
        }
        command
    }

    pub(crate) async fn run(&self, words: &[&str]) -> Result<Ran> {
        let output = self.command(words).output().await;
        let output = output.context("`cargo xtask test` builds the program")?;
        let text =
            |bytes: Vec<u8>| String::from_utf8(bytes).map(|text| text.replace(&self.url, "URL"));
        Ok(Ran {
            code: output.status.code(),
            output: text(output.stdout)?,
            errors: text(output.stderr)?,
        })
    }

    /// What the program prints when it succeeds.
    pub(crate) async fn succeed(&self, words: &[&str]) -> Result<String> {
        let ran = self.run(words).await?;
        ensure!(ran.code == Some(0), "{words:?}: {ran:?}");
        Ok(ran.output)
    }
}
