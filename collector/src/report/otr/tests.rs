//! The rules of the Open Test Reporting reader, each by the smallest text that shows it.

use annals_data::row::Status;

use crate::report::{Report, read};

const NAMESPACES: &str = "xmlns='https://schemas.opentest4j.org/reporting/core/0.2.0' \
    xmlns:e='https://schemas.opentest4j.org/reporting/events/0.2.0' \
    xmlns:h='https://schemas.opentest4j.org/reporting/hierarchy/0.2.0' \
    xmlns:java='https://schemas.opentest4j.org/reporting/java/0.2.0' \
    xmlns:junit='https://schemas.junit.org/open-test-reporting'";

fn events(inside: &str) -> Report {
    read("a.xml", format!("<e:events {NAMESPACES}>{inside}</e:events>").as_bytes()).unwrap()
}

fn names(report: &Report) -> Vec<(&str, &str, &str)> {
    report.cases.iter().map(|c| (c.suite.as_str(), c.name.as_str(), c.status.as_str())).collect()
}

#[test]
fn every_status_follows_the_table() {
    let throwable =
        |flag: &str, text: &str| format!("<java:throwable type='T' assertionError='{flag}'>{text}</java:throwable>");
    let timeout = throwable("true", "T: execution timed out after 10 ms");
    let table = [
        ("SUCCESSFUL", String::new(), Some((Status::Passed, None))),
        ("FAILED", String::new(), Some((Status::Failed, None))),
        ("FAILED", throwable("true", "x"), Some((Status::Failed, None))),
        ("FAILED", throwable("false", "x"), Some((Status::Errored, None))),
        ("FAILED", timeout, Some((Status::Errored, Some("timed_out")))),
        ("ERRORED", String::new(), Some((Status::Errored, None))),
        ("SKIPPED", "<reason>why</reason>".to_owned(), Some((Status::Skipped, None))),
        ("ABORTED", String::new(), Some((Status::Skipped, None))),
        ("ODD", String::new(), Some((Status::Errored, None))),
    ];
    for (word, inside, expected) in table {
        let report = events(&format!(
            "<e:started id='1' name='t' time=''/><e:finished id='1' time=''><result status='{word}'>{inside}</result>
            </e:finished>"
        ));
        let found = report.cases.first().map(|case| (case.status, case.error_kind.as_deref()));
        assert_eq!(found, expected, "{word} {inside}");
        assert_eq!(report.warnings.len(), usize::from(word == "ODD"), "{word}");
    }
}

#[test]
fn a_test_without_an_end_crashed_and_one_without_a_result_is_left_out() {
    let report = events("<e:started id='1' name='c'/><e:started id='2' name='t' parentId='1'/>");
    assert_eq!(names(&report), [("c", "t", "errored")]);
    assert_eq!(report.cases[0].error_kind.as_deref(), Some("crashed"));
    assert_eq!(report.warnings[0].text, "`t` was started and never finished; it counts as crashed");
    let report = events("<e:started id='1' name='t'/><e:finished id='1'/><e:finished id='9'/>");
    assert_eq!((report.cases.len(), report.ignored.values().sum::<usize>(), report.warnings.len()), (0, 1, 1));
}

#[test]
fn a_container_is_an_outcome_only_where_its_tests_do_not_tell() {
    let report = |status: &str, inside: &str, test: &str| {
        events(&format!(
            "<e:started id='1' name='c'/><e:started id='2' name='t' parentId='1'/>
            <e:finished id='2'><result status='{test}'/></e:finished>
            <e:finished id='1'><result status='{status}'>{inside}</result></e:finished>"
        ))
    };
    let thrown = "<java:throwable type='T'>T: tear-down</java:throwable>";
    assert_eq!(names(&report("SUCCESSFUL", "", "FAILED")), [("c", "t", "failed")]);
    assert_eq!(names(&report("FAILED", "", "FAILED")), [("c", "t", "failed")]);
    assert_eq!(names(&report("FAILED", thrown, "SUCCESSFUL")), [("c", "(suite)", "errored"), ("c", "t", "passed")]);
    assert_eq!(names(&report("FAILED", "", "SUCCESSFUL")), [("c", "(suite)", "errored"), ("c", "t", "passed")]);
    assert_eq!(names(&report("ABORTED", "", "SKIPPED")), [("c", "(suite)", "skipped"), ("c", "t", "skipped")]);
}

#[test]
fn ancestors_that_go_round_and_a_second_run_are_no_trap() {
    let run = "<e:started id='1' name='a' parentId='2'/><e:started id='2' name='b' parentId='1'/>
        <e:finished id='1'><result status='FAILED'/></e:finished><e:finished id='2'><result status='FAILED'/></e:finished>";
    assert_eq!(events(run).cases.len(), 2);
    let once = |status: &str| {
        format!("<e:started id='1' name='t'/><e:finished id='1'><result status='{status}'/></e:finished>")
    };
    let report = events(&(once("FAILED") + &once("SUCCESSFUL")));
    let attempts: Vec<_> = report.cases.iter().map(|case| (case.attempt, case.status)).collect();
    assert_eq!(attempts, [(1, Status::Failed), (2, Status::Passed)]);
}

#[test]
fn a_long_chain_of_containers_takes_linear_time() {
    let started: String = (1..1_000)
        .map(|n| format!("<e:started id='{n}' name='a rather long name for a container' parentId='{}'/>", n - 1))
        .collect();
    let report = events(&started);
    assert_eq!(report.cases.len(), 1);
    assert!(report.cases[0].suite.len() <= 2 << 10);
}

#[test]
fn a_hierarchy_is_read_as_its_events() {
    let text = format!(
        "<h:execution {NAMESPACES}><h:root name='c' start='2026-11-20T10:00:00Z' duration='PT2S'>
        <result status='SUCCESSFUL'/><h:child name='t' start='2026-11-20T10:00:00.5Z' duration='PT0.25S'>
        <sources><fileSource path='a.c'><filePosition line='7'/></fileSource></sources>
        <result status='FAILED'><reason>why</reason></result></h:child></h:root></h:execution>"
    );
    let report = read("a.xml", text.as_bytes()).unwrap();
    assert_eq!(names(&report), [("c", "t", "failed")]);
    let case = &report.cases[0];
    assert_eq!((case.duration_us, case.file.as_deref(), case.line), (Some(250_000), Some("a.c"), Some(7)));
    assert_eq!((report.started_at, case.message.as_deref()), (Some(1_795_168_800_000_000), Some("why")));
    assert_eq!(report.tool.as_deref(), Some("JUnit Platform"));
}

#[test]
fn a_cut_stream_is_refused() {
    let text =
        format!("<e:events {NAMESPACES}>\n<e:started id='1' name='t'/>\n<e:finished id='1'/>\n<e:started id='2'");
    let error = read("a.xml", text.as_bytes()).unwrap_err().to_string();
    assert!(error.starts_with("a.xml:4: ") && error.ends_with("the last complete node is `t`"), "{error}");
}
