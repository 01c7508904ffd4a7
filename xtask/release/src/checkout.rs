//! The checkout that a release is made from: its files, its commit, its version.

use std::path::{Path, PathBuf};
use std::process::Command;

use fs_err as fs;
use serde::Deserialize;
use thiserror::Error;

use crate::sharing::{SharingError, SharingPolicy, parse_sharing};
use crate::template::{Template, TemplateError};
use crate::version::SemanticVersion;

/// The checkout can't be read.
#[derive(Debug, Error)]
pub enum CheckoutError {
    /// A file can't be read; the message names it.
    #[error(transparent)]
    Read(#[from] std::io::Error),
    /// git can't be started, or the folder is not a checkout.
    #[error("`git {command}` failed in {folder}: {reason}")]
    Git {
        /// git's arguments.
        command: String,
        /// Where it ran.
        folder: PathBuf,
        /// git's own words.
        reason: String,
    },
    /// The root `Cargo.toml` has no version.
    #[error("Cargo.toml: {0}")]
    Version(String),
    /// The template.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The wanted policy.
    #[error(transparent)]
    Sharing(#[from] SharingError),
}

/// A git checkout of this repository.
#[derive(Debug, Clone)]
pub struct Checkout {
    root: PathBuf,
}

/// A tracked file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackedFile {
    /// Its path from the root, with `/`.
    pub path: String,
    /// Whether it may be executed.
    pub is_executable: bool,
}

impl Checkout {
    /// The checkout in the folder `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The commit that is checked out, as 40 hexadecimal digits.
    pub fn commit(&self) -> Result<String, CheckoutError> {
        Ok(self.git(&["rev-parse", "HEAD"])?.trim().to_owned())
    }

    /// The commit that a tag names, if there is such a tag.
    pub fn tagged_commit(&self, tag: &str) -> Result<Option<String>, CheckoutError> {
        let reference = format!("refs/tags/{tag}");
        let format = "--format=%(objectname) %(*objectname)";
        let found = self.git(&["for-each-ref", format, &reference])?;
        // An annotated tag is an object of its own, which names the commit.
        let commit = found.split_whitespace().last();
        Ok(commit.map(str::to_owned))
    }

    /// The tags of the commit that is checked out.
    pub fn tags(&self) -> Result<Vec<String>, CheckoutError> {
        let tags = self.git(&["tag", "--points-at", "HEAD"])?;
        Ok(tags.lines().map(str::to_owned).collect())
    }

    /// The files that differ from the commit, untracked ones included, and those that git was told not to look at.
    pub fn changed_files(&self) -> Result<Vec<String>, CheckoutError> {
        let status = self.git(&["status", "--porcelain", "--untracked-files=normal"])?;
        let path = |line: &str| line.get(3..).map(str::to_owned);
        let mut files: Vec<_> = status.lines().filter_map(path).collect();
        // `git update-index --assume-unchanged` and `--skip-worktree`.
        let flags = self.git(&["ls-files", "-v", "-z"])?;
        let unseen = flags.split_terminator('\0').filter_map(|entry| {
            let (flag, path) = entry.split_once(' ')?;
            let is_unseen = flag == "S" || flag.chars().all(char::is_lowercase);
            is_unseen.then(|| path.to_owned())
        });
        files.extend(unseen);
        Ok(files)
    }

    /// The files that git knows, sorted. Links and submodules are left out: they have no content of their own.
    pub fn tracked_files(&self) -> Result<Vec<TrackedFile>, CheckoutError> {
        let listed = self.git(&["ls-files", "--stage", "-z"])?;
        let mut files: Vec<_> = listed
            .split_terminator('\0')
            .filter_map(|entry| {
                let (stage, path) = entry.split_once('\t')?;
                let mode = stage.split(' ').next()?;
                mode.starts_with("100").then(|| TrackedFile {
                    path: path.to_owned(),
                    is_executable: mode == "100755",
                })
            })
            .filter(|file| self.root.join(&file.path).is_file())
            .collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(files)
    }

    /// The workspace's version.
    pub fn workspace_version(&self) -> Result<SemanticVersion, CheckoutError> {
        #[derive(Deserialize)]
        struct Manifest {
            workspace: Workspace,
        }
        #[derive(Deserialize)]
        struct Workspace {
            package: Package,
        }
        #[derive(Deserialize)]
        struct Package {
            version: SemanticVersion,
        }
        let text = fs::read_to_string(self.root.join("Cargo.toml"))?;
        let manifest: Manifest = toml::from_str(&text)
            .map_err(|error| CheckoutError::Version(error.message().to_owned()))?;
        Ok(manifest.workspace.package.version)
    }

    /// `sar/template.yaml`.
    pub fn template(&self) -> Result<Template, CheckoutError> {
        let text = fs::read_to_string(self.root.join("sar/template.yaml"))?;
        Ok(Template::parse(&text)?)
    }

    /// `sar/sharing.toml`.
    pub fn sharing(&self) -> Result<SharingPolicy, CheckoutError> {
        let text = fs::read_to_string(self.root.join("sar/sharing.toml"))?;
        Ok(parse_sharing(&text)?)
    }

    fn git(&self, arguments: &[&str]) -> Result<String, CheckoutError> {
        let failed = |reason: String| CheckoutError::Git {
            command: arguments.join(" "),
            folder: self.root.clone(),
            reason,
        };
        let output = Command::new("git")
            .args(arguments)
            .current_dir(&self.root)
            .output()
            .map_err(|error| failed(error.to_string()))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said.trim().lines().last().unwrap_or("no reason given");
            return Err(failed(last.to_owned()));
        }
        String::from_utf8(output.stdout).map_err(|error| failed(error.to_string()))
    }
}
