//! Asks about many functions: each once, several at a time, for a bounded time.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use registry::LambdaArn;
use tokio::time::Instant;

use super::{FunctionProbe, Gateway, Health, Probed};

/// Functions asked about at the same time.
const AT_ONCE: usize = 16;
/// All of it takes no longer than this, which leaves a request time to write: the function has 30 seconds.
const TIME_LIMIT: Duration = Duration::from_secs(10);
/// How long a good answer stays good. A bad one is never kept: whoever mends something wants to see it mended.
const KEPT_FOR: Duration = Duration::from_mins(1);
/// The most good answers that are kept, of some 200 bytes each.
const KEPT_AT_MOST: usize = 4096;

/// Knows the state of functions.
pub struct Checker<P> {
    probe: P,
    gateway: Gateway,
    // One request at a time runs in an execution environment, so nobody ever waits for this lock.
    fine: Mutex<HashMap<LambdaArn, Instant>>,
    limits: Limits,
}

#[derive(Debug)]
struct Limits {
    /// How long all questions of a request may take.
    time: Duration,
    /// How long a good answer stays good.
    kept: Duration,
}

impl<P> fmt::Debug for Checker<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checker")
            .field("gateway", &self.gateway)
            .finish_non_exhaustive()
    }
}

impl<P: FunctionProbe> Checker<P> {
    /// A checker that knows nothing yet.
    pub fn new(probe: P, gateway: Gateway) -> Self {
        Self {
            probe,
            gateway,
            fine: Mutex::new(HashMap::new()),
            limits: Limits {
                time: TIME_LIMIT,
                kept: KEPT_FOR,
            },
        }
    }

    /// The state of each of these functions.
    pub async fn check<'a>(
        &self,
        functions: impl IntoIterator<Item = &'a LambdaArn>,
    ) -> HashMap<LambdaArn, Health> {
        let end = Instant::now() + self.limits.time;
        let distinct: HashSet<&LambdaArn> = functions.into_iter().collect();
        let distinct: Vec<LambdaArn> = distinct.into_iter().cloned().collect();
        let checks = distinct.into_iter().map(async |function| {
            let health = self.of(&function, end).await;
            (function, health)
        });
        stream::iter(checks)
            .buffer_unordered(AT_ONCE)
            .collect()
            .await
    }

    async fn of(&self, function: &LambdaArn, end: Instant) -> Health {
        if let Some(health) = self.gateway.foresee(function) {
            return health;
        }
        if self.was_fine(function) {
            return Health::OK;
        }
        let probed = tokio::time::timeout_at(end, self.probe.probe(function)).await;
        let probed = probed.unwrap_or(Probed::Unclear);
        if probed == Probed::Allowed {
            self.keep(function);
        }
        self.gateway.judge(function, probed)
    }

    fn was_fine(&self, function: &LambdaArn) -> bool {
        let fine = self.fine.lock().unwrap_or_else(PoisonError::into_inner);
        fine.get(function)
            .is_some_and(|asked| asked.elapsed() < self.limits.kept)
    }

    fn keep(&self, function: &LambdaArn) {
        let mut fine = self.fine.lock().unwrap_or_else(PoisonError::into_inner);
        if fine.len() >= KEPT_AT_MOST {
            fine.clear();
        }
        fine.insert(function.clone(), Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::health::Status;

    /// Lambda, as far as asking goes: it counts, and answers by the function's name.
    #[derive(Clone, Default)]
    struct Counting(Arc<AtomicUsize>);

    impl FunctionProbe for Counting {
        async fn probe(&self, function: &LambdaArn) -> Probed {
            self.0.fetch_add(1, Ordering::Relaxed);
            match function.function_name() {
                "fine" => Probed::Allowed,
                "silent" => std::future::pending().await,
                _ => Probed::Missing,
            }
        }
    }

    fn checker() -> (Checker<Counting>, Counting) {
        let probe = Counting::default();
        let gateway = Gateway {
            region: "eu-west-1".to_owned(),
            role: None,
            own_role: None,
            tool_prefix: None,
        };
        (Checker::new(probe.clone(), gateway), probe)
    }

    fn function(name: &str) -> LambdaArn {
        format!("arn:aws:lambda:eu-west-1:123456789012:function:{name}")
            .parse()
            .unwrap()
    }

    #[tokio::test]
    async fn each_function_is_asked_about_once_and_what_was_fine_not_again_for_a_while() {
        let (mut checker, probe) = checker();
        let functions = [function("fine"), function("gone"), function("fine")];
        for asked in [2, 3, 4] {
            let seen = checker.check(&functions).await;
            assert_eq!(seen.len(), 2);
            assert_eq!(seen[&functions[0]], Health::OK);
            assert_eq!(seen[&functions[1]].status, Status::Missing);
            assert_eq!(probe.0.load(Ordering::Relaxed), asked);
        }
        checker.limits.kept = Duration::ZERO;
        checker.check(&functions).await;
        assert_eq!(probe.0.load(Ordering::Relaxed), 6);
    }

    #[tokio::test]
    async fn silence_ends() {
        let (mut checker, _) = checker();
        checker.limits.time = Duration::ZERO;
        let many: Vec<LambdaArn> = (0..100)
            .map(|index| function(&format!("silent:v{index}")))
            .collect();
        let seen = checker.check(&many).await;
        assert_eq!(seen.len(), many.len());
        assert!(seen.values().all(|health| health.status == Status::Unknown));
    }
}
