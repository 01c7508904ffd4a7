//! The commands for a release: all of them are the program `release`, built first.

#[path = "../../release/src/arguments.rs"]
mod arguments;

use std::env;
use std::process::{Command, ExitCode};

use anyhow::Result;

pub(crate) use self::arguments::{CompilerArgs, ReleaseCommand};
use crate::{process, programs};

/// Builds the program, then becomes it, with this program's own arguments.
pub(crate) fn run() -> Result<ExitCode> {
    let programs = programs::build(false)?;
    process::replace_with(Command::new(programs.join("release")).args(env::args_os().skip(1)))
}
