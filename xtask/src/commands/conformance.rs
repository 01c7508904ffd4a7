//! `cargo xtask conformance`: the official MCP conformance suite against a local cloud.

mod outcome;
mod suite;
mod table;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::ValueEnum;
use fs_err as fs;

use self::outcome::Outcome;
use self::suite::{Scenario, Suite};
use crate::cloud::{self, RunningCloud};
use crate::{fixtures, paths};

/// Scenarios that check nothing here, and why. What else checks nothing has missed something it needs.
const NOT_CHECKED: [(&str, &str); 4] = [
    ("sep-2640-skills-directory", OF_SKILLS),
    ("sep-2640-skills-enumeration", OF_SKILLS),
    ("sep-2640-skills-manifest", OF_SKILLS),
    (
        "tasks-status-notifications",
        "the suite skips it whatever the server does, until it knows subscriptions/listen",
    ),
];
const OF_SKILLS: &str = "of an extension that the server does not have or declare";

/// Run the official MCP conformance suite against a local cloud, in every protocol revision it knows; needs Node.js.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Args {
    /// Run only this scenario; can be given again.
    #[arg(long, value_name = "SCENARIO")]
    only: Vec<String>,
    /// Run only in this protocol revision; can be given again.
    #[arg(long, value_enum, value_name = "REVISION")]
    era: Vec<Era>,
    /// Have no two requests meet the same execution environment.
    #[arg(long)]
    fresh_environments: bool,
}

/// A protocol revision that the suite has scenarios for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum Era {
    #[value(name = "2025-03-26")]
    V2025_03_26,
    #[value(name = "2025-06-18")]
    V2025_06_18,
    #[value(name = "2025-11-25")]
    V2025_11_25,
    #[value(name = "2026-07-28")]
    V2026_07_28,
}

impl Era {
    /// The newest one, in which scenarios of extensions are run.
    const NEWEST: Self = Self::V2026_07_28;

    /// The revision's name.
    fn as_str(self) -> &'static str {
        match self {
            Self::V2025_03_26 => "2025-03-26",
            Self::V2025_06_18 => "2025-06-18",
            Self::V2025_11_25 => "2025-11-25",
            Self::V2026_07_28 => "2026-07-28",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        Self::value_variants()
            .iter()
            .copied()
            .find(|era| era.as_str() == name)
    }

    /// What has the suite run all that it has for the revision: the frozen list of what the revision requires, with what
    /// it lists as not scored, or for revisions without one everything that applies.
    fn selection(self) -> &'static [&'static str] {
        match self {
            Self::V2025_03_26 => &["--suite", "all", "--spec-version", "2025-03-26"],
            Self::V2025_06_18 => &["--suite", "all", "--spec-version", "2025-06-18"],
            Self::V2025_11_25 => &["--requirements", "2025-11-25"],
            Self::V2026_07_28 => &["--requirements", "2026-07-28"],
        }
    }
}

/// Runs the chosen scenarios in the chosen revisions.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let folder = paths::target_dir()?.join("conformance");
    let results = folder.join("results");
    if results.exists() {
        fs::remove_dir_all(&results)?;
    }
    fs::create_dir_all(&results)?;
    let suite = Suite::install()?;
    let scenarios = chosen(suite.scenarios()?, args)?;
    let cloud = RunningCloud::start(&folder, |command| {
        command.arg("--no-sample");
        if args.fresh_environments {
            command.arg("--fresh-environments");
        }
        fixtures::add_to(command, suite.node());
    })?;
    let outcomes = run_scenarios(&suite, &cloud.mcp_url, &scenarios, args, &results)?;
    cloud.stop()?;

    print!("{}", table::render(&scenarios, &outcomes));
    let (excused, unchecked): (Vec<_>, Vec<_>) = outcomes
        .iter()
        .filter(|outcome| !outcome.is_exercised)
        .map(|outcome| (outcome, reason(&outcome.scenario)))
        .partition(|(_, reason)| reason.is_some());
    for (outcome, reason) in excused {
        println!("{}: {}", outcome.scenario, reason.unwrap_or_default());
    }
    let log = folder.join(cloud::LOG);
    if outcomes.iter().any(Outcome::has_failed) {
        bail!(
            "the suite found failures; all it saw is in {}, the server's log is {}",
            results.display(),
            log.display()
        );
    }
    if let Some((outcome, _)) = unchecked.first() {
        bail!(
            "{} checked nothing in {}; all it saw is in {}, the server's log is {}",
            outcome.scenario,
            outcome.era.as_str(),
            results.display(),
            log.display()
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// Why a scenario checks nothing here, if that is as it should be.
fn reason(scenario: &str) -> Option<&'static str> {
    let known = NOT_CHECKED.iter().find(|(name, _)| *name == scenario);
    known.map(|(_, reason)| *reason)
}

/// Runs everything, and then all of it again without anything that an environment remembers.
pub(crate) fn run_all() -> Result<()> {
    for fresh_environments in [false, true] {
        run(&Args {
            fresh_environments,
            ..Args::default()
        })?;
    }
    Ok(())
}

/// The scenarios that the arguments name, with the revisions to run them in.
fn chosen(all: Vec<Scenario>, args: &Args) -> Result<Vec<Scenario>> {
    let names: Vec<_> = all.iter().map(|scenario| scenario.name.clone()).collect();
    if let Some(unknown) = args.only.iter().find(|name| !names.contains(name)) {
        bail!(
            "the suite has no scenario {unknown}; it has {}",
            names.join(", ")
        );
    }
    let is_wanted =
        |scenario: &Scenario| args.only.is_empty() || args.only.contains(&scenario.name);
    let mut scenarios: Vec<_> = all.into_iter().filter(is_wanted).collect();
    for scenario in &mut scenarios {
        scenario
            .eras
            .retain(|era| args.era.is_empty() || args.era.contains(era));
    }
    scenarios.retain(|scenario| !scenario.eras.is_empty());
    if scenarios.is_empty() {
        bail!("none of these scenarios applies to these revisions");
    }
    Ok(scenarios)
}

/// Runs what the suite runs together first, and then each scenario that was left out, so that none is.
fn run_scenarios(
    suite: &Suite,
    url: &str,
    scenarios: &[Scenario],
    args: &Args,
    results: &Path,
) -> Result<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    if args.only.is_empty() {
        for era in Era::value_variants() {
            if scenarios.iter().any(|scenario| scenario.eras.contains(era)) {
                println!("{}", era.as_str());
                let folder = results.join(era.as_str());
                suite.run(url, era.selection(), &folder)?;
                outcomes.extend(outcome::read(*era, &folder)?);
            }
        }
    }
    for scenario in scenarios {
        for era in &scenario.eras {
            if outcomes
                .iter()
                .any(|outcome| outcome.is_of(&scenario.name, *era))
            {
                continue;
            }
            println!("{} {}", era.as_str(), scenario.name);
            let folder = results.join(format!("{}-{}", era.as_str(), scenario.name));
            suite.run(url, &scenario.selection(*era), &folder)?;
            let seen = outcome::read(*era, &folder)?;
            if seen.is_empty() {
                bail!(
                    "the suite ran nothing for {} in {}; see {}",
                    scenario.name,
                    era.as_str(),
                    folder.display()
                );
            }
            outcomes.extend(seen);
        }
    }
    Ok(outcomes)
}
