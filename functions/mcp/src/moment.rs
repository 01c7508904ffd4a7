//! Points in time that environments tell each other.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A moment, in milliseconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub u64);

impl Moment {
    /// This one.
    pub fn now() -> Self {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    /// The moment this much later.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        let more = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(more))
    }

    /// Seconds since the epoch, rounded up: as `DynamoDB` wants the end of an item, which must not come too early.
    pub fn seconds(self) -> u64 {
        self.0.div_ceil(1000)
    }
}
