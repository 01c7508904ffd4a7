//! Cold starts: process start to the last byte of the first answer, side by side.

use anyhow::Result;
use bytes::Bytes;
use local_cloud::LambdaHost;
use serde::Serialize;

use crate::function;
use crate::samples::{Samples, Summary};

/// One function and the first thing it is asked.
#[derive(Debug)]
pub(crate) struct Candidate {
    /// What the report calls it.
    pub(crate) name: String,
    /// The function's name at the host.
    pub(crate) function: String,
    /// The first event, payload format 2.0.
    pub(crate) event: Bytes,
}

/// A row of the report.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ColdStart {
    pub(crate) name: String,
    /// Milliseconds.
    pub(crate) first_answer: Summary,
    /// The median as a multiple of the first candidate's.
    pub(crate) ratio: f64,
}

/// Measures every candidate `runs` times, in turns, so that what else the machine does hits all of them alike.
pub(crate) async fn measure(
    host: &LambdaHost,
    candidates: &[Candidate],
    runs: usize,
) -> Result<Vec<ColdStart>> {
    let mut samples = vec![Samples::default(); candidates.len()];
    for run in 0..=runs {
        for (candidate, samples) in candidates.iter().zip(&mut samples) {
            function::make_cold(host, &candidate.function).await?;
            let duration = function::invoke(host, &candidate.function, &candidate.event).await?;
            // The first run reads the binaries from disk.
            if run > 0 {
                samples.add(duration);
            }
        }
    }
    let summaries: Vec<_> = samples.iter().filter_map(Samples::summary).collect();
    let floor = summaries.first().map_or(f64::NAN, |summary| summary.p50);
    Ok(candidates
        .iter()
        .zip(summaries)
        .map(|(candidate, first_answer)| ColdStart {
            name: candidate.name.clone(),
            first_answer,
            ratio: first_answer.p50 / floor,
        })
        .collect())
}
