//! Tests that hold for every format: its files give the snapshots beside them, and damage of any kind is harmless.
//!
//! A format's own rules are tested in its own folder. Files stand in `tests/fixtures/<format>/`.

mod damage;
mod oracle;

use std::fmt::Write;
use std::path::{Path, PathBuf};

use annals_data::row::{Kind, Measure};

use super::text::Source;
use super::{Report, read};

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
        if outcome.kind == Kind::Suite {
            text.push_str("  [of suite]");
        }
        if let Some(file) = &outcome.file {
            write!(text, "  ({file}:{})", outcome.line.map_or("?".into(), |line| line.to_string())).unwrap();
        }
        text.push('\n');
        for line in outcome.message.iter().flat_map(|message| message.lines().take(4)) {
            writeln!(text, "    | {}", line.chars().take(100).collect::<String>().trim_end()).unwrap();
        }
        for Measure { metric, value, unit } in &outcome.measures {
            writeln!(text, "    = {metric}: {value} {}", unit.as_deref().unwrap_or("(no unit)")).unwrap();
        }
    }
    for ((word, status), count) in &report.words {
        writeln!(text, "word `{word}`: {count} {}", status.as_str()).unwrap();
    }
    for (what, count) in &report.ignored {
        writeln!(text, "left out: {count} {what}").unwrap();
    }
    for warning in &report.warnings {
        writeln!(text, "warning, line {}: {}", warning.line, warning.text).unwrap();
    }
    if report.is_failures_only {
        text.push_str("failures only\n");
    }
    text
}

/// Returns the files that the tests of every format stand on, with the name of the format.
fn fixtures() -> Vec<(String, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut files = Vec::new();
    for format in super::FORMATS {
        let of_format = folder.join(format.name).read_dir().unwrap_or_else(|_| panic!("{} has no files", format.name));
        files.extend(of_format.map(|entry| (format.name.to_owned(), entry.unwrap().path())));
    }
    files.sort();
    files
}

#[test]
fn every_file_is_read_as_its_format() {
    for (format, path) in fixtures() {
        let name = path.file_name().unwrap().to_str().unwrap();
        let report = read(name, &std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(report.format, format, "{name}");
        let stem = path.file_stem().unwrap().to_str().unwrap();
        insta::with_settings!({
            description => name, omit_expression => true, prepend_module_to_snapshot => false,
            snapshot_path => format!("{format}/snapshots"),
        }, {
            insta::assert_snapshot!(stem, table(&report));
        });
    }
}

/// Recognition must not depend on the order of the formats.
#[test]
fn every_file_is_claimed_by_one_format_only() {
    for (format, path) in fixtures() {
        let bytes = std::fs::read(&path).unwrap();
        let name = path.to_str().unwrap();
        let source = Source::new(name, &bytes);
        let claims: Vec<_> = super::FORMATS.iter().filter(|known| (known.is_like)(&source)).map(|f| f.name).collect();
        assert_eq!(claims, [format.as_str()], "{name}");
    }
}

#[test]
fn the_unknown_is_refused_with_a_list_of_what_is_known() {
    let refusal = |bytes: &[u8]| {
        let error = read("some/file.xml", bytes).expect_err("must be refused").to_string();
        let (seen, known) = error.split_once(" (known formats: ").unwrap();
        assert!(super::FORMATS.iter().all(|format| known.contains(format.title)), "{known}");
        seen.to_owned()
    };
    insta::assert_snapshot!(refusal(b""), @"some/file.xml:1: the file is empty");
    insta::assert_snapshot!(refusal(b"\xef\xbb\xbf \n"), @"some/file.xml:1: the file is empty");
    insta::assert_snapshot!(
        refusal(b"<!DOCTYPE html><html><body>502</body></html>"),
        @"some/file.xml:1: not a report of a known format: its root element is `html`"
    );
    insta::assert_snapshot!(
        refusal(b"\x7fELF\x00\x01 and so on"),
        @"some/file.xml:1: not a report of a known format: it begins with `�ELF�� and so on`"
    );
}
