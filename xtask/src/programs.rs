//! Building the programs that the commands start.

use std::path::PathBuf;

use anyhow::Result;

use crate::{paths, process};

/// The packages of all these programs. They are always built together, because cargo enables the features that a
/// selection of packages asks for: each command with a selection of its own would compile the SDKs once more.
const PACKAGES: [&str; 7] = [
    "mcp",
    "registration",
    "sample",
    "local-cloud",
    "release",
    "catalog",
    "rehearse",
];

/// Builds the programs and answers the folder they are in.
pub(crate) fn build(release: bool) -> Result<PathBuf> {
    let mut command = process::cargo();
    command.arg("build");
    for package in PACKAGES {
        command.args(["--package", package]);
    }
    if release {
        command.arg("--release");
    }
    process::run(&mut command)?;
    paths::binaries_dir(release)
}
