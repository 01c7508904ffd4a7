//! `cargo xtask doctor`.

use anyhow::Result;
use release::aws::connect;
use release::checkout::Checkout;
use release::doctor::{Check, check_checkout, check_tools};
use tooling::{Outcome, say};

use crate::arguments::DoctorArgs;
use crate::target::target;

/// Prints every check; fails when one does.
pub(crate) async fn run(checkout: &Checkout, args: DoctorArgs) -> Result<Outcome> {
    let mut checks = check_checkout(checkout);
    checks.extend(check_tools(checkout, &args.compiler.into()));
    checks.push(match connect(&target(checkout, &args.target)).await {
        Ok(aws) => {
            let publisher = &aws.publisher;
            Check::passed(
                "credentials",
                format!("account {} in {}", publisher.account, publisher.region),
            )
        }
        Err(error) => {
            let error = anyhow::Error::from(error);
            let mend = crate::mend::of(&error).unwrap_or("see the message");
            Check::failed("credentials", format!("{error:#}"), mend)
        }
    });
    for check in &checks {
        say!("{check}");
    }
    Ok(if checks.iter().all(Check::is_passed) {
        Outcome::Done
    } else {
        Outcome::Failed
    })
}
