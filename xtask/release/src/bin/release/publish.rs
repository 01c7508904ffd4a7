//! `cargo xtask publish`.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use fs_err as fs;
use release::apply::apply;
use release::aws::{Aws, connect};
use release::bundle::{Bundle, Manifest, Purpose};
use release::checkout::Checkout;
use release::desired::Desired;
use release::doctor::check_checkout;
use release::live;
use release::plan::ReleasePlan;
use release::ports::Repository as _;
use release::progress::Shown;
use release::verify::verify;
use serde_json::json;
use tooling::{Outcome, Usage, ask, say};

use crate::arguments::{Format, PublishArgs, WritingArgs};
use crate::bundle::{default_folder, development_folder, make};
use crate::target::target;

/// Packages, plans, asks, applies, and compares what is served with what was published.
pub(crate) async fn run(checkout: &Checkout, args: PublishArgs) -> Result<Outcome> {
    let target = target(checkout, &args.target);
    let is_release = target.is_aws() && !args.writing.plan;
    if is_release && !is_releasable(checkout) {
        return Ok(Outcome::Failed);
    }
    if is_release && args.programs.fake_binaries {
        bail!(stand_ins());
    }
    let given = args.bundle.map(Bundle::open).transpose()?;
    if let Some(bundle) = given.as_ref().filter(|_| is_release) {
        refuse_unreleasable(bundle.manifest(), checkout)?;
    }
    let sharing = checkout.sharing()?;
    // Before anything is compiled: whoever has no credentials learns it now.
    let aws = connect(&target).await?;
    let bundle = match given {
        Some(bundle) => bundle,
        None if args.development => make(
            checkout,
            args.programs,
            Purpose::Development,
            development_folder(checkout),
        )?,
        None => {
            let folder = default_folder(checkout);
            make(checkout, args.programs, Purpose::Release, folder)?
        }
    };
    if is_release {
        refuse_unreleasable(bundle.manifest(), checkout)?;
    }
    let bucket = args
        .bucket
        .unwrap_or_else(|| aws.publisher.default_bucket());
    let desired = Desired::new(&bundle, aws.publisher.clone(), bucket, sharing)?;
    let live = live::read(&aws.repository, &aws.store, &desired).await?;
    let plan = ReleasePlan::between(&desired, &live);
    if let Some(file) = args.report {
        let text = match &plan {
            Ok(plan) => plan.to_string(),
            Err(error) => format!("can't be published as it is: {error}"),
        };
        append_report(&file, &text)?;
        return Ok(Outcome::Done);
    }
    let plan = plan?;

    if !may_write(&plan, &args.writing)? {
        return Ok(not_written(&plan, args.writing.format));
    }
    apply(
        &plan,
        &desired,
        &bundle,
        &aws.repository,
        &aws.store,
        &Shown::new(),
    )
    .await?;
    if live.version.is_none() {
        compare_served(&desired, &bundle, &aws).await?;
    }
    written(&plan, args.writing.format);
    Ok(Outcome::Done)
}

/// Whether the checkout can be released; if not, everything that stands in the way has been printed.
fn is_releasable(checkout: &Checkout) -> bool {
    let mut checks = check_checkout(checkout);
    checks.retain(|check| !check.is_passed());
    for check in &checks {
        eprintln!("{check}");
    }
    checks.is_empty()
}

/// Adds the plan's text to a file of Markdown, such as the summary of a CI job.
fn append_report(file: &Path, text: &str) -> Result<()> {
    let mut report = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(file)?;
    writeln!(
        report,
        "### What publishing would do\n\n```text\n{text}\n```"
    )?;
    Ok(())
}

fn stand_ins() -> Usage {
    let message = "a bundle of stand-ins is not published to AWS: package without --fake-binaries";
    Usage(message.to_owned())
}

/// Errors for a bundle that nobody else could make again, that can't run, or that is of another commit than the sharing
/// policy.
fn refuse_unreleasable(manifest: &Manifest, checkout: &Checkout) -> Result<()> {
    if manifest.is_fake {
        bail!(stand_ins());
    }
    if manifest.is_modified {
        bail!(
            "the bundle was made from files that differ from commit {}: commit them, then package again",
            manifest.commit
        );
    }
    let commit = checkout.commit()?;
    if manifest.commit != commit {
        bail!(
            "the bundle was made from commit {}, and {commit} is checked out: check the former out, because who may deploy is read from there",
            manifest.commit
        );
    }
    Ok(())
}

/// Whether to go on: shows the plan to whom it may concern, and asks.
///
/// Errors when nobody is there to be asked.
pub(crate) fn may_write(plan: &ReleasePlan, args: &WritingArgs) -> Result<bool> {
    if args.format == Format::Text {
        say!("{plan}");
    }
    if plan.is_empty() || args.plan {
        return Ok(false);
    }
    if args.yes {
        return Ok(true);
    }
    if !io::stdin().is_terminal() || args.format == Format::Json {
        bail!(Usage(
            "nobody is there to confirm this: --yes does it, --plan only shows it".to_owned()
        ));
    }
    if matches!(ask::line("Do this? [y/N] ")?.as_str(), "y" | "Y" | "yes") {
        return Ok(true);
    }
    bail!("not confirmed, nothing was done")
}

/// The end of a run that wrote nothing.
pub(crate) fn not_written(plan: &ReleasePlan, format: Format) -> Outcome {
    print_json(plan, false, format);
    if plan.is_empty() {
        Outcome::Done
    } else {
        Outcome::Differs
    }
}

/// Tells of a run that wrote everything.
pub(crate) fn written(plan: &ReleasePlan, format: Format) {
    print_json(plan, true, format);
    if format == Format::Text {
        say!("done: {} is as wanted", plan.application);
    }
}

fn print_json(plan: &ReleasePlan, is_applied: bool, format: Format) {
    if format == Format::Json {
        let warnings = plan.warnings();
        let document = json!({ "plan": plan, "warnings": warnings, "applied": is_applied });
        say!("{document:#}");
    }
}

/// Fetches what people who deploy get, and compares it with what was uploaded.
async fn compare_served(desired: &Desired, bundle: &Bundle, aws: &Aws) -> Result<()> {
    let differences = verify(desired, bundle, &aws.repository, &aws.store)
        .await
        .context("compare what is served")?;
    if !differences.is_empty() {
        let list: Vec<_> = differences.iter().map(ToString::to_string).collect();
        bail!(
            "what is served is not what was published: {}",
            list.join("; ")
        );
    }
    let version = &desired.manifest.version;
    let published = aws
        .repository
        .version(&desired.application, version)
        .await?;
    let capabilities = published.map(|it| it.required_capabilities);
    if let Some(capabilities) = capabilities.filter(|list| !list.is_empty()) {
        eprintln!(
            "warning: who deploys it has to acknowledge {}, and the default search does not show it",
            capabilities.join(", ")
        );
    }
    Ok(())
}
