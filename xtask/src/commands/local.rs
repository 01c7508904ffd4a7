//! `cargo xtask local`: the product on this machine.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::Result;
use clap::ValueEnum;

use crate::{paths, process, programs};

/// Run the functions, Lambda and DynamoDB on this machine until Ctrl-C.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Port of the MCP and registration URLs; 0 takes a free one.
    #[arg(long, default_value_t = 9100)]
    port: u16,
    /// Folder that keeps registrations and keys [default: target/local].
    #[arg(long, value_name = "DIR", conflicts_with = "memory")]
    data: Option<PathBuf>,
    /// Keep nothing: registrations end with the process.
    #[arg(long)]
    memory: bool,
    /// Who may call: anybody, or only requests signed with the printed keys.
    #[arg(long, value_enum, default_value_t = Auth::None)]
    auth: Auth,
    /// A program that speaks the Lambda Runtime API, as function NAME; can be given again.
    #[arg(long, value_name = "NAME=COMMAND")]
    tool: Vec<String>,
    /// A JSON file with one registration or an array of them, registered at start; can be given again.
    #[arg(long, value_name = "FILE")]
    register: Vec<PathBuf>,
    /// A `CloudFormation` on this machine that makes the stacks of what is published here; its keys are in
    /// `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`.
    #[arg(long, value_name = "URL")]
    cloudformation_endpoint: Option<String>,
    /// Leave out the sample tool, resource and prompt.
    #[arg(long)]
    no_sample: bool,
    /// Build and run the optimised binaries.
    #[arg(long)]
    release: bool,
    /// Print where things are for a person, or as one line of JSON.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Auth {
    None,
    Iam,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Builds, then becomes the local cloud: its output, signals and exit code are this command's.
pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let binaries = programs::build(args.release)?;
    process::replace_with(
        Command::new(binaries.join("local-cloud"))
            .args(forwarded(args))
            .arg("--publisher")
            .arg(binaries.join("release"))
            .current_dir(paths::workspace_root()),
    )
}

/// The arguments as `local-cloud` takes them.
fn forwarded(args: Args) -> Vec<OsString> {
    let mut words: Vec<OsString> = vec!["--port".into(), args.port.to_string().into()];
    let mut pair = |name: &str, value: OsString| words.extend([name.into(), value]);
    if !args.memory {
        let default = || paths::workspace_root().join("target/local");
        pair("--data", args.data.unwrap_or_else(default).into());
    }
    pair("--auth", value_name(&args.auth).into());
    pair("--format", value_name(&args.format).into());
    for tool in args.tool {
        pair("--tool", tool.into());
    }
    for file in args.register {
        pair("--register", file.into());
    }
    if let Some(url) = args.cloudformation_endpoint {
        pair("--cloudformation-endpoint", url.into());
    }
    if args.memory {
        words.push("--memory".into());
    }
    if args.no_sample {
        words.push("--no-sample".into());
    }
    words
}

/// The word that stands for `value` on the command line.
pub(crate) fn value_name(value: &impl ValueEnum) -> String {
    value
        .to_possible_value()
        .map(|value| value.get_name().to_owned())
        .unwrap_or_default()
}
