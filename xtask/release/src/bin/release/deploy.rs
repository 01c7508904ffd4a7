//! `cargo xtask deploy`.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use release::aws::Target;
use release::bundle::{Bundle, Purpose};
use release::checkout::Checkout;
use release::deploy::{
    Application, DeployOptions, DeployOutcome, DeployStatus, RemoveOptions, RemoveOutcome, Source,
    StackName, StackOrigin, remove,
};
use serde_json::json;
use tooling::{Outcome, Usage, say};

use crate::arguments::{DeployArgs, Format, Origin};
use crate::bundle::{default_folder, make};
use crate::dialogue::Dialogue;
use crate::target::target;

/// Asks for what is missing, deploys or removes, and tells what came of it.
pub(crate) async fn run(checkout: &Checkout, mut args: DeployArgs) -> Result<Outcome> {
    let dialogue = Dialogue::new(&args.writing);
    let stack_name: StackName = match args.stack_name.take() {
        Some(name) => name,
        None => dialogue.answer("Stack name", "mcp-lambda-sam", "--stack-name")?,
    }
    .parse()
    .map_err(|error| Usage(format!("--stack-name: {error}")))?;
    if dialogue.is_person() && !args.target.local && args.target.region.is_none() {
        let region = dialogue.answer("Region (empty: the configured one)", "", "--region")?;
        args.target.region = Some(region).filter(|region| !region.is_empty());
    }
    let target = target(checkout, &args.target);
    let time_limit = Duration::from_secs(60 * u64::from(args.time_limit));
    if args.delete {
        take_down(args, dialogue, stack_name, target, time_limit).await
    } else {
        bring_up(checkout, args, dialogue, stack_name, target, time_limit).await
    }
}

async fn bring_up(
    checkout: &Checkout,
    args: DeployArgs,
    dialogue: Dialogue,
    stack_name: StackName,
    target: Target,
    time_limit: Duration,
) -> Result<Outcome> {
    let parameters = parameters(&args, dialogue)?;
    let format = args.writing.format;
    let is_plan = args.writing.plan;
    let source = source(checkout, args, &target)?;
    let outcome = release::deploy(DeployOptions {
        source,
        stack_name,
        parameters,
        target,
        time_limit,
        watcher: Box::new(dialogue),
    })
    .await?;
    print(&outcome, format);
    match outcome.status {
        DeployStatus::Deployed | DeployStatus::Unchanged => Ok(Outcome::Done),
        DeployStatus::Declined if is_plan => Ok(Outcome::Differs),
        DeployStatus::Declined if !dialogue.is_person() => {
            eprintln!("nobody is there to confirm this: --yes does it");
            Ok(Outcome::Differs)
        }
        DeployStatus::Declined => bail!("not confirmed, nothing was done"),
    }
}

fn source(checkout: &Checkout, args: DeployArgs, target: &Target) -> Result<Source> {
    let usage = |flag: &str, error: &dyn std::fmt::Display| Usage(format!("{flag}: {error}"));
    if args.from != Some(Origin::Checkout) {
        if args.bundle.is_some() || args.programs.binaries.is_some() || args.programs.fake_binaries
        {
            bail!(Usage(
                "the published application brings its own code: use --from checkout with bundles and programs"
                    .to_owned()
            ));
        }
        let application = match args.application {
            Some(arn) => Application::Arn(
                arn.parse()
                    .map_err(|error| usage("--application", &error))?,
            ),
            None => Application::Own(application_name(checkout)?),
        };
        let version = args.version.map(|version| version.parse());
        let version = version
            .transpose()
            .map_err(|error| usage("--version", &error))?;
        return Ok(Source::Repository {
            application,
            version,
        });
    }
    if args.application.is_some() || args.version.is_some() {
        bail!(Usage(
            "--application and --version are for --from sar: a checkout has its own version"
                .to_owned()
        ));
    }
    let bundle = if let Some(folder) = args.bundle {
        Bundle::open(folder)?
    } else {
        let folder = default_folder(checkout);
        make(checkout, args.programs, Purpose::Release, folder)?
    };
    if bundle.manifest().is_fake && target.is_aws() {
        bail!(Usage(
            "stand-ins are not deployed to AWS: leave --fake-binaries out".to_owned()
        ));
    }
    Ok(Source::Bundle {
        bundle: Box::new(bundle),
        bucket: args.bucket,
    })
}

