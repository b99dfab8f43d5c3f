//! Compares what is read from real reports with the counts that another tool found in the same files.
//!
//! The files are not part of the project; where they are not at hand, the test says so and passes.

mod json;
mod text;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use annals_data::row::Status;

use crate::report::{Report, read};

/// Files where we differ: what we count (tests, failures, errors, skips), and why.
const DISAGREEMENTS: [(&str, [u64; 4], &str); 10] = [
    ("junit-xml/no-cases-but-tests.xml", [0; 4], "it lists no case; the tool believes the counters, we warn of them"),
    ("junit-xml/no-cases-but-tests.junit-xml", [0; 4], "the same file after the tool's transformation"),
    (
        "trx/yami_YAMILEX_2015-10-24_04_18_59.trx",
        [7, 2, 3, 0],
        "the test host died: its test is an error, as is one that cannot run; nobody skipped the 19 tests after it",
    ),
    ("xunit/mstest/fixie.xml", [7, 3, 0, 1], "the tool takes the rows of a theory as one test"),
    ("xunit/mstest/pickles.xml", [4, 1, 0, 0], "the same"),
    ("nunit/mstest/clicketyclackety.xml", [23, 1, 9, 0], "the tool does not see the label `Error`"),
    ("nunit/mstest/timewarpinc.xml", [1, 0, 1, 0], "the same"),
    ("nunit/nunit3/jenkins/NUnit-issue44527.xml", [150, 1, 143, 0], "the same"),
    ("nunit/nunit3/jenkins/NUnit-correct.xml", [28, 1, 4, 5], "a test that cannot run is skipped by nobody"),
    ("nunit/nunit3/jenkins/NUnit-issue17521.xml", [2, 0, 0, 1], "its control characters are replaced"),
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
            } else if path
                .extension()
                .is_some_and(|kind| ["xml", "junit-xml", "trx"].iter().any(|known| kind == *known))
            {
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

/// Files of the other corpora that are refused, and the reason.
const REFUSED: [(&str, &str); 1] =
    [("junit-xml-plugin/src/test/resources/junitdata/invalid.xml", "its root element is `test-suite`")];

/// What is counted in files for which no other tool's counts are at hand: the counts of their own statistics and the
/// suites that failed by themselves, each name counted once.
const COUNTS: [(&str, [u64; 4]); 15] = [
    ("robot/atest/testdata/rebot/output-3.2.2.xml", [181, 6, 4, 0]),
    ("robot/atest/testdata/rebot/output-4.0.xml", [181, 6, 4, 0]),
    ("robot/atest/testdata/rebot/output-5.0.xml", [184, 6, 4, 0]),
    ("robot/utest/resources/golden_suite/output.xml", [5, 3, 1, 0]),
    ("robot/utest/result/golden.xml", [1, 0, 0, 0]),
    ("robot/utest/result/goldenTwice.xml", [1, 0, 0, 0]),
    ("otr/schema/src/docs/asciidoc/includes/events.xml", [1, 0, 0, 0]),
    ("otr/schema/src/docs/asciidoc/includes/hierarchy.xml", [1, 0, 0, 0]),
    ("converter/events-ordered-1.xml", [5, 0, 3, 0]),
    ("converter/events-ordered-2.xml", [5, 0, 3, 0]),
    ("converter/events-unordered-1.xml", [5, 0, 3, 0]),
    ("converter/events-unordered-2.xml", [5, 0, 3, 0]),
    ("trxdata/sample.trx", [5, 1, 0, 1]),
    ("trxdata/testresultsWithChildren.trx", [5, 2, 0, 0]),
    ("xunitdata/failed-test.xml", [1, 1, 0, 0]),
];

#[test]
fn no_case_of_junit_is_lost() {
    let Some(files) = xml_files(&reports()) else { return };
    let mut compared = 0;
    for path in files {
        let bytes = std::fs::read(&path).unwrap();
        let Ok(report) = read(path.to_str().unwrap(), &bytes) else { continue };
        if report.format != "junit" {
            continue;
        }
        // Neither a comment nor what a test printed holds these words in the files at hand.
        let text = String::from_utf8_lossy(&bytes);
        let count = |word: &str| {
            let start = format!("<{word}");
            let rests = text.match_indices(&start).map(|(at, _)| &text[at + start.len()..]);
            rests.filter(|rest| rest.starts_with([' ', '\n', '\r', '\t', '>', '/'])).count()
        };
        let listed = count("testcase");
        let retried = ["flakyFailure", "flakyError", "rerunFailure", "rerunError"].map(count).iter().sum::<usize>();
        let left_out = report.ignored.iter().filter(|(what, _)| !what.starts_with("elements ")).map(|(_, n)| n);
        assert_eq!(report.cases.len() + left_out.sum::<usize>(), listed + retried, "{}", path.display());
        compared += 1;
    }
    assert!(compared >= 100, "only {compared} files were compared");
}

#[test]
fn files_of_other_corpora_are_read_or_refused_for_a_reason() {
    for corpus in ["allure2", "robot", "otr"] {
        let Some(files) = xml_files(&reports().join(corpus)) else { continue };
        for path in files {
            let name = path.to_str().unwrap();
            let refusal = REFUSED.iter().find(|(file, _)| name.ends_with(file));
            match (read(name, &std::fs::read(&path).unwrap()), refusal) {
                (Ok(report), None) => {
                    assert!(!report.cases.is_empty(), "{name}");
                    if let Some((_, expected)) = COUNTS.iter().find(|(file, _)| name.ends_with(file)) {
                        assert_eq!(counts(&report), *expected, "{name}");
                    }
                }
                (Err(error), Some((_, reason))) => assert!(error.reason.contains(reason), "{error}"),
                (result, _) => panic!("{name}: {result:?}"),
            }
        }
    }
}
