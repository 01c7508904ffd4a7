//! Programs the checks need, installed at pinned versions into `target/`, never into the person's own environment.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};
use fs_err as fs;

use crate::{paths, process};

/// A Python virtual environment under `target/` with pinned packages.
pub(crate) struct PythonEnvironment {
    root: PathBuf,
}

impl PythonEnvironment {
    /// Makes the environment in `root`, or takes it as it is when it was made from the same `requirements`.
    ///
    /// `requirements` is the text of a requirements file: one `name==version` a line.
    pub(crate) fn prepare(root: PathBuf, requirements: &str) -> Result<Self> {
        let environment = Self { root };
        let stamp = environment.root.join("requirements.txt");
        if is_up_to_date(&stamp, requirements) {
            return Ok(environment);
        }
        require_program("python3", "Python 3.10 or newer")?;
        process::run(
            Command::new("python3")
                .args(["-m", "venv", "--clear"])
                .arg(&environment.root),
        )?;
        let wanted = environment.root.join("requirements.wanted.txt");
        fs::write(&wanted, requirements)?;
        process::run(
            Command::new(environment.program("python"))
                .args([
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--disable-pip-version-check",
                    "--requirement",
                ])
                .arg(&wanted),
        )?;
        fs::rename(&wanted, &stamp)?;
        Ok(environment)
    }

    /// The folder of the programs that the environment's packages brought.
    pub(crate) fn folder(&self) -> PathBuf {
        self.root
            .join(if cfg!(windows) { "Scripts" } else { "bin" })
    }

    /// The path of one of these programs.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }
}

/// Installs the packages that `manifest` (the text of a `package.json`) names into `folder`.
///
/// Without a lock file: those name the registry's host, which is not this repository's to choose. The manifest pins
/// exact versions instead.
pub(crate) fn install_node_packages(folder: &Path, manifest: &str) -> Result<()> {
    let stamp = folder.join("installed.json");
    if is_up_to_date(&stamp, manifest) {
        return Ok(());
    }
    require_program("npm", "Node.js 20 or newer")?;
    fs::create_dir_all(folder)?;
    fs::write(folder.join("package.json"), manifest)?;
    process::run(
        Command::new("npm")
            .args([
                "install",
                "--no-package-lock",
                "--no-audit",
                "--no-fund",
                "--loglevel",
                "error",
            ])
            .current_dir(folder),
    )?;
    Ok(fs::write(stamp, manifest)?)
}

/// Installs a cargo program of exactly `version` from crates.io and answers its path.
///
/// Built without optimisation: it runs for a second, and is compiled for minutes otherwise.
pub(crate) fn cargo_program(name: &str, version: &str) -> Result<PathBuf> {
    let target = paths::target_dir()?;
    let root = target.join("tools").join(format!("{name}-{version}"));
    let program = root
        .join("bin")
        .join(name)
        .with_extension(std::env::consts::EXE_EXTENSION);
    if !program.exists() {
        process::run(
            process::cargo()
                .args([
                    "install",
                    "--quiet",
                    "--locked",
                    "--debug",
                    "--version",
                    version,
                    name,
                    "--root",
                ])
                .arg(&root)
                .arg("--target-dir")
                .arg(target.join("tools/build")),
        )?;
    }
    Ok(program)
}

/// Errors, saying what to install, when `program` cannot be started.
pub(crate) fn require_program(program: &str, what: &str) -> Result<()> {
    if !process::exists(program) {
        bail!("`{program}` was not found: this command needs {what} on the PATH");
    }
    Ok(())
}

/// Whether `stamp` says that exactly `content` was installed; it is written last, so a broken install leaves none.
fn is_up_to_date(stamp: &Path, content: &str) -> bool {
    fs::read_to_string(stamp).is_ok_and(|installed| installed == content)
}
