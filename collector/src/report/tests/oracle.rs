//! Compares what is read from real reports with the counts that another tool found in the same files.
//!
//! The files are not part of the project; where they are not at hand, the test says so and passes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use annals_data::row::Status;

use crate::report::{Report, read};

/// Files where we differ: what we count (tests, failures, errors, skips), and why.
const DISAGREEMENTS: [(&str, [u64; 4], &str); 2] = [
    ("junit-xml/no-cases-but-tests.xml", [0; 4], "it lists no case; the tool believes the counters, we warn of them"),
    ("junit-xml/no-cases-but-tests.junit-xml", [0; 4], "the same file after the tool's transformation"),
];

/// Returns tests, failures, errors and skips, each test counted once by its worst attempt.
fn counts(report: &Report) -> [u64; 4] {
    let mut worst: BTreeMap<(&str, &str), u8> = BTreeMap::new();
    for outcome in &report.cases {
        let rank = match outcome.status {
            Status::Skipped | Status::Xfailed => 0,
            Status::Passed => 1,
            Status::Failed | Status::Xpassed => 2,
            Status::Errored => 3,
        };
        let known = worst.entry((&outcome.suite, &outcome.name)).or_default();
        *known = rank.max(*known);
    }
    let count = |rank: u8| worst.values().filter(|&&known| known == rank).count() as u64;
    [worst.len() as u64, count(2), count(3), count(0)]
}

/// Returns what the tool says of a file: its counts, or nothing where it refuses the file.
fn expected(path: &Path) -> Option<Option<[u64; 4]>> {
    let Ok(text) = std::fs::read(path.with_extension("results.json")) else {
        return path.with_extension("exception").is_file().then_some(None);
    };
    let stats = &serde_json::from_slice::<serde_json::Value>(&text).unwrap()["stats"];
    if !stats["errors"].as_array().unwrap().is_empty() {
        return Some(None);
    }
    Some(Some(["tests", "tests_fail", "tests_error", "tests_skip"].map(|name| stats[name].as_u64().unwrap())))
}

fn xml_files(folder: &Path) -> Option<Vec<PathBuf>> {
    if !folder.is_dir() {
        eprintln!("not compared: {} is not there", folder.display());
        return None;
    }
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "xml" || kind == "junit-xml") {
                files.push(path);
            }
        }
    }
    files.sort();
    Some(files)
}

/// Returns the folder of reports that may stand beside the checkout.
fn reports() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/reports")
}

#[test]
fn counts_are_those_of_another_tool() {
    let folder = reports().join("enricomi/python/test/files");
    let Some(files) = xml_files(&folder) else { return };
    let mut compared = 0;
    let mut differing = Vec::new();
    for path in files {
        let name = path.strip_prefix(&folder).unwrap().to_str().unwrap();
        let Some(expected) = expected(&path) else { continue };
        let ours = match read(name, &std::fs::read(&path).unwrap()) {
            Ok(report) => Some(counts(&report)),
            Err(error) if error.reason.contains("not a report of a known format") && expected.is_some() => continue,
            Err(_) => None,
        };
        let argued = DISAGREEMENTS.iter().find(|(file, ..)| *file == name).map(|(_, counts, _)| Some(*counts));
        compared += 1;
        if ours != argued.unwrap_or(expected) {
            differing.push(format!("{name}: ours {ours:?}, theirs {expected:?}"));
        }
    }
    assert!(differing.is_empty(), "{differing:#?}");
    assert!(compared >= 100, "only {compared} files were compared");
}

#[test]
fn what_tools_write_is_read_or_refused_by_its_root() {
    let Some(files) = xml_files(&reports().join("generated")) else { return };
    for path in files {
        let bytes = std::fs::read(&path).unwrap();
        match read(path.to_str().unwrap(), &bytes) {
            Ok(report) => assert!(!report.cases.is_empty(), "{}", path.display()),
            Err(error) => assert!(error.reason.contains("known formats: "), "{error}"),
        }
    }
}

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
