//! `cargo xtask catalog apply`.

use std::io::{self, IsTerminal as _};

use anyhow::{Result, bail};
use catalog::apply::{ApplyOptions, apply};
use catalog::plan::CatalogPlan;
use catalog::progress::Shown;
use serde::Serialize;
use tooling::{Outcome, Usage, ask, say};

use crate::arguments::{ApplyArgs, Format};
use crate::{deployment, plan};

#[derive(Serialize)]
struct Applied<'a> {
    written: usize,
    plan: &'a CatalogPlan,
}

/// Shows the plan, asks, and writes.
pub(crate) async fn run(args: &ApplyArgs) -> Result<Outcome> {
    let deployment = || deployment::registry(&args.deployment);
    let (plan, registry) = plan::make(&args.files, args.prune, deployment).await?;
    if args.format == Format::Text {
        say!("{plan}");
    }
    if plan.is_empty() && plan.conflicts.is_empty() {
        print_json(args.format, &plan, 0)?;
        return Ok(Outcome::Done);
    }
    if plan.conflicts.is_empty() {
        confirm(args, &plan).await?;
    }
    let options = ApplyOptions {
        force: args.force,
        ..ApplyOptions::default()
    };
    let written = apply(&registry, &plan, options, &Shown::new()).await?;
    print_json(args.format, &plan, written)?;
    if args.format == Format::Text {
        say!("done: {written} written");
    }
    Ok(Outcome::Done)
}

/// Goes on if somebody says so, now or with `--yes`.
async fn confirm(args: &ApplyArgs, plan: &CatalogPlan) -> Result<()> {
    if args.yes {
        return Ok(());
    }
    if args.format == Format::Json || !io::stdin().is_terminal() {
        bail!(Usage(
            "nobody is there to confirm this: --yes does it, `plan` only shows it".to_owned()
        ));
    }
    let question = if plan.delete.is_empty() {
        "Do this? [y/N] "
    } else {
        "Do this, deletions included? [y/N] "
    };
    if !ask::confirmed(question).await {
        bail!("not confirmed, nothing was done");
    }
    Ok(())
}

fn print_json(format: Format, plan: &CatalogPlan, written: usize) -> Result<()> {
    if format == Format::Json {
        plan::print_json(&Applied { written, plan })?;
    }
    Ok(())
}
