//! The function's log: one JSON line an event, on standard error, from where Lambda takes it to CloudWatch.
//!
//! Lines never hold credentials or documents.

use std::error::Error;
use std::fmt::Write as _;
use std::io;

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts logging. This project's own events from `level` on, those of its libraries from `warn` on.
pub fn start(level: Level) {
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
        .with_targets([("registration", level), ("registry", level)]);
    tracing_subscriber::registry()
        .with(lines)
        .with(targets)
        .init();
}

/// An error with all its causes, for the log only: causes name tables and endpoints.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        // Writing to a `String` cannot fail.
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text
}
