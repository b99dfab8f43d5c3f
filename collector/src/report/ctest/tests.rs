//! The rules of the CTest reader, each by the smallest text that shows it.

use annals_data::row::Status;

use crate::report::{Report, read};

fn site(inside: &str) -> Report {
    let text = format!("<Site Generator='ctest-3.30.1'><Testing>{inside}</Testing></Site>");
    read("Test.xml", text.as_bytes()).unwrap()
}

fn named(kind: &str, name: &str, value: &str) -> String {
    format!("<NamedMeasurement type='{kind}' name='{name}'><Value>{value}</Value></NamedMeasurement>")
}

fn test(status: &str, results: &str) -> Report {
    site(&format!("<Test Status='{status}'><Name>t</Name><Path>./a/b</Path><Results>{results}</Results></Test>"))
}

#[test]
fn every_status_follows_the_table() {
    let (passed, failed, errored, skipped) = (Status::Passed, Status::Failed, Status::Errored, Status::Skipped);
    let table = [
        ("passed", "Exit Code", "Completed", Some((passed, None))),
        ("failed", "Exit Code", "Failed", Some((failed, None))),
        ("failed", "Exit Code", "Completed", Some((failed, None))),
        ("failed", "Exit Code", "", Some((failed, None))),
        ("failed", "Exit Code", "Timeout", Some((errored, Some("timed_out")))),
        ("failed", "Exit Code", "BAD_COMMAND", Some((errored, None))),
        ("failed", "Exit Code", "SEGFAULT", Some((errored, Some("crashed")))),
        ("failed", "Exit Code", "Child aborted", Some((errored, Some("crashed")))),
        ("notrun", "Completion Status", "Disabled", Some((skipped, None))),
        ("notrun", "Completion Status", "SKIP_RETURN_CODE=77", Some((skipped, None))),
        ("notrun", "Completion Status", "SKIP_REGULAR_EXPRESSION_MATCHED", Some((skipped, None))),
        ("notrun", "Completion Status", "Unable to find executable", Some((errored, None))),
        ("notrun", "Completion Status", "Fixture dependency failed", Some((errored, None))),
        ("notrun", "Completion Status", "Not Run", None),
        ("odd", "Completion Status", "", Some((errored, None))),
    ];
    for (status, name, value, expected) in table {
        let report = test(status, &named("text/string", name, value));
        let found = report.cases.first().map(|case| (case.status, case.error_kind.as_deref()));
        assert_eq!(found, expected, "{status} {value}");
        assert_eq!(report.warnings.len(), usize::from(status == "odd"), "{status}");
    }
}

#[test]
fn numbers_that_a_test_printed_are_measures() {
    let results = [
        named("numeric/double", "score", "1.5"),
        named("numeric/integer", "rounds", " 12 "),
        named("numeric/double", "odd", "NaN"),
        named("numeric/double", "Execution Time", "0.25"),
        named("numeric/double", "Processors", "1"),
        named("text/string", "note", "x"),
        named("file", "log", "x"),
    ];
    let report = test("passed", &results.concat());
    let case = &report.cases[0];
    let measures: Vec<_> = case.measures.iter().map(|measure| (measure.metric.as_str(), measure.value)).collect();
    assert_eq!(measures, [("score", 1.5), ("rounds", 12.0)]);
    assert_eq!((case.suite.as_str(), case.name.as_str(), case.duration_us), ("a/b", "t", Some(250_000)));
    assert_eq!(report.warnings.len(), 1);
    assert_eq!(report.ignored.values().sum::<usize>(), 2);
    assert_eq!(report.tool.as_deref(), Some("CTest 3.30.1"));
}

#[test]
fn the_message_is_the_reason_and_what_was_printed() {
    let message = |status: &str, results: &str| test(status, results).cases.remove(0).message;
    let code = named("text/string", "Exit Code", "SEGFAULT");
    let out = "<Measurement><Value>last words</Value></Measurement>";
    assert_eq!(message("failed", &format!("{code}{out}")).as_deref(), Some("SEGFAULT\nlast words"));
    let value = named("text/string", "Exit Value", "3");
    assert_eq!(message("failed", &value).as_deref(), Some("exit value 3"));
    let reason = named("text/string", "Fail Reason", "Required regular expression not found. Regex=[ok]");
    let expected = "Required regular expression not found. Regex=[ok]\nlast words";
    assert_eq!(message("failed", &format!("{reason}{out}")).as_deref(), Some(expected));
    let packed = "<Measurement><Value encoding='base64' compression='gzip'>eJwrKMrMK0lNAQAMEgL3</Value></Measurement>";
    assert_eq!(message("failed", packed).as_deref(), Some("printed"));
    assert_eq!(message("passed", out), None);
}

#[test]
fn a_run_that_ended_early_is_told() {
    let report =
        site("<TestList><Test>./a</Test><Test>./b</Test></TestList><Test Status='passed'><Name>a</Name></Test>");
    assert_eq!(report.warnings[0].text, "2 tests were to be run, listed are 1: CTest did not come to its end");
}

#[test]
fn other_files_of_ctest_are_not_claimed() {
    assert!(read("Build.xml", b"<Site><Build/></Site>").unwrap_err().reason.contains("known formats"));
}
