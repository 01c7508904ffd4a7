//! Asking again when the registry has too much to do or does not answer.

use std::future::Future;
use std::time::Duration;

use crate::ports::RegistryError;

/// How often and how long it is tried.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// How many attempts.
    pub attempts: u32,
    /// How long to wait after the first of them; twice as long after each further one.
    pub first_wait: Duration,
}

/// The longest wait between two attempts.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

impl Default for Patience {
    /// Eight attempts in about twenty seconds: a function that is throttled or deployed anew is back by then.
    fn default() -> Self {
        Self {
            attempts: 8,
            first_wait: Duration::from_millis(150),
        }
    }
}

impl Patience {
    /// Waits after attempt number `attempt`, from 1, as long as it or the registry asks. False, at once, when there is
    /// no further attempt.
    pub(crate) async fn wait(&self, attempt: u32, error: &RegistryError) -> bool {
        if attempt >= self.attempts {
            return false;
        }
        let asked = match error {
            RegistryError::Busy { retry_after, .. } => retry_after.unwrap_or_default(),
            _ => Duration::ZERO,
        };
        let own = self.first_wait.saturating_mul(1 << (attempt - 1).min(16));
        let wait = if self.first_wait.is_zero() {
            own
        } else {
            own.max(asked)
        };
        tokio::time::sleep(wait.min(LONGEST_WAIT)).await;
        true
    }

    /// Asks until there is an answer, for what changes nothing.
    pub(crate) async fn ask<T, F>(
        &self,
        mut question: impl FnMut() -> F,
    ) -> Result<T, RegistryError>
    where
        F: Future<Output = Result<T, RegistryError>>,
    {
        let mut attempt = 1;
        loop {
            let error = match question().await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let is_passing = matches!(
                error,
                RegistryError::Busy { .. } | RegistryError::Unsettled(_)
            );
            if !is_passing || !self.wait(attempt, &error).await {
                return Err(error);
            }
            attempt += 1;
        }
    }
}
