//! `cargo xtask rehearse`: a release and a deployment on this machine.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Result, bail};

use super::local::value_name;
use super::release::CompilerArgs;
use crate::tools::PythonEnvironment;
use crate::{paths, process, programs};

/// The emulator of AWS, and what it transforms SAM templates with.
const EMULATOR_REQUIREMENTS: &str =
    "ministack==1.5.33\nbotocore==1.43.106\naws-sam-translator==1.115.0\ncryptography==50.0.2\n";

/// The clients that administrators deploy with. Each has its own ideas about the versions of what it depends on.
const AWS_CLI_REQUIREMENTS: &str = "awscli==1.46.3\nboto3==1.44.5\n";
const SAM_CLI_REQUIREMENT: &str = "aws-sam-cli==1.167.0\n";

/// Publish, deploy, use and take down the application on this machine, with the programs that would be released.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    compiler: CompilerArgs,
    /// Rehearse with this bundle; without it, the functions are compiled and packaged first.
    #[arg(long, value_name = "DIR", conflicts_with = "arch")]
    bundle: Option<PathBuf>,
}

/// Builds what a rehearsal needs, then becomes it.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let mut command = prepare(args)?;
    process::replace_with(&mut command)
}

/// The rehearsal with what would be released.
pub(crate) fn run_default() -> Result<()> {
    let args = Args {
        compiler: CompilerArgs::default(),
        bundle: None,
    };
    process::run(&mut prepare(&args)?)
}

fn prepare(args: &Args) -> Result<Command> {
    let root = paths::workspace_root();
    let programs = programs::build(false)?;
    let emulator = PythonEnvironment::prepare(
        paths::target_dir()?.join("tools/emulator"),
        EMULATOR_REQUIREMENTS,
    )?;
    let tools = paths::target_dir()?.join("tools");
    let aws = PythonEnvironment::prepare(tools.join("aws-cli"), AWS_CLI_REQUIREMENTS)?;
    let sam = PythonEnvironment::prepare(tools.join("sam-cli"), SAM_CLI_REQUIREMENT)?;
    let bundle = match &args.bundle {
        // The rehearsal runs in the checkout, wherever this was called.
        Some(bundle) => std::path::absolute(bundle)?,
        None => package(args, &programs)?,
    };
    let mut command = Command::new(programs.join("rehearse"));
    command
        .arg("--programs")
        .arg(&programs)
        .arg("--emulator")
        .arg(emulator.program("ministack"))
        .arg("--checkout")
        .arg(&root)
        .arg("--tools")
        .arg(aws.folder())
        .arg("--tools")
        .arg(sam.folder())
        .arg("--bundle")
        .arg(bundle)
        .arg("--folder")
        .arg(root.join("target/rehearsal"))
        .current_dir(&root);
    Ok(command)
}

/// Compiles and packages what would be released, and sees that it runs on this machine.
fn package(args: &Args, programs: &std::path::Path) -> Result<PathBuf> {
    let root = paths::workspace_root();
    let bundle = root.join("target/bundle");
    let architecture = value_name(&args.compiler.arch);
    let mut package = Command::new(programs.join("release"));
    package.args(["package", "--arch", &architecture, "--output"]);
    package.arg(&bundle).current_dir(&root);
    if let Some(toolchain) = &args.compiler.toolchain {
        package.args(["--toolchain", toolchain]);
    }
    process::run(&mut package)?;
    let program = root.join(format!("target/lambda/{architecture}/mcp/bootstrap"));
    // Without its settings it ends at once, and says so.
    let ran = Command::new(&program).env_clear().output();
    if !ran.is_ok_and(|output| output.status.code().is_some()) {
        bail!(
            "this machine can't run programs for {architecture}: install qemu-user-static with its binfmt registration, or rehearse with --arch x86_64"
        );
    }
    Ok(bundle)
}
