//! The catalogue commands: all of them are the program `catalog`, built first.

#[path = "../../catalog/src/arguments.rs"]
mod arguments;

use std::env;
use std::process::{Command, ExitCode};

use anyhow::Result;

pub(crate) use self::arguments::CatalogArgs;
use crate::{process, programs};

/// Builds the program, then becomes it, with this program's own arguments behind `catalog`.
pub(crate) fn run() -> Result<ExitCode> {
    let programs = programs::build(false)?;
    process::replace_with(Command::new(programs.join("catalog")).args(env::args_os().skip(2)))
}
