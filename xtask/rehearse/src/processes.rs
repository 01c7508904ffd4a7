//! Programs that run as long as the rehearsal does.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use fs_err as fs;
use tokio::process::{Child, Command};
use tokio::time::sleep;

/// How long a program may take until it can be used.
const READY_WITHIN: Duration = Duration::from_mins(1);
/// How often that is looked at: neither program says it in a way that could be waited for.
const PAUSE: Duration = Duration::from_millis(50);

/// A running program; dropping it ends it.
#[derive(Debug)]
pub(crate) struct Running {
    name: String,
    child: Child,
}

impl Running {
    /// Starts `command`, its output going to `log`.
    pub(crate) fn start(name: &str, command: &mut Command, log: &Path) -> Result<Self> {
        let output = fs::File::create(log)?.into_file();
        let child = command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{name} can't be started"))?;
        Ok(Self {
            name: name.to_owned(),
            child,
        })
    }

    /// Waits until `is_ready` says so.
    pub(crate) async fn until<F>(&mut self, mut is_ready: impl FnMut() -> F) -> Result<()>
    where
        F: Future<Output = bool>,
    {
        let started = Instant::now();
        while !is_ready().await {
            if let Some(status) = self.child.try_wait()? {
                bail!("{} has ended: {status}", self.name);
            }
            if started.elapsed() > READY_WITHIN {
                bail!(
                    "{} was not ready after {} s",
                    self.name,
                    READY_WITHIN.as_secs()
                );
            }
            sleep(PAUSE).await;
        }
        Ok(())
    }
}
