//! The release commands, behind `cargo xtask`.

#[path = "../../arguments.rs"]
mod arguments;
mod bundle;
mod deploy;
mod dialogue;
mod doctor;
mod mend;
mod publish;
mod share;
mod status;
mod target;
mod verify;

use std::process::ExitCode;

use clap::Parser;
use tooling::outcome::{FAILED, USAGE};
use tooling::{Outcome, Usage};

use crate::arguments::ReleaseCommand;

/// Releases of the application.
#[derive(Debug, Parser)]
#[command(name = "release", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: ReleaseCommand,
}

/// Exit codes: 0 done, 1 failed, 2 wrong usage, 3 something differs.
fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(run(cli.command)),
        Err(error) => Err(error.into()),
    };
    match result {
        Ok(outcome) => outcome.into(),
        Err(error) => {
            eprintln!("error: {error:#}");
            if let Some(mend) = mend::of(&error) {
                eprintln!("  mend: {mend}");
            }
            ExitCode::from(if error.is::<Usage>() { USAGE } else { FAILED })
        }
    }
}

async fn run(command: ReleaseCommand) -> anyhow::Result<Outcome> {
    let checkout = target::checkout()?;
    match command {
        ReleaseCommand::Doctor(args) => doctor::run(&checkout, args).await,
        ReleaseCommand::Build(args) => bundle::build(&checkout, args),
        ReleaseCommand::Package(args) => bundle::package(&checkout, args),
        ReleaseCommand::Publish(args) => Box::pin(publish::run(&checkout, args)).await,
        ReleaseCommand::Share(args) => share::run(&checkout, &args).await,
        ReleaseCommand::Status(args) => status::run(&checkout, &args).await,
        ReleaseCommand::Verify(args) => verify::run(&checkout, args).await,
        ReleaseCommand::Deploy(args) => Box::pin(deploy::run(&checkout, args)).await,
    }
}
