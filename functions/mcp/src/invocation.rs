//! What is known about one invocation of this function beyond its HTTP request.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The IAM identity a Function URL with `AWS_IAM` authentication attests.
///
/// For an assumed role the attested ARN names one session of the role; it is reduced to the role itself, since
/// sessions of one role are one caller. Source: IAM user guide, "AWS STS principals".
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Principal(String);

impl Principal {
    /// Reads `requestContext.authorizer.iam.userArn`.
    pub fn from_user_arn(arn: &str) -> Self {
        Self(role_of_session(arn).unwrap_or_else(|| arn.to_owned()))
    }

    /// The ARN of the user or role.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// `arn:aws:sts::123456789012:assumed-role/Name/session` -> `arn:aws:iam::123456789012:role/Name`.
fn role_of_session(arn: &str) -> Option<String> {
    let mut parts = arn.splitn(6, ':');
    let (_arn, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
    let (_region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
    if service != "sts" {
        return None;
    }
    let (role, _session) = resource.strip_prefix("assumed-role/")?.rsplit_once('/')?;
    Some(format!("arn:{partition}:iam::{account}:role/{role}"))
}

/// One invocation: who called, under which request id, and until when an answer is of use.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// Lambda's request id, which is also in the function's log.
    pub request_id: String,
    /// When Lambda ends this invocation.
    pub deadline: Instant,
    /// How long a function may take whose registration sets no limit, if the deadline isn't before that.
    pub default_limit: Duration,
    /// The caller, where the Function URL authenticates.
    pub principal: Option<Principal>,
}

/// How long a client's call waits for a function whose registration sets no limit. A client that expects a call to take
/// longer is better served by a task.
pub const CALL_LIMIT: Duration = Duration::from_mins(5);

impl Invocation {
    /// Turns `Lambda-Runtime-Deadline-Ms` (milliseconds since the epoch) into a point on the monotonic clock.
    pub fn deadline_from_epoch_ms(deadline_ms: u64) -> Instant {
        let now_ms = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Instant::now() + Duration::from_millis(deadline_ms).saturating_sub(now_ms)
    }

    /// Time left until the deadline; zero once it has passed.
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_of_one_role_are_one_principal() {
        let one = Principal::from_user_arn("arn:aws:sts::123456789012:assumed-role/Analyst/alice");
        let other = Principal::from_user_arn("arn:aws:sts::123456789012:assumed-role/Analyst/bob");
        assert_eq!(one, other);
        assert_eq!(one.as_str(), "arn:aws:iam::123456789012:role/Analyst");
    }

    #[test]
    fn users_and_unfamiliar_arns_stay_as_they_are() {
        for arn in [
            "arn:aws:iam::123456789012:user/dev",
            "arn:aws:sts::123456789012:federated-user/x",
            "odd",
        ] {
            assert_eq!(Principal::from_user_arn(arn).as_str(), arn);
        }
    }
}
