//! Telling which step goes on, and how long it took.

use std::future::Future;
use std::time::Instant;

use anyhow::{Context as _, Result};

/// Does a step and prints a line about it; an error names the step.
pub(crate) async fn step<T>(name: &str, work: impl Future<Output = Result<T>>) -> Result<T> {
    let started = Instant::now();
    let result = work.await.with_context(|| format!("step `{name}`"))?;
    println!("{:>7.1} s  {name}", started.elapsed().as_secs_f64());
    Ok(result)
}
