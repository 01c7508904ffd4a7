//! Telling somebody who waits how far it is.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};

use indicatif::{ProgressBar, ProgressStyle};

/// Hears how many registrations are written.
pub trait Progress {
    /// So many are going to be written.
    fn begin(&self, total: usize);
    /// So many are.
    fn reached(&self, done: usize, total: usize);
    /// All are.
    fn end(&self);
}

/// Tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _total: usize) {}
    fn reached(&self, _done: usize, _total: usize) {}
    fn end(&self) {}
}

/// Shows it on standard error: a bar on a terminal, a line for each tenth elsewhere.
#[derive(Debug)]
pub struct Shown {
    bar: Option<ProgressBar>,
    tenths: AtomicUsize,
}

impl Shown {
    /// For the standard error of this process.
    pub fn new() -> Self {
        Self {
            bar: io::stderr().is_terminal().then(ProgressBar::no_length),
            tenths: AtomicUsize::new(0),
        }
    }
}

impl Default for Shown {
    fn default() -> Self {
        Self::new()
    }
}

impl Progress for Shown {
    fn begin(&self, total: usize) {
        let Some(bar) = &self.bar else { return };
        bar.set_length(total as u64);
        if let Ok(style) =
            ProgressStyle::with_template("{bar:40} {pos} of {len} written, {eta} left")
        {
            bar.set_style(style);
        }
    }

    fn reached(&self, done: usize, total: usize) {
        if let Some(bar) = &self.bar {
            return bar.set_position(done as u64);
        }
        let tenths = done * 10 / total.max(1);
        if tenths > self.tenths.swap(tenths, Ordering::Relaxed) {
            // Who closes standard error does not want to be told.
            let _ = writeln!(io::stderr(), "{done} of {total} written");
        }
    }

    fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
