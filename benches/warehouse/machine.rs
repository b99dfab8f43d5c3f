//! What this process took of the machine, where the system says it.

use std::fs;

/// Returns the bytes that this process has written to files; zero where nobody counts them.
pub(crate) fn written() -> f64 {
    number("/proc/self/io", "wchar:")
}

/// Returns the resident memory in MB: now, and at its highest.
pub(crate) fn memory() -> (f64, f64) {
    (number("/proc/self/status", "VmRSS:") / 1024.0, number("/proc/self/status", "VmHWM:") / 1024.0)
}

fn number(file: &str, key: &str) -> f64 {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(key));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}
