//! How often the catalog's version is read.

use std::time::{Duration, Instant};

/// Reads that may follow each other at once.
const BURST: u32 = 10;
/// Time in which one more read becomes due.
const INTERVAL: Duration = Duration::from_millis(50);

/// A token bucket for reads of the catalog's version.
///
/// As a rule every request reads it, and so sees each change that was made before. Only in an environment that
/// answers more than twenty requests a second, for longer than a burst of ten, a request may go by the version read
/// up to 50 ms earlier: there the reads would cost more time and money than the calls they are made for.
#[derive(Debug)]
pub(super) struct Freshness {
    tokens: u32,
    counted: Option<Instant>,
}

impl Freshness {
    pub(super) fn new() -> Self {
        Self {
            tokens: BURST,
            counted: None,
        }
    }

    /// Whether the version has to be read for a request that arrives now.
    pub(super) fn due(&mut self, now: Instant) -> bool {
        let counted = *self.counted.get_or_insert(now);
        let earned = now.saturating_duration_since(counted).as_millis() / INTERVAL.as_millis();
        if let Ok(earned @ 1..) = u32::try_from(earned) {
            self.tokens = self.tokens.saturating_add(earned).min(BURST);
            self.counted = Some(counted + INTERVAL * earned);
        }
        match self.tokens.checked_sub(1) {
            Some(left) => {
                self.tokens = left;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(requests: u32, apart: Duration) -> usize {
        let mut freshness = Freshness::new();
        let start = Instant::now();
        (0..requests)
            .filter(|nth| freshness.due(start + apart * *nth))
            .count()
    }

    #[test]
    fn requests_that_are_not_many_all_read_it() {
        assert_eq!(reads(10, Duration::ZERO), 10);
        assert_eq!(reads(1000, INTERVAL), 1000);
    }

    #[test]
    fn many_requests_share_twenty_reads_a_second() {
        let a_second_of_requests = reads(1000, Duration::from_millis(1));
        assert_eq!(a_second_of_requests, 10 + 19);
    }

    #[test]
    fn a_pause_earns_a_burst_and_no_more() {
        let mut freshness = Freshness::new();
        let start = Instant::now();
        let mut at = |offset: Duration| (0..100).filter(|_| freshness.due(start + offset)).count();
        assert_eq!(at(Duration::ZERO), 10);
        assert_eq!(at(Duration::from_millis(49)), 0);
        assert_eq!(at(Duration::from_millis(101)), 2);
        assert_eq!(at(Duration::from_hours(24 * 400)), 10);
    }
}
