//! The catalogue commands, behind `cargo xtask catalog`.

mod apply;
#[path = "../../arguments.rs"]
mod arguments;
mod deployment;
mod export;
mod failure;
mod plan;
mod validate;

use std::process::ExitCode;

use clap::Parser;
use tooling::Outcome;

use crate::arguments::{CatalogArgs, CatalogCommand};

/// The catalogue of registrations as a file.
#[derive(Debug, Parser)]
#[command(name = "catalog", bin_name = "cargo xtask catalog")]
struct Cli {
    #[command(flatten)]
    args: CatalogArgs,
}

/// Exit codes: 0 done or nothing to do, 1 failed, 2 wrong usage, 3 the plan is not empty.
fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(run(cli.args.command)),
        Err(error) => Err(error.into()),
    };
    match result {
        Ok(outcome) => outcome.into(),
        Err(error) => failure::report(&error),
    }
}

async fn run(command: CatalogCommand) -> anyhow::Result<Outcome> {
    match command {
        CatalogCommand::Plan(args) => plan::run(&args).await,
        CatalogCommand::Apply(args) => apply::run(&args).await,
        CatalogCommand::Export(args) => export::run(&args).await,
        CatalogCommand::Validate(args) => validate::run(&args).await,
    }
}
