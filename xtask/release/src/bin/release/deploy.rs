//! `cargo xtask deploy`.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use release::aws::Target;
use release::bundle::{Bundle, Purpose};
use release::checkout::Checkout;
use release::deploy::{
    Application, ChangeSet, DeployOptions, DeployOutcome, DeployStatus, Removal, RemoveOptions,
    RemoveOutcome, Source, StackEvent, StackName, Watcher, remove,
};
use serde_json::json;

use crate::arguments::{DeployArgs, Format, Origin, WritingArgs};
use crate::bundle::{default_folder, make};
use crate::outcome::{Outcome, Usage};
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
    let followed = async {
        if args.delete {
            take_down(&args.writing, dialogue, stack_name, target, time_limit).await
        } else {
            bring_up(checkout, args, dialogue, stack_name, target, time_limit).await
        }
    };
    tokio::select! {
        outcome = followed => outcome,
        _ = tokio::signal::ctrl_c() => {
            bail!("interrupted; what CloudFormation has begun goes on by itself")
        }
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
        DeployStatus::Declined if is_plan || !dialogue.is_person() => Ok(Outcome::Differs),
        DeployStatus::Declined => bail!("not confirmed, nothing was done"),
    }
}

fn source(checkout: &Checkout, args: DeployArgs, target: &Target) -> Result<Source> {
    let usage = |flag: &str, error: &dyn std::fmt::Display| Usage(format!("{flag}: {error}"));
    if args.from == Origin::Sar {
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
        parameters.insert(name.to_owned(), value.to_owned());
    }
    let network = match (&args.vpc_id, &args.subnet_ids) {
        (Some(vpc), Some(subnets)) => Some((vpc.clone(), subnets.clone())),
        _ if parameters.contains_key("VpcEnabled") || !dialogue.is_person() => None,
        _ => dialogue.network()?,
    };
    if let Some((vpc, subnets)) = network {
        let values = [
            ("VpcEnabled", "true".to_owned()),
            ("VpcId", vpc),
            ("SubnetIds", subnets),
        ];
        parameters.extend(values.map(|(name, value)| (name.to_owned(), value)));
    }
    Ok(parameters)
}

async fn take_down(
    writing: &WritingArgs,
    dialogue: Dialogue,
    stack_name: StackName,
    target: Target,
    time_limit: Duration,
) -> Result<Outcome> {
    if !writing.yes && !dialogue.is_person() {
        bail!(Usage(
            "nobody is there to confirm this: --yes does it".to_owned()
        ));
    }
    let outcome = remove(RemoveOptions {
        stack_name: stack_name.clone(),
        target,
        time_limit,
        watcher: Box::new(dialogue),
    })
    .await?;
    if writing.format == Format::Json {
        say!("{:#}", json!(outcome));
    }
    match outcome {
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

/// The talk with whoever runs the command; with nobody, if nobody can answer.
#[derive(Debug, Clone, Copy)]
struct Dialogue {
    format: Format,
    is_plan: bool,
    is_confirmed: bool,
}

impl Dialogue {
    fn new(args: &WritingArgs) -> Self {
        Self {
            format: args.format,
            is_plan: args.plan,
            is_confirmed: args.yes,
        }
    }

    /// Whether somebody is there who can answer, and did not say yes to everything in advance.
    fn is_person(self) -> bool {
        !self.is_confirmed && self.format == Format::Text && io::stdin().is_terminal()
    }

    /// An answer, or `default` for an empty one.
    fn answer(self, question: &str, default: &str, flag: &str) -> Result<String> {
        if !self.is_person() {
            bail!(Usage(format!("{flag} is needed where nobody can be asked")));
        }
        let hint = if default.is_empty() {
            String::new()
        } else {
            format!(" [{default}]")
        };
        print!("{question}{hint}: ");
        io::stdout().flush()?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        let answer = answer.trim();
        Ok(if answer.is_empty() { default } else { answer }.to_owned())
    }

    fn network(self) -> Result<Option<(String, String)>> {
        let vpc = self.answer("VPC to run in (empty: none)", "", "--vpc-id")?;
        if vpc.is_empty() {
            return Ok(None);
        }
        let subnets = self.answer("Its subnets, separated by commas", "", "--subnet-ids")?;
        Ok(Some((vpc, subnets)))
    }

    fn may_go_on(self, question: &str) -> bool {
        if self.is_confirmed || self.is_plan {
            return self.is_confirmed;
        }
        let answer = self.answer(&format!("{question} [y/N]"), "", "--yes");
        answer.is_ok_and(|answer| matches!(answer.as_str(), "y" | "Y" | "yes"))
    }
}

impl Watcher for Dialogue {
    fn confirm(&mut self, change_set: &ChangeSet) -> bool {
        if self.format == Format::Text {
            say!("{change_set}");
        }
        self.may_go_on("Do this?")
    }

    fn confirm_removal(&mut self, removal: &Removal) -> bool {
        if self.format == Format::Text {
            say!("{removal}");
        }
        self.may_go_on("Delete this?")
    }

    fn event(&mut self, event: &StackEvent) {
        // Standard output is the JSON document's alone.
        if self.format == Format::Json {
            eprintln!("{event}");
        } else {
            say!("{event}");
        }
    }
}
