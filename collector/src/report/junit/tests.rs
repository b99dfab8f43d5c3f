//! Tests of the JUnit reader: its rules by small texts, and damage.

mod damage;
mod rules;

use annals_data::row::Outcome;

use crate::report::read;

/// Returns the only outcome of a report with one case, given the inside of its suite.
fn only(inside: &str) -> Outcome {
    let text = format!("<testsuite name='S'>{inside}</testsuite>");
    let mut report = read("a.xml", text.as_bytes()).unwrap();
    assert_eq!(report.cases.len(), 1, "{report:?}");
    report.cases.remove(0)
}
