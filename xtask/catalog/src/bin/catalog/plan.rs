//! `cargo xtask catalog plan`.

use anyhow::Result;
use catalog::http::HttpRegistry;
use catalog::plan::CatalogPlan;
use catalog::retry::Patience;
use catalog::{file, live, wanted};
use serde::Serialize;
use tooling::{Outcome, say};

use crate::arguments::{FileArgs, Format, PlanArgs};
use crate::deployment;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Planned<'a> {
    is_empty: bool,
    plan: &'a CatalogPlan,
}

/// Prints a document; not by way of a `Value`, which would round its numbers.
pub(crate) fn print_json(document: &impl Serialize) -> Result<()> {
    say!("{}", serde_json::to_string_pretty(document)?);
    Ok(())
}

/// Prints what applying the file would change.
pub(crate) async fn run(args: &PlanArgs) -> Result<Outcome> {
    let (plan, _) = make(&args.files, args.prune, || {
        deployment::registry(&args.deployment)
    })
    .await?;
    match args.format {
        Format::Text => say!("{plan}"),
        Format::Json => print_json(&Planned {
            is_empty: plan.is_empty(),
            plan: &plan,
        })?,
    }
    Ok(if plan.is_empty() && plan.conflicts.is_empty() {
        Outcome::Done
    } else {
        Outcome::Differs
    })
}

/// Reads the files first, so that what is wrong with them is said without a deployment; then what is there.
pub(crate) async fn make<F>(
    files: &FileArgs,
    prune: bool,
    registry: impl FnOnce() -> F,
) -> Result<(CatalogPlan, HttpRegistry)>
where
    F: Future<Output = Result<HttpRegistry>>,
{
    let catalog = file::read(&files.file)?;
    let registry = registry().await?;
    let patience = Patience::default();
    let live = live::read(&registry, patience).await?;
    let wanted = wanted::resolve(&registry, &catalog, &live, patience).await?;
    Ok((CatalogPlan::between(&wanted, &live, prune), registry))
}
