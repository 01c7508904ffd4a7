//! `cargo xtask bench`: measures the release binaries.

use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::{paths, process};

/// Measure cold start, added latency, throughput, memory and DynamoDB requests of the release binaries.
#[derive(Debug, clap::Args)]
// The measuring program knows its own arguments, and prints its own help.
#[command(disable_help_flag = true)]
pub(crate) struct Args {
    /// Arguments for the measuring program; `cargo xtask bench --help` lists them.
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "ARGS"
    )]
    arguments: Vec<String>,
}

/// Builds release binaries, then becomes the measuring program.
pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let mut build = process::cargo();
    build.args(["build", "--release"]);
    for package in ["mcp", "registration", "sample", "bench"] {
        build.args(["--package", package]);
    }
    process::run(&mut build)?;
    let root = paths::workspace_root();
    process::replace_with(
        Command::new(paths::binaries_dir(true)?.join("bench"))
            .arg("--output")
            .arg(root.join("target/bench.json"))
            .args(args.arguments),
    )
}
