//! The application as its users get it: published to the SAR here, and read back from there.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};
use thiserror::Error;
use tokio::process::Command;

use crate::credentials::Credentials;
use crate::endpoints::Endpoints;
use crate::sar::Sar;
use crate::template::{Application, TemplateError};

/// The file that Lambda starts, in each zip.
const BOOTSTRAP: &str = "bootstrap";

/// How a checkout is published to the SAR here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publisher {
    /// The program with the release commands.
    pub program: PathBuf,
    /// The checkout.
    pub checkout: PathBuf,
}

/// The checkout can't be run by way of the SAR here.
#[derive(Debug, Error)]
pub enum PublishedError {
    /// The release commands can't be started.
    #[error("{program} can't be started")]
    Start {
        /// The program.
        program: String,
        /// Why.
        source: std::io::Error,
    },
    /// Publishing failed; it has said why.
    #[error("the checkout can't be published here: {0}")]
    Refused(String),
    /// What was published can't be read back.
    #[error("what was published can't be read back: {0}")]
    Unreadable(String),
    /// Files can't be written.
    #[error("can't unpack what was published")]
    File(#[from] std::io::Error),
    /// The published template can't be used.
    #[error("the published template can't be used")]
    Template(#[from] TemplateError),
}

/// What was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Release {
    application: String,
    version: String,
}

impl Publisher {
    /// Publishes the programs in `binaries` to the SAR at `endpoints`.
    pub(crate) async fn publish(
        &self,
        binaries: &Path,
        endpoints: &Endpoints,
        credentials: &Credentials,
        folder: &Path,
    ) -> Result<Release, PublishedError> {
        // The others are told later, when everything is there.
        let file = folder.join("publishing.json");
        endpoints.write(&file)?;
        let architecture = if cfg!(target_arch = "aarch64") {
            "arm64"
        } else {
            "x86_64"
        };
        let output = Command::new(&self.program)
            .args(["publish", "--development", "--yes", "--format", "json"])
            .args(["--arch", architecture, "--binaries"])
            .arg(binaries)
            .args(["--local", "--endpoints"])
            .arg(&file)
            .current_dir(&self.checkout)
            .env("AWS_ACCESS_KEY_ID", &credentials.access_key_id)
            .env("AWS_SECRET_ACCESS_KEY", &credentials.secret_access_key)
            .env_remove("AWS_SESSION_TOKEN")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .map_err(|source| PublishedError::Start {
                program: self.program.display().to_string(),
                source,
            })?;
        fs_err::remove_file(&file)?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stderr);
            let line = text.lines().find_map(|line| line.strip_prefix("error: "));
            return Err(PublishedError::Refused(
                line.unwrap_or("it gave no reason").to_owned(),
            ));
        }
        let document: Value = serde_json::from_slice(&output.stdout)
            .map_err(|error| PublishedError::Unreadable(error.to_string()))?;
        let text = |name: &str| document["plan"][name].as_str().map(str::to_owned);
        match (text("application"), text("version")) {
            (Some(application), Some(version)) => Ok(Release {
                application,
                version,
            }),
            _ => Err(PublishedError::Unreadable(
                "the plan names no version".to_owned(),
            )),
        }
    }
}

impl Release {
    /// Reads the template and the programs back, the programs into `folder` under their functions' logical ids.
    pub(crate) fn unpack(
        &self,
        sar: &Sar,
        folder: &Path,
        parameters: &BTreeMap<String, String>,
    ) -> Result<Application, PublishedError> {
        let unreadable =
            |error: &dyn std::fmt::Display| PublishedError::Unreadable(error.to_string());
        let served = sar
            .served(&self.application, &self.version)
            .map_err(|error| unreadable(&error))?;
        if folder.exists() {
            fs_err::remove_dir_all(folder)?;
        }
        fs_err::create_dir_all(folder)?;
        let mut template: Value =
            serde_json::from_str(&served.template).map_err(|error| unreadable(&error))?;
        for (logical_id, zip) in &served.code {
            let mut archive = zip::ZipArchive::new(Cursor::new(zip.as_ref()))
                .map_err(|error| unreadable(&error))?;
            let mut entry = archive
                .by_name(BOOTSTRAP)
                .map_err(|error| unreadable(&error))?;
            let mut program = Vec::new();
            entry.read_to_end(&mut program)?;
            let file = format!("{logical_id}{}", std::env::consts::EXE_SUFFIX);
            write_program(&folder.join(file), &program)?;
            // From here on the code is the program's file.
            template["Resources"][logical_id]["Properties"]["CodeUri"] =
                json!(format!("programs/{logical_id}/"));
        }
        Ok(Application::parse(&template.to_string(), parameters)?)
    }

    /// The application's ARN.
    pub(crate) fn application(&self) -> &str {
        &self.application
    }
}

fn write_program(path: &Path, program: &[u8]) -> std::io::Result<()> {
    fs_err::write(path, program)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs_err::set_permissions(path, std::fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}
