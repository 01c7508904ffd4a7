//! `cargo xtask ci`: every check a change has to pass.

mod api;
mod steps;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use self::steps::{STEPS, Step};

/// Run every check; goes on after a failure and names the failed ones at the end.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Leave this check out; can be given again.
    #[arg(long, value_name = "NAME", value_parser = step_names(), conflicts_with = "only")]
    skip: Vec<String>,
    /// Run only this check; can be given again.
    #[arg(long, value_name = "NAME", value_parser = step_names())]
    only: Vec<String>,
    /// Also ask the RustSec database for known vulnerabilities, which is fetched from GitHub.
    #[arg(long)]
    advisories: bool,
}

/// Runs the chosen checks in order and prints a summary.
pub(crate) fn run(args: &Args) -> ExitCode {
    let mut results = Vec::new();
    for step in STEPS.iter().filter(|step| is_chosen(args, step)) {
        eprintln!("\n== {}: {}", step.name, step.about);
        let start = Instant::now();
        let outcome = (step.run)(args.advisories);
        if let Err(error) = &outcome {
            eprintln!("error: {error:#}");
        }
        results.push((step.name, outcome.is_ok(), start.elapsed()));
    }
    print!("{}", summary(&results));
    let failed = results.iter().any(|(_, passed, _)| !passed);
    if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

fn is_chosen(args: &Args, step: &Step) -> bool {
    let named = |names: &[String]| names.iter().any(|name| name == step.name);
    if args.only.is_empty() {
        !named(&args.skip)
    } else {
        named(&args.only)
    }
}

/// The names of all checks, for `--skip` and `--only`.
fn step_names() -> Vec<&'static str> {
    STEPS.iter().map(|step| step.name).collect()
}

/// A line a check, and one that names the failed ones.
fn summary(results: &[(&str, bool, Duration)]) -> String {
    use std::fmt::Write as _;
    let mut text = String::from("\n");
    for (name, passed, duration) in results {
        let word = if *passed { "passed" } else { "FAILED" };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name:<11} {word}  {:>7.1} s", duration.as_secs_f64());
    }
    let failed: Vec<_> = results
        .iter()
        .filter(|(_, passed, _)| !passed)
        .map(|(name, ..)| *name)
        .collect();
    let _ = if failed.is_empty() {
        writeln!(text, "all {} checks passed", results.len())
    } else {
        writeln!(text, "failed: {}", failed.join(", "))
    };
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_names_what_failed() {
        let text = summary(&[
            ("format", true, Duration::from_millis(340)),
            ("clippy", false, Duration::from_secs(61)),
        ]);
        assert_eq!(
            text,
            "\nformat      passed      0.3 s\nclippy      FAILED     61.0 s\nfailed: clippy\n"
        );
    }

    #[test]
    fn only_wins_and_skip_leaves_out() {
        let args = |skip: &[&str], only: &[&str]| Args {
            skip: skip.iter().map(ToString::to_string).collect(),
            only: only.iter().map(ToString::to_string).collect(),
            advisories: false,
        };
        let chosen = |args: &Args| STEPS.iter().filter(|step| is_chosen(args, step)).count();
        assert_eq!(chosen(&args(&[], &[])), STEPS.len());
        assert_eq!(chosen(&args(&["test"], &[])), STEPS.len() - 1);
        assert_eq!(chosen(&args(&[], &["format", "typos"])), 2);
    }
}
