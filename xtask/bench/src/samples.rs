//! Durations measured many times, and what is said about them.

use std::time::Duration;

use serde::Serialize;

/// Durations of the same thing, in milliseconds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Samples {
    milliseconds: Vec<f64>,
}

/// What is reported of [`Samples`], in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Summary {
    pub(crate) count: usize,
    pub(crate) min: f64,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) max: f64,
}

impl Samples {
    pub(crate) fn add(&mut self, duration: Duration) {
        self.milliseconds.push(duration.as_secs_f64() * 1000.0);
    }

    /// The summary; nothing when nothing was measured.
    pub(crate) fn summary(&self) -> Option<Summary> {
        let mut sorted = self.milliseconds.clone();
        sorted.sort_by(f64::total_cmp);
        Some(Summary {
            count: sorted.len(),
            min: *sorted.first()?,
            p50: nearest_rank(&sorted, 50)?,
            p99: nearest_rank(&sorted, 99)?,
            max: *sorted.last()?,
        })
    }
}

/// The smallest value that `percent` of all values do not exceed.
fn nearest_rank(sorted: &[f64], percent: usize) -> Option<f64> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_by_nearest_rank() {
        let mut samples = Samples::default();
        for milliseconds in (1..=200).rev() {
            samples.add(Duration::from_millis(milliseconds));
        }
        let expected = Summary {
            count: 200,
            min: 1.0,
            p50: 100.0,
            p99: 198.0,
            max: 200.0,
        };
        assert_eq!(samples.summary(), Some(expected));
    }

    #[test]
    fn nothing_measured_is_nothing_said() {
        assert_eq!(Samples::default().summary(), None);
    }
}
