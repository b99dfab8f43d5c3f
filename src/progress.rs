//! Progress of long work: a bar on a terminal, plain lines otherwise.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// How often a plain line is printed at most.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// A count that goes up to a total.
pub(crate) struct Progress {
    what: &'static str,
    bar: Option<ProgressBar>,
    done: u64,
    total: u64,
    said_at: Option<Instant>,
}

impl Progress {
    /// Begins to count `total` of `what`.
    pub(crate) fn new(what: &'static str, total: u64) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{msg:10} {wide_bar} {pos}/{len} {eta}");
            let style = style.expect("the template is a constant");
            ProgressBar::new(total).with_style(style).with_message(what)
        });
        Self { what, bar, done: 0, total, said_at: None }
    }

    /// Goes to `done`; `note` says what was done last.
    pub(crate) fn go_to(&mut self, done: u64, note: &str) {
        self.done = done;
        if let Some(bar) = &self.bar {
            bar.set_position(done);
            return;
        }
        let is_time = self.said_at.is_none_or(|at| at.elapsed() >= LINE_EVERY);
        if is_time || done == self.total {
            self.said_at = Some(Instant::now());
            let gap = if note.is_empty() { "" } else { ", " };
            anstream::eprintln!("{} {done}/{}{gap}{note}", self.what, self.total);
        }
    }

    /// Counts one more.
    pub(crate) fn step(&mut self, note: &str) {
        self.go_to(self.done + 1, note);
    }

    /// Prints a line without tearing the bar.
    pub(crate) fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.println(line),
            None => anstream::eprintln!("{line}"),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
