//! The rules of the TRX reader, each by the smallest text that shows it.

use annals_data::row::Status;

use crate::report::{Report, read};

/// Returns the report of a run with these results, of one class.
fn run(results: &str, rest: &str) -> Report {
    let text = format!(
        "<TestRun><Results>{results}</Results><TestDefinitions><UnitTest id='1' storage='C:\\b\\t.dll'>
        <TestMethod className='N.C' name='T'/></UnitTest></TestDefinitions>{rest}</TestRun>"
    );
    read("a.trx", text.as_bytes()).unwrap()
}

#[test]
fn every_outcome_has_a_status() {
    let table = [
        ("Passed", Some((Status::Passed, None))),
        ("PassedButRunAborted", Some((Status::Passed, None))),
        ("Completed", Some((Status::Passed, None))),
        ("Warning", Some((Status::Passed, None))),
        ("Failed", Some((Status::Failed, None))),
        ("Error", Some((Status::Errored, None))),
        ("NotRunnable", Some((Status::Errored, None))),
        ("Disconnected", Some((Status::Errored, None))),
        ("Timeout", Some((Status::Errored, Some("timed_out")))),
        ("Aborted", Some((Status::Errored, Some("crashed")))),
        ("InProgress", Some((Status::Errored, Some("crashed")))),
        ("Inconclusive", Some((Status::Skipped, None))),
        ("NotExecuted", Some((Status::Skipped, None))),
        ("Pending", None),
        ("Odd", Some((Status::Errored, None))),
    ];
    for (word, expected) in table {
        let report = run(&format!("<UnitTestResult testId='1' testName='T' outcome='{word}'/>"), "");
        let found = report.cases.first().map(|case| (case.status, case.error_kind.as_deref()));
        assert_eq!(found, expected, "{word}");
        assert_eq!(report.warnings.is_empty(), word != "Odd", "{word} {:?}", report.warnings);
        assert_eq!(report.words.len() + report.ignored.len(), 1, "{word}");
    }
    let report = run("<UnitTestResult testId='1' testName='T'/>", "");
    assert_eq!((report.cases[0].status, report.warnings.len()), (Status::Errored, 0));
}

#[test]
fn a_test_that_a_broken_run_did_not_reach_has_no_verdict() {
    let results = "<UnitTestResult testId='1' testName='T' outcome='NotExecuted'/>
        <UnitTestResult testId='1' testName='S' outcome='NotExecuted'><Output><StdOut>why</StdOut></Output></UnitTestResult>";
    let report = run(results, "<ResultSummary outcome='Error'/>");
    assert_eq!(report.cases.len(), 1);
    assert_eq!(report.cases[0].message.as_deref(), Some("why"));
    assert_eq!(report.ignored.values().sum::<usize>(), 1);
    assert_eq!(run(results, "<ResultSummary outcome='Completed'/>").cases.len(), 2);
}

#[test]
fn an_error_of_the_run_is_an_outcome_and_an_echo_is_none() {
    let info = |text: &str, outcome: &str| {
        format!("<RunInfos><RunInfo outcome='{outcome}'><Text>{text}</Text></RunInfo></RunInfos>")
    };
    let cases = |text: &str, outcome: &str| {
        run("", &format!("<ResultSummary outcome='Failed'>{}</ResultSummary>", info(text, outcome))).cases
    };
    assert_eq!(cases("[xUnit.net 00:00:01.01]   N.C.T [FAIL]", "Error"), []);
    assert_eq!(cases("slow", "Warning"), []);
    let broken = &cases("no test is available", "Error")[0];
    assert_eq!((broken.suite.as_str(), broken.name.as_str(), broken.status), ("t.dll", "(run)", Status::Errored));
    assert_eq!(broken.error_kind, None);
    let crashed = &cases("The active test run was aborted. Reason: Test host process crashed", "Error")[0];
    assert_eq!(crashed.error_kind.as_deref(), Some("crashed"));
}

#[test]
fn a_wrong_counter_is_told() {
    let one = "<UnitTestResult testId='1' testName='T' outcome='Passed'/>";
    let report = run(one, "<ResultSummary><Counters total='3'/></ResultSummary>");
    assert_eq!(report.warnings[0].text, "declared are 3 tests, listed are 1");
}

#[test]
fn tool_and_start_are_those_of_the_file() {
    let text = "<TestRun><Times start='2026-11-20T09:00:00.5+01:00'/><ResultSummary><Output>
        <StdOut>NUnit Adapter 4.6.0.0: Test execution started</StdOut></Output></ResultSummary></TestRun>";
    let report = read("a.trx", text.as_bytes()).unwrap();
    assert_eq!(report.tool.as_deref(), Some("NUnit Adapter 4.6.0.0"));
    assert_eq!(report.started_at, Some(1_795_161_600_500_000));
}

#[test]
fn a_cut_file_is_refused() {
    let text = "<TestRun>\n<Results>\n<UnitTestResult testName='T' outcome='Passed'/>\n";
    let error = read("a.trx", text.as_bytes()).unwrap_err().to_string();
    assert_eq!(error, "a.trx:4: the report is truncated: it ends with 2 open elements; the last complete test is `T`");
}
