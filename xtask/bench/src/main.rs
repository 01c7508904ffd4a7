//! Measures the functions' release binaries under the local Lambda host, beside an empty handler and whatever else is
//! named, in one run: ratios hold on noisy machines where times do not.

mod catalog;
mod cloud;
mod cold_start;
mod connection;
mod event;
mod function;
mod idle;
mod report;
mod requests;
mod samples;
mod warm;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use local_cloud::{Data, LocalCloud};

use crate::cloud::Compared;
use crate::cold_start::ColdStart;
use crate::report::{Machine, Report};
use crate::warm::WarmAnswer;

/// Measure cold start, added latency, throughput, memory and DynamoDB requests.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask bench",
    bin_name = "cargo xtask bench",
    args_override_self = true
)]
struct Args {
    /// Sizes of the catalog to measure at.
    #[arg(long, value_delimiter = ',', default_value = "10,1000,10000")]
    registrations: Vec<usize>,
    /// Calls for each latency and for each client of a throughput.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    calls: u32,
    /// Cold starts of each function.
    #[arg(long, default_value_t = 25, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Another Runtime API program, measured beside the functions; can be given again.
    #[arg(long, value_name = "NAME=COMMAND")]
    compare: Vec<Compared>,
    /// What is printed: a table, or the JSON that is written.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Folder of the functions' binaries [default: this program's own].
    #[arg(long, value_name = "DIR")]
    binaries: Option<PathBuf>,
    /// Where the JSON is written.
    #[arg(long, value_name = "FILE", default_value = "target/bench.json")]
    output: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Json,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let binaries = match args.binaries.clone() {
        Some(folder) => folder,
        None => std::env::current_exe()?
            .parent()
            .map(Path::to_path_buf)
            .context("this program is in no folder")?,
    };
    let report = measure(&args, &binaries).await?;
    let json = serde_json::to_string_pretty(&report)?;
    if let Some(folder) = args.output.parent() {
        fs_err::create_dir_all(folder)?;
    }
    fs_err::write(&args.output, format!("{json}\n"))?;
    match args.format {
        Format::Table => print!("{report}"),
        Format::Json => println!("{json}"),
    }
    Ok(())
}

async fn measure(args: &Args, binaries: &Path) -> Result<Report> {
    let (calls, runs) = (usize::try_from(args.calls)?, usize::try_from(args.runs)?);

    let cloud = cloud::start(binaries, Data::Memory, false).await?;
    let alone = measure_functions(&cloud, binaries, &args.compare, runs, calls).await;
    cloud.shutdown().await;
    let (cold_starts, warm_answers) = alone?;

    let mut catalogs = Vec::new();
    for count in &args.registrations {
        eprintln!("registering {count} tools, listing and calling them");
        catalogs.push(catalog::measure(binaries, *count, calls).await?);
    }
    eprintln!("watching idle sessions, most of a minute");
    let idle = idle::measure(binaries).await?;
    Ok(Report {
        machine: Machine::current(),
        cold_starts,
        warm_answers,
        catalogs,
        idle,
    })
}

/// Cold starts and warm answers of the functions by themselves.
async fn measure_functions(
    cloud: &LocalCloud,
    binaries: &Path,
    compared: &[Compared],
    runs: usize,
    calls: usize,
) -> Result<(Vec<ColdStart>, Vec<WarmAnswer>)> {
    let functions = cloud::add_functions(cloud, binaries, compared)?;
    eprintln!("answering warm, {calls} times each");
    let warm_answers = warm::measure(cloud.host(), &functions.warm, calls).await?;
    eprintln!("starting cold, {runs} times each");
    let cold_starts = cold_start::measure(cloud.host(), &functions.cold, runs).await?;
    Ok((cold_starts, warm_answers))
}
