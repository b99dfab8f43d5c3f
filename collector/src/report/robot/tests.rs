//! The rules of the Robot Framework reader, each by the smallest text that shows it.

use annals_data::row::Status;

use crate::report::{Report, read};

fn suite(inside: &str, status: &str) -> Report {
    let text = format!(
        "<robot generator='Robot 7.1 (Python 3.12 on linux)'><suite name='A' source='/w/a.robot'><suite name='B.C'>
        {inside}<status status='FAIL'>{status}</status></suite><status status='FAIL'/></suite></robot>"
    );
    read("output.xml", text.as_bytes()).unwrap()
}

fn names(report: &Report) -> Vec<(&str, &str, &str)> {
    report.cases.iter().map(|c| (c.suite.as_str(), c.name.as_str(), c.status.as_str())).collect()
}

#[test]
fn every_status_follows_the_table() {
    let (passed, failed, errored) = (Status::Passed, Status::Failed, Status::Errored);
    let table = [
        ("status='PASS'", "", Some((passed, None))),
        ("status='FAIL'", "boom", Some((failed, None))),
        ("status='FAIL'", "boom\n\nAlso teardown failed:\nbang", Some((failed, None))),
        ("status='FAIL' critical='yes'", "boom", Some((failed, None))),
        ("status='FAIL' critical='no'", "boom", Some((Status::Xfailed, None))),
        ("status='FAIL'", "Setup failed:\nboom", Some((errored, None))),
        ("status='FAIL'", "Teardown failed:\nboom", Some((errored, None))),
        ("status='FAIL'", "Parent suite setup failed:\nboom", Some((errored, None))),
        ("status='FAIL'", "Test timeout 1 second exceeded.", Some((errored, Some("timed_out")))),
        ("status='FAIL'", "Failure occurred and exit-on-failure mode is in use.", None),
        ("status='FAIL'", "Test execution stopped due to a fatal error.", None),
        ("status='SKIP'", "why", Some((Status::Skipped, None))),
        ("status='NOT RUN'", "", None),
        ("status='ODD'", "", Some((errored, None))),
    ];
    for (attributes, message, expected) in table {
        let report = suite(&format!("<test name='T'><status {attributes}>{message}</status></test>"), "");
        let found = report.cases.first().map(|case| (case.status, case.error_kind.as_deref()));
        assert_eq!(found, expected, "{attributes} {message}");
        assert_eq!(report.warnings.len(), usize::from(attributes.contains("ODD")));
        assert_eq!(report.ignored.len(), usize::from(expected.is_none()), "{attributes} {message}");
    }
}

#[test]
fn a_suite_is_an_outcome_where_its_tests_do_not_tell() {
    let passed = "<test name='T'><status status='PASS'/></test>";
    let broken = "<test name='T'><status status='FAIL'>Parent suite setup failed:\nx</status></test>";
    let torn = suite(passed, "Suite teardown failed:\nx");
    assert_eq!(names(&torn), [("A.B.C", "T", "passed"), ("A.B.C", "(teardown)", "errored")]);
    assert_eq!(names(&suite(broken, "Suite setup failed:\nx")), [("A.B.C", "T", "errored")]);
    assert_eq!(names(&suite("", "Suite setup failed:\nx")), [("A.B.C", "(setup)", "errored")]);
    let both = suite("", "Suite setup failed:\nx\n\nAlso suite teardown failed:\ny");
    assert_eq!(both.cases.len(), 2);
}

#[test]
fn runs_that_were_merged_are_attempts() {
    let message = "*HTML* &lt;span class=\"merge\"&gt;Test has been re-executed and results merged.&lt;/span&gt;&lt;hr&gt;\
        &lt;span class=\"new-status\"&gt;New status:&lt;/span&gt; &lt;span class=\"pass\"&gt;PASS&lt;/span&gt;&lt;br&gt;&lt;hr&gt;\
        &lt;span class=\"old-status\"&gt;Old status:&lt;/span&gt; &lt;span class=\"fail\"&gt;FAIL&lt;/span&gt;&lt;br&gt;\
        &lt;span class=\"old-message\"&gt;Old message:&lt;/span&gt; boom&lt;br&gt;";
    let report = suite(&format!("<test name='T'><status status='PASS' elapsed='0.5'>{message}</status></test>"), "");
    let attempts: Vec<_> = report
        .cases
        .iter()
        .map(|case| (case.attempt, case.status, case.message.as_deref(), case.duration_us))
        .collect();
    let expected = [(1, Status::Failed, Some("boom"), None), (2, Status::Passed, None, Some(500_000))];
    assert_eq!(attempts, expected);
}

#[test]
fn keywords_nest_deeper_than_in_other_formats_but_not_without_end() {
    let nested = |depth: usize| {
        let inside = "<kw>".repeat(depth) + &"</kw>".repeat(depth);
        format!("<robot><suite name='A'><test name='T'>{inside}<status status='PASS'/></test></suite></robot>")
    };
    assert_eq!(read("output.xml", nested(300).as_bytes()).unwrap().cases.len(), 1);
    assert!(read("output.xml", nested(100_000).as_bytes()).is_err());
}

#[test]
fn what_keywords_and_statistics_say_is_no_test() {
    let text = "<robot><suite name='A'><kw type='SETUP'><status status='FAIL'>k</status></kw>
        <test name='T' line='3'><kw><test name='no'/><status status='FAIL'>k</status></kw>
        <status status='PASS' starttime='20261120 10:00:00.000' endtime='20261120 10:00:01.500'/></test>
        <status status='PASS'/></suite>
        <statistics><total><stat pass='2' fail='0' skip='0'>All Tests</stat></total><suite><stat>A</stat></suite>
        </statistics><errors><msg level='WARN'>x</msg></errors></robot>";
    let report = read("output.xml", text.as_bytes()).unwrap();
    assert_eq!(names(&report), [("A", "T", "passed")]);
    assert_eq!((report.cases[0].duration_us, report.cases[0].line), (Some(1_500_000), Some(3)));
    assert_eq!(report.started_at, Some(1_795_168_800_000_000));
    assert_eq!(report.warnings[0].text, "declared are 2 tests, listed are 1");
    assert_eq!(report.ignored.values().sum::<usize>(), 1);
}
