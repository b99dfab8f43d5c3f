//! Compares what is read from real reports that are no XML with what a person counts in them.

use annals_data::row::Status;

use super::reports;
use crate::report::{Report, read};

/// Returns how many outcomes of each status a report has: passed, failed, errored, skipped, xfailed, xpassed.
fn statuses(report: &Report) -> [usize; 6] {
    let all = [Status::Passed, Status::Failed, Status::Errored, Status::Skipped, Status::Xfailed, Status::Xpassed];
    all.map(|status| report.cases.iter().filter(|outcome| outcome.status == status).count())
}

/// Real reports that are no XML, with their format and what a person counts in them: passed, failed, errored, skipped,
/// xfailed, xpassed.
const COUNTED: [(&str, &str, [usize; 6]); 9] = [
    ("dejagnu/foo.sum", "dejagnu", [2, 1, 1, 2, 2, 1]),
    ("dejagnu/foo.log", "dejagnu", [2, 1, 1, 2, 2, 1]),
    ("subunit/unittest.v1.subunit", "subunit", [1, 3, 0, 1, 1, 1]),
    ("js/mocha.tap", "tap", [2, 1, 1, 2, 0, 0]),
    ("js/node.tap", "tap", [2, 2, 0, 1, 1, 0]),
    ("js/vitest.tap", "tap", [3, 1, 0, 2, 0, 0]),
    ("tap/perl-a.tap", "tap", [2, 2, 0, 1, 1, 1]),
    ("tap/perl-b.tap", "tap", [1, 0, 1, 0, 0, 0]),
    ("tap/perl-c.tap", "tap", [0, 0, 0, 1, 0, 0]),
];

#[test]
fn counts_are_those_of_a_person() {
    let folder = reports().join("generated");
    if !folder.is_dir() {
        eprintln!("not compared: {} is not there", folder.display());
        return;
    }
    for (name, format, expected) in COUNTED {
        let report = read(name, &std::fs::read(folder.join(name)).unwrap()).unwrap();
        assert_eq!((report.format, statuses(&report)), (format, expected), "{name}");
    }
    let empty = read("stream.tap", &std::fs::read(folder.join("pytest/stream.tap")).unwrap()).expect_err("no bytes");
    assert_eq!(empty.line, 1);
    assert!(empty.reason.starts_with("the file is empty"), "{empty}");
}

/// Examples of the TAP specification whose meaning it states, by their first test: passed, failed, errored, skipped,
/// xfailed, xpassed.
const TAP_EXAMPLES: [(&str, [usize; 6]); 12] = [
    ("ok 1 - Input file opened", [2, 1, 0, 0, 1, 0]),
    ("1..0 # WWW::Mechanize not installed", [0, 0, 0, 1, 0, 0]),
    ("1..5\nnot ok\n", [3, 2, 0, 0, 0, 0]),
    ("1..6\nnot ok\n", [3, 2, 1, 0, 0, 0]),
    ("1..3\nok 2\nok 3\n", [3, 0, 0, 0, 0, 0]),
    ("1..3\nok 2\nok 4\n", [3, 0, 1, 0, 0, 0]),
    ("ok 1 - do it later # Skipped", [0, 0, 0, 2, 0, 0]),
    // Examples 5 and 6 in it have no white space before their `#`, which harnesses may accept; we do not.
    ("ok 1 - hello # todo\n", [5, 0, 0, 0, 0, 3]),
    ("ok 1 - in the parent", [4, 0, 0, 0, 0, 0]),
    ("ok 1 - retrieving servers", [5, 2, 0, 0, 0, 0]),
    ("not ok 1 - database handle", [0, 1, 1, 0, 0, 0]),
    ("ok 1 - Creating test program", [2, 0, 0, 0, 2, 0]),
];

#[test]
fn examples_of_the_tap_specification_mean_what_it_says() {
    let Ok(text) = std::fs::read_to_string(reports().join("tap/tap-version-14-specification.md")) else {
        eprintln!("not compared: the TAP specification is not there");
        return;
    };
    let examples: Vec<&str> = text.split("```tap\n").skip(1).map(|part| part.split("```").next().unwrap()).collect();
    for example in &examples {
        match read("spec", example.as_bytes()) {
            Ok(report) => assert_eq!(report.format, "tap", "{example}"),
            // A comment alone is no report.
            Err(error) => {
                assert!(example.starts_with("# Subtest") && error.reason.contains("known formats"), "{error}")
            }
        }
    }
    for (first, expected) in TAP_EXAMPLES {
        let example = examples.iter().find(|example| example.contains(first)).unwrap_or_else(|| panic!("{first}"));
        assert_eq!(statuses(&read("spec", example.as_bytes()).unwrap()), expected, "{example}");
    }
}
