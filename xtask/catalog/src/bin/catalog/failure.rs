//! How a command that failed says so.

use std::process::ExitCode;

use catalog::apply::ApplyError;
use catalog::ports::RegistryError;
use tooling::Usage;
use tooling::aws::RemoteError;
use tooling::outcome::{FAILED, USAGE};

/// Prints the error with what can be done about it; answers the exit code.
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    eprintln!("error: {error:#}");
    if let Some(mend) = error.chain().find_map(mend) {
        eprintln!("  mend: {mend}");
    }
    ExitCode::from(if error.is::<Usage>() { USAGE } else { FAILED })
}

fn mend(cause: &(dyn std::error::Error + 'static)) -> Option<&'static str> {
    if let Some(error) = cause.downcast_ref::<ApplyError>() {
        return error.mend();
    }
    if let Some(error) = cause.downcast_ref::<RegistryError>() {
        return error.mend();
    }
    cause
        .downcast_ref::<RemoteError>()
        .map(|error| error.failure.mend())
}
