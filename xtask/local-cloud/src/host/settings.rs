//! What all functions of a host have in common.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

/// Is called with the function's name and the line.
pub type LogCallback = Arc<dyn Fn(&str, &str) + Send + Sync>;

/// Where the functions' standard output and error go, line by line.
#[derive(Clone)]
pub enum LogSink {
    /// To the host's standard error, each line behind `[function] `.
    Stderr,
    /// Nowhere.
    Discard,
    /// To a callback.
    Callback(LogCallback),
}

impl LogSink {
    pub(crate) fn write(&self, function: &str, line: &str) {
        match self {
            Self::Stderr => {
                // Nobody may be listening any more; that must not stop the function.
                let _ = writeln!(std::io::stderr().lock(), "[{function}] {line}");
            }
            Self::Discard => {}
            Self::Callback(callback) => callback(function, line),
        }
    }
}

impl fmt::Debug for LogSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stderr => "Stderr",
            Self::Discard => "Discard",
            Self::Callback(_) => "Callback",
        })
    }
}

/// Settings of a [`LambdaHost`](super::LambdaHost).
#[derive(Debug, Clone)]
pub struct HostSettings {
    /// Variables that every function gets: credentials and the SDKs' endpoints.
    pub environment: BTreeMap<String, String>,
    /// Where the functions' output goes.
    pub logs: LogSink,
    /// How long an environment may take from process start to its first request for an event. Lambda's is 10 seconds.
    pub init_timeout: Duration,
    /// How long an environment stays without work before it is ended.
    pub idle_timeout: Duration,
    /// The pauses before an asynchronous invocation that failed is tried again; Lambda tries twice more, minutes apart.
    pub retry_delays: Vec<Duration>,
}

impl Default for HostSettings {
    fn default() -> Self {
        Self {
            environment: BTreeMap::new(),
            logs: LogSink::Stderr,
            init_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_mins(5),
            retry_delays: vec![Duration::from_secs(1), Duration::from_secs(2)],
        }
    }
}
