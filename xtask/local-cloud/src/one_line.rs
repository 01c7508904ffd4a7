//! An error and what led to it, as one line.

use std::error::Error;
use std::fmt::Write;

/// The error's message followed by those of its sources, with `: ` between.
///
/// The errors of this package do not repeat their source in their own message.
pub fn one_line(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        // Writing to a string can't fail.
        let _ = write!(line, ": {source}");
        next = source.source();
    }
    line.replace('\n', " ")
}
