//! The commands for a release: all of them are the program `release`, built first.

#[path = "../../release/src/arguments.rs"]
mod arguments;

use std::env;
use std::process::{Command, ExitCode};

use anyhow::Result;

pub(crate) use self::arguments::{CompilerArgs, ReleaseCommand};
use crate::{paths, process};

/// Builds the program, then becomes it, with this program's own arguments.
pub(crate) fn run() -> Result<ExitCode> {
    process::run(
        Command::new(paths::cargo())
            .args(["build", "--package", "release"])
            .current_dir(paths::workspace_root()),
    )?;
    process::replace_with(
        Command::new(paths::binaries_dir(false)?.join("release")).args(env::args_os().skip(1)),
    )
}
