//! The same for the formats in JSON: every file at hand is read as its format, or refused for the reason given here.

use std::path::{Path, PathBuf};

use super::{counts, expected, reports};
use crate::report::read;

/// Files that are refused, and why that is right.
const REFUSED: [(&str, &str); 14] = [
    ("allure2/allure-generator/src/test/resources/allure2/flaky-not-set.json", "a name and a status say no format"),
    ("allure2/allure-generator/src/test/resources/allure2/step-parameters.json", "a name and a status say no format"),
    ("ctrf/schema/ctrf.schema.json", "a schema"),
    ("ctrf/tests/ctrf.test.json", "tests of the schema"),
    ("ctrf/tests/normative/additional-properties.test.json", "tests of the schema"),
    ("ctrf/tests/normative/enum-constraints.test.json", "tests of the schema"),
    ("ctrf/tests/normative/required-properties.test.json", "tests of the schema"),
    ("ctrf/tests/normative/string-constraints.test.json", "tests of the schema"),
    ("ctrf/tests/normative/type-validation.test.json", "tests of the schema"),
    ("ctrf/tests/normative/valid-documents.test.json", "tests of the schema"),
    ("enricomi/python/test/files/json/empty.json", "the other tool refuses it, too: it is empty"),
    ("enricomi/python/test/files/json/malformed-json.json", "the other tool refuses it, too: it is no JSON"),
    ("enricomi/python/test/files/json/non-json.json", "the other tool refuses it, too: it is no JSON"),
    ("generated/robot/output.json", "Robot's, which is not of these formats"),
];

/// Files whose counts are known: tests, failures, errors, skips, and how many outcomes with all attempts.
const KNOWN: [(&str, [u64; 4], usize); 11] = [
    ("generated/js/jest.json", [7, 2, 1, 2], 8),
    ("generated/js/vitest.json", [6, 2, 0, 2], 7),
    ("generated/js/mocha.json", [6, 2, 1, 2], 9),
    ("generated/js/jest-ctrf.json", [6, 2, 0, 2], 7),
    ("generated/pytest/ctrf.json", [18, 7, 2, 2], 21),
    ("generated/pytest/reportlog.jsonl", [19, 8, 3, 2], 22),
    ("generated/rust/libtest.jsonl", [9, 4, 0, 1], 9),
    ("generated/rust/nextest-libtest-json-plus.jsonl", [8, 4, 1, 1], 17),
    ("ctrf/examples/comprehensive.json", [3, 2, 0, 0], 4),
    ("ctrf/examples/with-retries.json", [2, 1, 0, 0], 4),
    ("ctrf/examples/minimal.json", [1, 0, 0, 0], 1),
];

/// Files where another tool counts otherwise: what we count, and why.
const DISAGREEMENTS: [(&str, [u64; 4], &str); 1] = [(
    "enricomi/python/test/files/mocha/tests.json",
    [5, 2, 0, 1],
    "mocha does not tell an assertion from another exception; the tool guesses from its fields",
)];

/// Returns the files in JSON below a folder, but those that tell what is expected of others.
fn json_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().unwrap() {
            let path = entry.unwrap().path();
            let name = path.to_str().unwrap();
            if path.is_dir() {
                folders.push(path);
            } else if (name.ends_with(".json") || name.ends_with(".jsonl")) && !name.ends_with(".results.json") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

#[test]
fn every_json_file_is_read_or_refused_for_a_reason() {
    let folder = reports();
    if !folder.is_dir() {
        eprintln!("not compared: {} is not there", folder.display());
        return;
    }
    let mut differing = Vec::new();
    let mut read_count = 0;
    for path in json_files(&folder) {
        let name = path.strip_prefix(&folder).unwrap().to_str().unwrap();
        let report = match read(name, &std::fs::read(&path).unwrap()) {
            Ok(report) => report,
            Err(error) if REFUSED.iter().any(|(file, _)| *file == name) => {
                assert!(error.reason.contains("known formats: "), "{error}");
                continue;
            }
            Err(error) => {
                differing.push(error.to_string());
                continue;
            }
        };
        read_count += 1;
        if report.cases.is_empty() && report.ignored.is_empty() && report.warnings.is_empty() {
            differing.push(format!("{name}: nothing is read, and nothing is said of it"));
        }
        let ours = counts(&report);
        let argued = DISAGREEMENTS.iter().find(|(file, ..)| *file == name).map(|(_, counts, _)| *counts);
        if let Some(theirs) = argued.or(expected(&path).flatten()).filter(|theirs| *theirs != ours) {
            differing.push(format!("{name}: ours {ours:?}, theirs {theirs:?}"));
        }
        if let Some((_, known, outcomes)) = KNOWN.iter().find(|(file, ..)| *file == name)
            && (ours != *known || report.cases.len() != *outcomes)
        {
            differing.push(format!("{name}: ours {ours:?} of {}, known {known:?} of {outcomes}", report.cases.len()));
        }
    }
    assert!(differing.is_empty(), "{differing:#?}");
    assert!(read_count >= 90, "only {read_count} files were read");
}

#[test]
fn every_document_that_the_schema_of_ctrf_allows_is_read() {
    let path = reports().join("ctrf/tests/normative/valid-documents.test.json");
    let Ok(text) = std::fs::read(&path) else {
        eprintln!("not compared: {} is not there", path.display());
        return;
    };
    let tests: serde_json::Value = serde_json::from_slice(&text).unwrap();
    for document in tests["tests"].as_array().unwrap().iter().filter_map(|test| test.get("data")) {
        let report = read("ctrf.json", document.to_string().as_bytes()).unwrap();
        let listed = document["results"]["tests"].as_array().unwrap().len();
        let told = report.cases.len() + report.ignored.values().sum::<usize>();
        assert!(report.format == "ctrf" && told >= listed, "{document}");
    }
}
