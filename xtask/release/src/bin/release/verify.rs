//! `cargo xtask verify`.

use anyhow::{Result, bail};
use release::aws::connect;
use release::bundle::Bundle;
use release::checkout::Checkout;
use release::desired::Desired;
use release::verify::verify;
use serde_json::json;
use tooling::{Outcome, Usage, say};

use crate::arguments::{Format, VerifyArgs};
use crate::bundle::default_folder;
use crate::target::target;

/// Fetches what SAR serves for the bundle's version and compares it with the bundle.
pub(crate) async fn run(checkout: &Checkout, args: VerifyArgs) -> Result<Outcome> {
    let folder = args.bundle.unwrap_or_else(|| default_folder(checkout));
    let bundle = Bundle::open(folder)?;
    let version = bundle.manifest().version.clone();
    if let Some(wanted) = args.version.filter(|it| *it != version.to_string()) {
        bail!(Usage(format!(
            "the bundle is of version {version}: check {wanted} out and package it to compare with that"
        )));
    }
    let aws = connect(&target(checkout, &args.target)).await?;
    let bucket = aws.publisher.default_bucket();
    let sharing = checkout.sharing()?;
    let desired = Desired::new(&bundle, aws.publisher.clone(), bucket, sharing)?;
    let differences = verify(&desired, &bundle, &aws.repository, &aws.store).await?;
    match args.format {
        Format::Json => {
            let document = json!({ "application": desired.application, "version": version, "differences": differences });
            say!("{document:#}");
        }
        Format::Text if differences.is_empty() => {
            say!(
                "{}, version {version}: what is served is the bundle",
                desired.application
            );
        }
        Format::Text => {
            say!(
                "{}, version {version}, differs from the bundle:",
                desired.application
            );
            for difference in &differences {
                say!("  {difference}");
            }
        }
    }
    Ok(if differences.is_empty() {
        Outcome::Done
    } else {
        Outcome::Differs
    })
}
