//! How both functions log: one JSON line an event, on standard error, from where Lambda takes it to `CloudWatch`.
//!
//! Lines never hold credentials, documents, arguments or results.

use std::error::Error;
use std::fmt::Write as _;
use std::io;

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts logging, once for the process. This crate's events are logged from `level` on, those of `targets` from the
/// level beside each, and those of all other crates from `warn` on.
pub fn start(level: Level, targets: &[(&'static str, Level)]) {
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false)
        // Lambda stamps every line with the time it arrived.
        .without_time()
        .with_writer(io::stderr);
    let targets = Targets::new()
        .with_default(Level::WARN)
        .with_target(env!("CARGO_CRATE_NAME"), level)
        .with_targets(targets.iter().copied());
    tracing_subscriber::registry()
        .with(lines)
        .with(targets)
        .init();
}

/// An error with all its causes, for the log only: causes name functions, tables and endpoints.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        // Writing to a string can't fail.
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text
}
