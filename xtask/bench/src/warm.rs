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

/// Measures `calls` warm answers of every candidate, in turns.
pub(crate) async fn measure(
    host: &LambdaHost,
    candidates: &[Candidate],
    calls: usize,
) -> Result<Vec<WarmAnswer>> {
    let mut samples = vec![Samples::default(); candidates.len()];
    for call in 0..=calls {
        for (candidate, samples) in candidates.iter().zip(&mut samples) {
            let duration = function::invoke(host, &candidate.function, &candidate.event).await?;
            // The first call may start the environment.
            if call > 0 {
                samples.add(duration);
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
