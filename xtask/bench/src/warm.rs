//! Warm answers of functions without a URL in between: what the way an answer is sent costs.

use anyhow::Result;
use local_cloud::LambdaHost;
use serde::Serialize;

use crate::cold_start::Candidate;
use crate::function;
use crate::samples::{Samples, Summary};

/// A row of the report.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WarmAnswer {
    pub(crate) name: String,
    /// Milliseconds.
    pub(crate) answer: Summary,
}

/// Calls of one candidate before the next one's turn.
///
/// Back to back, because the effect to be seen depends on it: TCP delays acknowledgements on a connection only while
/// it is in use, and turns of single calls would leave every connection idle in between.
const TURN: usize = 50;

/// Measures `calls` warm answers of every candidate, in turns.
pub(crate) async fn measure(
    host: &LambdaHost,
    candidates: &[Candidate],
    calls: usize,
) -> Result<Vec<WarmAnswer>> {
    let mut samples = vec![Samples::default(); candidates.len()];
    for turn in 0..calls.div_ceil(TURN) {
        for (candidate, samples) in candidates.iter().zip(&mut samples) {
            // The first call may start the environment.
            function::invoke(host, &candidate.function, &candidate.event).await?;
            for _ in turn * TURN..calls.min((turn + 1) * TURN) {
                samples.add(function::invoke(host, &candidate.function, &candidate.event).await?);
            }
        }
    }
    Ok(candidates
        .iter()
        .zip(&samples)
        .filter_map(|(candidate, samples)| {
            Some(WarmAnswer {
                name: candidate.name.clone(),
                answer: samples.summary()?,
            })
        })
        .collect())
}
