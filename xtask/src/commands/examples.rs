//! `cargo xtask examples`: the programs of `docs/TOOLS.md` that are not in Rust, each under its language's own runtime.

use std::process::ExitCode;

use anyhow::Result;

use crate::tools::{self, PythonEnvironment};
use crate::{paths, process, programs};

/// Lambda's own runtime for Python.
const REQUIREMENT: &str = "awslambdaric==4.2.2\n";
/// Where the tests look for the Python that has it.
const PYTHON_VARIABLE: &str = "MCP_LAMBDA_SAM_PYTHON";

/// Run the examples for authors of tools that are not in Rust; needs Node.js and Python.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Installs what the examples need and runs their tests.
pub(crate) fn run() -> Result<ExitCode> {
    tools::require_program("node", "Node.js 20 or newer")?;
    let folder = paths::target_dir()?.join("tools/examples");
    let python = PythonEnvironment::prepare(folder, REQUIREMENT)?;
    programs::build(false)?;
    process::run(
        process::cargo()
            // The selection of `cargo xtask test`, whose programs these tests run.
            .args([
                "test",
                "--workspace",
                "--test",
                "examples",
                "--",
                "--ignored",
            ])
            .env(PYTHON_VARIABLE, python.program("python")),
    )?;
    Ok(ExitCode::SUCCESS)
}
