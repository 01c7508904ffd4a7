//! Telling somebody who waits what is being done.

use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Mutex, PoisonError};

/// Hears of every step. Steps may overlap.
pub trait Progress: Sync {
    /// A step begins.
    fn begin(&self, step: &str);
    /// A step is done.
    fn end(&self, step: &str);
}

/// Tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _step: &str) {}
    fn end(&self, _step: &str) {}
}

/// Shows steps on standard error: turning wheels on a terminal, plain lines elsewhere.
#[derive(Debug)]
pub struct Shown {
    bars: Option<MultiProgress>,
    running: Mutex<BTreeMap<String, ProgressBar>>,
}

impl Shown {
    /// For the standard error of this process.
    pub fn new() -> Self {
        Self {
            bars: io::stderr().is_terminal().then(MultiProgress::new),
            running: Mutex::default(),
        }
    }

    fn line(text: &str) {
        // Who closes standard error does not want to be told.
        let _ = writeln!(io::stderr(), "{text}");
    }
}

impl Default for Shown {
    fn default() -> Self {
        Self::new()
    }
}

impl Progress for Shown {
    fn begin(&self, step: &str) {
        let Some(bars) = &self.bars else {
            return;
        };
        let style = ProgressStyle::with_template("{spinner} {msg} {elapsed}");
        let bar = bars.add(ProgressBar::new_spinner());
        if let Ok(style) = style {
            bar.set_style(style);
        }
        bar.set_message(step.to_owned());
        bar.enable_steady_tick(Duration::from_millis(100));
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.insert(step.to_owned(), bar);
    }

    fn end(&self, step: &str) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        match (&self.bars, running.remove(step)) {
            (Some(bars), Some(bar)) => {
                bar.finish_and_clear();
                // Only the terminal can refuse the line, and then nobody sees it.
                let _ = bars.println(format!("done: {step}"));
            }
            _ => Self::line(&format!("done: {step}")),
        }
    }
}