fn application_name(checkout: &Checkout) -> Result<release::application::ApplicationName> {
    let block = checkout.template()?.block().context("sar/template.yaml")?;
    Ok(block.name)
}

/// The parameters of the flags and, from a person who gave none about the network, of answers.
fn parameters(args: &DeployArgs, dialogue: Dialogue) -> Result<BTreeMap<String, String>> {
    let mut parameters = BTreeMap::new();
    for pair in &args.parameters {
        let Some((name, value)) = pair.split_once('=') else {
            bail!(Usage(format!(
                "--parameter takes NAME=VALUE, and `{pair}` has no `=`"
            )));
        };
        set(&mut parameters, name, value)?;
    }
    let network = match (&args.vpc_id, &args.subnet_ids) {
        (Some(vpc), Some(subnets)) => Some((vpc.clone(), subnets.clone())),
        _ if parameters.contains_key("VpcEnabled") || !dialogue.is_person() => None,
        _ => dialogue.network()?,
    };
    if let Some((vpc, subnets)) = network {
        set(&mut parameters, "VpcEnabled", "true")?;
        set(&mut parameters, "VpcId", &vpc)?;
        set(&mut parameters, "SubnetIds", &subnets)?;
    }
    Ok(parameters)
}

/// Sets a parameter that has no value yet, or the same.
fn set(parameters: &mut BTreeMap<String, String>, name: &str, value: &str) -> Result<(), Usage> {
    let before = parameters.insert(name.to_owned(), value.to_owned());
    match before.filter(|before| before != value) {
        None => Ok(()),
        Some(before) => Err(Usage(format!(
            "{name} is given two values, `{before}` and `{value}`: give one"
        ))),
    }
}

async fn take_down(
    args: DeployArgs,
    dialogue: Dialogue,
    stack_name: StackName,
    target: Target,
    time_limit: Duration,
) -> Result<Outcome> {
    let writing = &args.writing;
    if !writing.yes && !writing.plan && !dialogue.is_person() {
        bail!(Usage(
            "nobody is there to confirm this: --yes does it, --plan only shows it".to_owned()
        ));
    }
    let outcome = remove(RemoveOptions {
        stack_name: stack_name.clone(),
        origin: args.from.map(|origin| match origin {
            Origin::Sar => StackOrigin::Repository,
            Origin::Checkout => StackOrigin::Bundle,
        }),
        target,
        time_limit,
        watcher: Box::new(dialogue),
    })
    .await?;
    if writing.format == Format::Json {
        say!("{:#}", json!(outcome));
    }
    match outcome {
        RemoveOutcome::Declined(_) if writing.plan => return Ok(Outcome::Differs),
        RemoveOutcome::Declined(_) => bail!("not confirmed, nothing was done"),
        _ if writing.format == Format::Json => {}
        RemoveOutcome::Absent => say!("done: there is no stack {stack_name}"),
        RemoveOutcome::Removed(removal) => {
            say!("done: stack {} is gone", removal.stack_name);
            for resource in &removal.retained {
                say!("  kept: {resource}");
            }
        }
    }
    Ok(Outcome::Done)
}

fn print(outcome: &DeployOutcome, format: Format) {
    if format == Format::Json {
        say!("{:#}", json!(outcome));
        return;
    }
    let name = &outcome.stack_name;
    match outcome.status {
        DeployStatus::Deployed => say!("done: stack {name} is as wanted"),
        DeployStatus::Unchanged => say!("stack {name} is as wanted, nothing was done"),
        DeployStatus::Declined => return,
    }
    for (output, value) in &outcome.outputs {
        say!("  {output}: {value}");
    }
    if let Some(permissions) = &outcome.permissions {
        say!(
            "\nIAM policy for administrators, who register:\n{:#}",
            permissions.administrator
        );
        say!(
            "\nIAM policy for users of MCP clients:\n{:#}",
            permissions.client
        );
    }
}
