//! Damaged, hostile and random input: a clear refusal or a bounded report, never a panic.

use std::path::Path;

use proptest::prelude::*;

use crate::report::{Limits, read, read_with};

fn refusal(text: &str) -> String {
    read("r.xml", text.as_bytes()).expect_err(text).to_string()
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/junit").join(name)).unwrap()
}

#[test]
fn damage_is_named_by_line_and_last_complete_case() {
    let head = "<testsuite name='S'>\n<testcase name='one'/>\n<testcase name='two'>\n";
    insta::assert_snapshot!(refusal(head), @"r.xml:4: the report is truncated: it ends with 2 open elements; the last complete test case is `one` of `S`");
    insta::assert_snapshot!(refusal(&format!("{head}<failure message='cut of")), @"r.xml:4: the report is truncated: attribute value not closed: `'` not found before end of input; the last complete test case is `one` of `S`");
    insta::assert_snapshot!(refusal(&format!("{head}<system-out><![CDATA[cut of")), @"r.xml:4: the report is truncated: CDATA not closed: `]]>` not found before end of input; the last complete test case is `one` of `S`");
    insta::assert_snapshot!(refusal(&format!("{head}</testsuite>")), @"r.xml:4: ill-formed document: expected `</testcase>`, but `</testsuite>` was found; the last complete test case is `one` of `S`");
    insta::assert_snapshot!(refusal(&format!("{head}</testcase></testsuite>\n</testsuite>")), @"r.xml:5: ill-formed document: close tag `</testsuite>` does not match any open tag; the last complete test case is `two` of `S`");
    insta::assert_snapshot!(refusal("<testsuites>\n<testsuite name=S>"), @r#"r.xml:2: an attribute cannot be read: position 15: attribute value must be enclosed in `"` or `'`; no test case is complete"#);
    insta::assert_snapshot!(refusal("<testsuite/>\nsome log line"), @"r.xml:2: `some log line` stands outside of any element; no test case is complete");
    insta::assert_snapshot!(refusal("<testsuite/>\n<html/>"), @"r.xml:2: a further document in the file has the root element `html`; no test case is complete");
}

#[test]
fn every_truncation_is_refused() {
    let whole = fixture("surefire.xml");
    let end = whole.len() - b"\n".len();
    for length in 1..end {
        let result = read("r.xml", &whole[..length]);
        assert!(result.is_err(), "{length} of {end} bytes: {result:?}");
    }
    assert!(read("r.xml", &whole[..end]).is_ok());
}

#[test]
fn entities_are_never_expanded() {
    let text = "<!DOCTYPE testsuite [<!ENTITY a 'lol'><!ENTITY b '&a;&a;&a;'><!ENTITY f SYSTEM 'file:///etc/passwd'>]>
        <testsuite><testcase name='&b;'><failure>&b; &f; &amp; & </failure></testcase></testsuite>";
    let outcome = &read("r.xml", text.as_bytes()).unwrap().cases[0];
    assert_eq!((outcome.name.as_str(), outcome.message.as_deref()), ("&b;", Some("&b; &f; & &")));
}

#[test]
fn control_characters_do_not_get_through() {
    let text = "<testsuite name='S&#x1b;[31m'><testcase name='a&#0;b\u{7}'><failure>\u{1b}[1mred\u{1b}[0m&#x1b;x</failure>\
        </testcase></testsuite>";
    let outcome = &read("r.xml", text.as_bytes()).unwrap().cases[0];
    assert_eq!((outcome.suite.as_str(), outcome.name.as_str()), ("S", "a�b�"));
    assert_eq!(outcome.message.as_deref(), Some("red�x"));
}

#[test]
fn marks_encodings_and_blank_lines_before_the_declaration_are_no_damage() {
    let text = "\n \n<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite><testcase name=\"é\"/></testsuite>\n";
    let utf16: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = format!("\u{feff}{}\u{feff}{}", text.trim_start(), text.trim_start());
    for (bytes, count) in [(text.as_bytes(), 1), (&utf16[..], 1), (marked.as_bytes(), 2)] {
        let report = read("r.xml", bytes).unwrap();
        assert_eq!(report.cases.len(), count);
        assert_eq!(report.cases[0].name, "é");
    }
}

#[test]
fn depth_and_count_are_bounded() {
    let deep = "<testsuite>".repeat(100_000);
    insta::assert_snapshot!(refusal(&deep), @"r.xml:1: elements nest deeper than 64; no test case is complete");
    let many = format!("<testsuite>\n{}</testsuite>", "<testcase name='a'/>\n".repeat(5));
    let limits = Limits { cases: 3, ..Limits::default() };
    let error = read_with("r.xml", many.as_bytes(), &limits).expect_err("five cases");
    insta::assert_snapshot!(error, @"r.xml:5: the report holds more than 3 outcomes; the last complete test case is `a`");
}

proptest! {
    #[test]
    fn random_text_never_panics(text in "(<testsuite>)?[<>/!\\[\\]\"'&;=a-c \\n\u{0}\u{feff}é-]{0,80}") {
        let _ = read("r.xml", text.as_bytes());
    }
}
