//! `cargo xtask share`.

use anyhow::{Result, bail};
use release::apply;
use release::aws::connect;
use release::checkout::Checkout;
use release::plan::ReleasePlan;
use release::ports::Repository as _;
use release::sharing::SharingDiff;
use tooling::Outcome;

use crate::arguments::ShareArgs;
use crate::publish::{may_write, not_written, written};
use crate::target::target;

/// Makes the policy of the published application what `sar/sharing.toml` says.
pub(crate) async fn run(checkout: &Checkout, args: &ShareArgs) -> Result<Outcome> {
    let wanted = checkout.sharing()?;
    let name = checkout.template()?.block()?.name;
    let aws = connect(&target(checkout, &args.target)).await?;
    let arn = aws.publisher.application(&name);
    if aws.repository.application(&arn).await?.is_none() {
        bail!("{arn} does not exist: `cargo xtask publish` makes it");
    }
    let live = aws.repository.policy(&arn).await?;
    let difference = SharingDiff::between(&wanted, &live);
    let plan = ReleasePlan::sharing(arn.clone(), difference.clone());
    if !may_write(&plan, &args.writing)? {
        return Ok(not_written(&plan, args.writing.format));
    }
    if let Some(difference) = difference {
        apply::share(&arn, &difference, &aws.repository).await?;
    }
    if aws.repository.policy(&arn).await? != wanted {
        bail!("the policy that is there is not the one that was written: run again");
    }
    written(&plan, args.writing.format);
    Ok(Outcome::Done)
}
