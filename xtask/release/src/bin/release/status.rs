//! `cargo xtask status`.

use anyhow::Result;
use release::aws::connect;
use release::checkout::Checkout;
use release::status::read;
use serde_json::json;
use tooling::{Outcome, say};

use crate::arguments::{Format, StatusArgs};
use crate::target::target;

/// Prints what is published and in what this checkout differs from it.
pub(crate) async fn run(checkout: &Checkout, args: &StatusArgs) -> Result<Outcome> {
    let target = target(checkout, &args.target);
    let aws = connect(&target).await?;
    let status = read(checkout, &aws.publisher, &aws.repository).await?;
    match args.format {
        Format::Text => say!("{status}"),
        Format::Json => say!("{:#}", json!(status)),
    }
    Ok(if status.is_drift() {
        Outcome::Differs
    } else {
        Outcome::Done
    })
}
