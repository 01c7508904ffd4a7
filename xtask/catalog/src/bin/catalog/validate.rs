//! `cargo xtask catalog validate`.

use anyhow::Result;
use catalog::file::{self, Catalog, Entry, FileProblem, ReadError};
use catalog::retry::Patience;
use catalog::wanted;
use serde_json::json;
use tooling::{Outcome, say};

use crate::arguments::{Format, ValidateArgs};
use crate::deployment;

/// Prints everything that is wrong. A deployment is asked only if one is named: most of what can be wrong is so
/// everywhere.
pub(crate) async fn run(args: &ValidateArgs) -> Result<Outcome> {
    let deployment = &args.deployment;
    let is_named =
        deployment.url.is_some() || deployment.stack.is_some() || deployment.endpoints.is_some();
    let (catalog, mut problems) = match file::read(&args.files.file) {
        Ok(catalog) => (catalog, Vec::new()),
        Err(ReadError::Problems(problems)) => (problems.readable, problems.problems),
        Err(error) => return Err(error.into()),
    };
    if is_named {
        problems.extend(asked(args, &catalog).await?);
        problems.sort_by(|one, other| (&one.file, one.line).cmp(&(&other.file, other.line)));
    }
    match args.format {
        Format::Json => say!(
            "{:#}",
            json!({ "valid": problems.is_empty(), "problems": problems })
        ),
        Format::Text if problems.is_empty() => {
            say!("valid: {} registrations", catalog.entries.len());
        }
        Format::Text => {
            for problem in &problems {
                say!("{problem}");
            }
        }
    }
    Ok(if problems.is_empty() {
        Outcome::Done
    } else {
        Outcome::Failed
    })
}

/// What the deployment finds.
async fn asked(args: &ValidateArgs, catalog: &Catalog) -> Result<Vec<FileProblem>> {
    let registry = deployment::registry(&args.deployment).await?;
    let entries: Vec<&Entry> = catalog.entries.iter().collect();
    let verdicts = wanted::validate(&registry, &entries, true, Patience::default()).await?;
    let mut problems = Vec::new();
    for (entry, verdict) in entries.into_iter().zip(&verdicts) {
        problems.extend(wanted::problems_of(entry, verdict));
    }
    Ok(problems)
}
