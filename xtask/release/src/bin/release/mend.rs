//! What can be done about a command that failed.

use release::DeployError;
use release::apply::ApplyError;
use release::aws::ConnectError;
use release::ports::RemoteError;
use release::verify::VerifyError;

/// What can be done about `error`, if its cause is known.
pub(crate) fn of(error: &anyhow::Error) -> Option<&'static str> {
    error.chain().find_map(|cause| {
        let remote = |error: &RemoteError| error.failure.mend();
        if let Some(error) = cause.downcast_ref::<ApplyError>() {
            return error.mend();
        }
        if let Some(error) = cause.downcast_ref::<DeployError>() {
            return error.mend();
        }
        match (
            cause.downcast_ref::<ConnectError>(),
            cause.downcast_ref::<VerifyError>(),
        ) {
            (Some(ConnectError::Remote(error)), _) | (_, Some(VerifyError::Remote(error))) => {
                Some(remote(error))
            }
            _ => cause.downcast_ref::<RemoteError>().map(remote),
        }
    })
}
