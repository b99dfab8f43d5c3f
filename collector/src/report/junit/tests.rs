//! Tests of the JUnit reader: every dialect from files, the rules by small texts, damage of all kinds, and real
//! reports with the counts that another tool found in them, where those files are at hand.

mod damage;
mod oracle;
mod rules;

use std::fmt::Write;
use std::path::Path;

use annals_data::row::Outcome;

use crate::report::{Report, read};

/// Returns a report as people would write it down: one line per outcome, then the warnings.
fn table(report: &Report) -> String {
    let mut text = String::new();
    for outcome in &report.cases {
        let status = match &outcome.error_kind {
            Some(kind) => format!("{} ({kind})", outcome.status.as_str()),
            None => outcome.status.as_str().to_owned(),
        };
        let ms = outcome.duration_us.map_or("-".to_owned(), |us| format!("{}", us as f64 / 1e3));
        write!(text, "{status:20} #{} {ms:>9} ms  {} :: {}", outcome.attempt, outcome.suite, outcome.name).unwrap();
        if let Some(file) = &outcome.file {
            write!(text, "  ({file}:{})", outcome.line.map_or("?".into(), |line| line.to_string())).unwrap();
        }
        text.push('\n');
        for line in outcome.message.iter().flat_map(|message| message.lines().take(4)) {
            writeln!(text, "    | {}", line.chars().take(100).collect::<String>().trim_end()).unwrap();
        }
    }
    for warning in &report.warnings {
        writeln!(text, "warning, line {}: {}", warning.line, warning.text).unwrap();
    }
    if report.is_failures_only {
        text.push_str("failures only\n");
    }
    text
}

/// Returns the only outcome of a report with one case, given the inside of its suite.
fn only(inside: &str) -> Outcome {
    let text = format!("<testsuite name='S'>{inside}</testsuite>");
    let mut report = read("a.xml", text.as_bytes()).unwrap();
    assert_eq!(report.cases.len(), 1, "{report:?}");
    report.cases.remove(0)
}

#[test]
fn every_dialect_is_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/junit");
    let mut files: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for path in files {
        let name = path.file_name().unwrap().to_str().unwrap();
        let report = read(name, &std::fs::read(&path).unwrap()).unwrap();
        insta::with_settings!({ description => name.to_owned(), omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(name.trim_end_matches(".xml"), table(&report));
        });
    }
}
