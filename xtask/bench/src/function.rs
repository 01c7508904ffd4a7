//! Invoking one function of the host, cold or warm, and waiting for the end of its answer.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use local_cloud::{Answer, Invocation, LambdaHost};

/// How long a killed environment may take to be gone.
const END_LIMIT: Duration = Duration::from_secs(10);

/// Invokes `function` with `event` and answers how long it took until the last byte of the answer.
///
/// Errors: the function failed, or answered an HTTP status of 500 or above.
pub(crate) async fn invoke(host: &LambdaHost, function: &str, event: &Bytes) -> Result<Duration> {
    let start = Instant::now();
    let invoked = host
        .invoke(function, Invocation::new(event.clone()))
        .await?;
    let answer = match invoked.answer {
        Answer::Buffered(bytes) => bytes.to_vec(),
        Answer::Streaming(mut answer) => {
            let mut bytes = Vec::new();
            while let Some(chunk) = answer.chunks.recv().await {
                bytes.extend_from_slice(&chunk?);
            }
            bytes
        }
        Answer::Failed(failure) => bail!("{function}: {failure}"),
    };
    let elapsed = start.elapsed();
    if let Some(status) = status(&answer) {
        anyhow::ensure!(status < 500, "{function} answered status {status}");
    }
    Ok(elapsed)
}

/// The HTTP status in a function's answer: of the prelude when it is streamed, of the whole document otherwise.
fn status(answer: &[u8]) -> Option<u64> {
    let mut documents =
        serde_json::Deserializer::from_slice(answer).into_iter::<serde_json::Value>();
    documents.next()?.ok()?.get("statusCode")?.as_u64()
}

/// Ends all of the function's environments, so that the next invocation starts a process.
pub(crate) async fn make_cold(host: &LambdaHost, function: &str) -> Result<()> {
    tokio::time::timeout(END_LIMIT, async {
        loop {
            let environments = host.environments(function);
            if environments.is_empty() {
                return;
            }
            for environment in environments {
                host.kill_environment(function, environment.pid);
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await
    .with_context(|| format!("an environment of {function} did not end"))
}

/// The most memory that any environment of `function` ever held, in MiB; `None` where the system does not say.
pub(crate) fn peak_memory_mib(host: &LambdaHost, function: &str) -> Option<f64> {
    let peaks = host
        .environments(function)
        .into_iter()
        .filter_map(|environment| peak_kib(environment.pid));
    #[expect(
        clippy::cast_precision_loss,
        reason = "KiB of one process: far below 2^52"
    )]
    peaks.max().map(|kib| kib as f64 / 1024.0)
}

/// `VmHWM`, the peak of the resident set, from Linux's process file system.
fn peak_kib(pid: u32) -> Option<u64> {
    let status = fs_err::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}
