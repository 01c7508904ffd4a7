//! The repository's commands, run as `cargo xtask COMMAND`.
//!
//! This program parses arguments and starts other programs; it depends on no crate of the workspace, so that it
//! compiles in seconds and none of its commands waits for an SDK it does not need.

mod cloud;
mod commands;
mod fixtures;
mod paths;
mod process;
mod programs;
mod tools;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::commands::{
    bench, catalog, ci, clients, conformance, examples, local, new_version, rehearse, release, test,
};

/// The repository's commands.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Local(local::Args),
    Test(test::Args),
    Clients(clients::Args),
    Conformance(conformance::Args),
    Examples(examples::Args),
    Bench(bench::Args),
    Rehearse(rehearse::Args),
    #[command(name = "release")]
    NewVersion(new_version::Args),
    Ci(ci::Args),
    Catalog(catalog::CatalogArgs),
    #[command(flatten)]
    Release(Box<release::ReleaseCommand>),
}

/// Exit codes: 0 done, 1 failed, 2 wrong usage (clap's own); of the release and catalogue commands also 3,
/// something differs.
fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Local(args) => local::run(args),
        Command::Test(args) => test::run(&args),
        Command::Clients(args) => clients::run(&args),
        Command::Conformance(args) => conformance::run(&args),
        Command::Examples(_) => examples::run(),
        Command::Bench(args) => bench::run(args),
        Command::Rehearse(args) => rehearse::run(&args),
        Command::NewVersion(args) => new_version::run(&args),
        Command::Ci(args) => Ok(ci::run(&args)),
        Command::Catalog(_) => catalog::run(),
        Command::Release(_) => release::run(),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
