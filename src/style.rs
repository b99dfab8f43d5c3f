//! Colours of the terminal; `anstream` leaves them out where nobody would see them.

use anstyle::{AnsiColor, Reset, Style};

/// What failed.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// What passed.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// What wants attention, but no action.
pub(crate) const DOUBT: Style = AnsiColor::Yellow.on_default();
/// What is said besides.
pub(crate) const QUIET: Style = Style::new().dimmed();
/// What the line is about.
pub(crate) const STRONG: Style = Style::new().bold();
/// The end of any of them.
pub(crate) const PLAIN: Reset = Reset;

/// Returns the style and the sign of a verdict, state or result: never colour alone.
pub(crate) fn of(word: &str) -> (Style, &'static str) {
    match word {
        "pass" | "passed" | "success" | "resolved" => (GOOD, "✓"),
        "fail" | "failed" | "errored" | "failure" | "open" => (BAD, "✗"),
        "flaky" | "warnings" | "xpassed" => (DOUBT, "~"),
        "exception" | "retry" | "cancelled" => (DOUBT, "!"),
        _ => (QUIET, "-"),
    }
}
