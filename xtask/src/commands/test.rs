//! `cargo xtask test`: the Rust tests, with the binaries they run.

use std::process::ExitCode;

use anyhow::Result;

use crate::process::{self, cargo};

/// Run the unit, integration and end-to-end tests; needs nothing but Rust.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Args {
    /// Arguments for the test programs, such as a part of a test's name.
    #[arg(last = true, value_name = "FILTER")]
    filter: Vec<String>,
}

/// Builds every target in one go, runs the tests, then the examples in documentation.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    // The tests start the functions as programs, which `cargo test` builds only for the packages that own them. The
    // same selection in both calls means one set of features, so that nothing is compiled twice.
    let selection = ["--workspace", "--all-targets"];
    process::run(cargo().arg("build").args(selection))?;
    process::run(
        cargo()
            .arg("test")
            .args(selection)
            .arg("--")
            .args(&args.filter),
    )?;
    if args.filter.is_empty() {
        process::run(cargo().args(["test", "--workspace", "--doc"]))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs the tests of what is large, which are ignored otherwise for the time they take. The selection is that of [`run`],
/// whose programs they start.
pub(crate) fn run_large() -> Result<ExitCode> {
    process::run(cargo().args(["build", "--workspace", "--all-targets"]))?;
    let tests = ["test", "--workspace", "--test", "administering"];
    process::run(cargo().args(tests).args(["--", "--ignored"]))?;
    Ok(ExitCode::SUCCESS)
}
