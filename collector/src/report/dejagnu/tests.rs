//! Tests of the DejaGnu reader: its rules by small summaries.

use annals_data::row::Status;

use crate::report::{Report, read};

/// Returns a run of one target.
fn run(inside: &str) -> String {
    format!("Test run by me on Sat Nov 21 03:16:20 2026\n\t\t=== foo tests ===\n{inside}\n\t\t=== foo Summary ===\n")
}

fn report(text: &str) -> Report {
    let report = read("a.sum", text.as_bytes()).unwrap();
    assert_eq!(report.format, "dejagnu");
    report
}

#[test]
fn statuses_follow_the_table() {
    let table = [
        ("PASS: a", Status::Passed, None),
        ("FAIL: a", Status::Failed, None),
        ("XFAIL: a", Status::Xfailed, None),
        ("KFAIL: a (PRMS: gdb/12)", Status::Xfailed, None),
        ("XPASS: a", Status::Xpassed, None),
        ("KPASS: a (PRMS gdb/12)", Status::Xpassed, None),
        ("UNSUPPORTED: a", Status::Skipped, None),
        ("UNTESTED: a", Status::Skipped, None),
        ("UNRESOLVED: a", Status::Errored, None),
        ("FAIL: a (timeout)", Status::Errored, Some("timed_out")),
        ("WARNING: program timed out.\nFAIL: a", Status::Errored, Some("timed_out")),
        ("WARNING: program timed out.\nPASS: a", Status::Passed, None),
        ("UNRESOLVED: a (GDB internal error)", Status::Errored, Some("crashed")),
        ("FAIL: a (eof)", Status::Errored, Some("crashed")),
    ];
    for (line, status, kind) in table {
        let report = report(&run(line));
        assert_eq!(report.cases.len(), 1, "{line}");
        let case = &report.cases[0];
        assert_eq!((case.name.as_str(), case.status, case.error_kind.as_deref()), ("a", status, kind), "{line}");
    }
}

#[test]
fn suites_do_not_depend_on_where_the_sources_are() {
    let suite = |path: &str| report(&run(&format!("Running {path} ...\nPASS: a"))).cases[0].suite.clone();
    assert_eq!(suite("/build/42/gcc/testsuite/gcc.dg/dg.exp"), "gcc.dg/dg.exp");
    assert_eq!(suite("../../src/testsuite/gdb.base/a.exp"), "gdb.base/a.exp");
    assert_eq!(suite("testsuite/foo.t/a.exp"), "foo.t/a.exp");
    assert_eq!(suite("/tmp/x/a.exp"), "a.exp");
    assert_eq!(suite("./tests/a.exp"), "tests/a.exp");
    assert_eq!(report(&run("PASS: a")).cases[0].suite, "foo");
}

#[test]
fn several_targets_are_told_apart() {
    let part = |target: &str, word: &str| {
        format!(
            "Running target {target}\nRunning t/a.exp ...\n{word}: x\n\t\t=== foo Summary for {target} ===\n# of expected passes\t\t1\n"
        )
    };
    let report = report(&run(&(part("unix", "PASS") + &part("unix/-m32", "FAIL"))));
    let suites: Vec<_> = report.cases.iter().map(|case| (case.suite.as_str(), case.attempt)).collect();
    assert_eq!(suites, [("unix > t/a.exp", 1), ("unix/-m32 > t/a.exp", 1)]);
    assert_eq!(report.warnings[0].text, "declared are 1 expected passes, listed are 0");
}

#[test]
fn repeated_names_are_tests_and_repeated_runs_attempts() {
    let once = run("PASS: a\nFAIL: a");
    let report = report(&(once.clone() + &once));
    let names: Vec<_> = report.cases.iter().map(|case| (case.name.as_str(), case.attempt)).collect();
    assert_eq!(names, [("a", 1), ("a #2", 1), ("a", 2), ("a #2", 2)]);
    assert!(report.warnings.is_empty());
}

#[test]
fn errors_are_told_of_their_script() {
    let text = run(
        "Running t/a.exp ...\nERROR: tcl error sourcing t/a.exp.\nERROR: no such variable\nUNRESOLVED: b\nRunning t/b.exp ...\nPASS: c",
    );
    let report = report(&text);
    let case = report.cases.iter().find(|case| case.name == "(suite)").unwrap();
    assert_eq!((case.suite.as_str(), case.status), ("t/a.exp", Status::Errored));
    assert_eq!(case.message.as_deref(), Some("tcl error sourcing t/a.exp.\nno such variable"));
    assert_eq!(report.cases.len(), 3);
}

#[test]
fn an_interrupted_run_is_told() {
    let report = report(&run("PASS: a\ngot a INT signal, interrupted by user"));
    assert_eq!((report.cases[1].name.as_str(), report.cases[1].status), ("(interrupted)", Status::Errored));
}

#[test]
fn a_report_without_a_summary_is_refused() {
    let text = "Test run by me on Sat Nov 21 03:16:20 2026\n\t\t=== foo tests ===\nPASS: a\n";
    insta::assert_snapshot!(
        read("a.sum", text.as_bytes()).expect_err("no summary"),
        @"a.sum:4: the report is truncated: it does not end with a summary; the last complete test is `a` of `foo`"
    );
}

#[test]
fn large_reports_are_read_in_time() {
    let text = run(&("WARNING: program timed out.\nsome output\n".repeat(20_000) + &"FAIL: a\n".repeat(20_000)));
    assert_eq!(report(&text).cases.len(), 20_000);
}
