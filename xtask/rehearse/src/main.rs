//! A release and a deployment from beginning to end, on this machine: the commands that a maintainer and an
//! administrator run, with the programs that would be released, against a local repository and an emulator of AWS that
//! checks signatures and IAM policies.

mod commands;
mod emulator;
mod other_clients;
mod processes;
mod scenario;
mod shell;
mod signed;
mod steps;
mod users;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

/// Where things are; `cargo xtask rehearse` knows.
#[derive(Debug, Parser)]
#[command(name = "rehearse")]
struct Args {
    /// The folder with the programs `release` and `local-cloud`.
    #[arg(long, value_name = "DIR")]
    programs: PathBuf,
    /// The emulator's program.
    #[arg(long, value_name = "FILE")]
    emulator: PathBuf,
    /// The checkout whose README has the commands of administrators.
    #[arg(long, value_name = "DIR")]
    checkout: PathBuf,
    /// The folders with the programs `aws` and `sam`.
    #[arg(long = "tools", value_name = "DIR")]
    tools: Vec<PathBuf>,
    /// The bundle to release.
    #[arg(long, value_name = "DIR")]
    bundle: PathBuf,
    /// The folder for logs and data; what is in it is deleted first.
    #[arg(long, value_name = "DIR")]
    folder: PathBuf,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let args = Args::parse();
    let folder = args.folder.clone();
    let rehearsal = scenario::run(&args);
    // Processes that were started end when the future that owns them is dropped.
    let outcome = tokio::select! {
        outcome = rehearsal => outcome,
        () = interruption() => Err(anyhow::anyhow!("interrupted")),
    };
    match outcome {
        Ok(()) => {
            println!("the rehearsal went well");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            eprintln!("  the logs are in {}", folder.display());
            ExitCode::FAILURE
        }
    }
}

/// Ends when somebody wants the rehearsal to end: a person by Ctrl-C, or whatever supervises it by a signal to
/// terminate, which a cancelled job of a CI service gets.
async fn interruption() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    // Without a handler for it, Ctrl-C ends the process by itself.
    let _ = tokio::signal::ctrl_c().await;
}
