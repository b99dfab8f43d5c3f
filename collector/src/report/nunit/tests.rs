//! The rules of the NUnit reader, each by the smallest text that shows it.

use annals_data::row::{Outcome, Status};

use crate::report::{Report, read};

fn cases(text: &str) -> Vec<Outcome> {
    read("a.xml", text.as_bytes()).unwrap().cases
}

fn run(inside: &str) -> Report {
    let text = format!(
        "<test-run><test-suite type='Assembly' name='a.dll' fullname='/b/a.dll' result='Failed' site='Child'>
        <test-suite type='TestFixture' name='C' fullname='N.C' result='Failed' site='Child'>{inside}
        </test-suite></test-suite></test-run>"
    );
    read("a.xml", text.as_bytes()).unwrap()
}

#[test]
fn every_result_has_a_status() {
    let timeout = "<failure><message>Test exceeded Timeout value of 100ms</message></failure>";
    let table = [
        ("result='Passed'", "", Status::Passed),
        ("result='Warning'", "", Status::Passed),
        ("result='Failed'", "", Status::Failed),
        ("result='Failed' label='Error'", "", Status::Errored),
        ("result='Failed' label='Invalid'", "", Status::Errored),
        ("result='Failed' label='Cancelled'", "", Status::Errored),
        ("result='Failed' site='SetUp'", "", Status::Errored),
        ("result='Failed' site='TearDown'", "", Status::Errored),
        ("result='Failed' site='Parent'", "", Status::Errored),
        ("result='Failed'", timeout, Status::Errored),
        ("result='Skipped' label='Ignored'", "", Status::Skipped),
        ("result='Skipped' label='Explicit'", "", Status::Skipped),
        ("result='Inconclusive'", "", Status::Skipped),
        ("result='Success' executed='True'", "", Status::Passed),
        ("result='Failure' executed='True'", "", Status::Failed),
        ("result='Error' executed='True'", "", Status::Errored),
        ("result='NotRunnable' executed='False'", "", Status::Errored),
        ("result='Cancelled' executed='False'", "", Status::Errored),
        ("result='Ignored' executed='False'", "", Status::Skipped),
        ("executed='False'", "<failure/>", Status::Skipped),
        ("executed='True' success='False'", "", Status::Failed),
        ("executed='True'", "<failure/>", Status::Failed),
        ("executed='True'", timeout, Status::Errored),
        ("executed='true' success='true'", "", Status::Passed),
        ("executed='True'", "", Status::Passed),
    ];
    for (attributes, inside, expected) in table {
        let report = run(&format!("<test-case name='T' fullname='N.C.T' {attributes}>{inside}</test-case>"));
        let case = &report.cases[0];
        assert_eq!(case.status, expected, "{attributes}");
        assert_eq!(case.error_kind.is_some(), inside == timeout, "{attributes}");
        assert_eq!(report.warnings, [], "{attributes}");
    }
    for attributes in ["result='Odd'", ""] {
        let report = run(&format!("<test-case name='T' {attributes}/>"));
        assert_eq!((report.cases[0].status, report.warnings.len()), (Status::Errored, 1), "{attributes}");
    }
}

#[test]
fn full_names_give_the_suite_of_version_3() {
    let table = [
        ("name='T(1.5)' fullname='N.C.T(1.5)' classname='N.C'", "N.C", "T(1.5)"),
        ("name='T' fullname='N.C(\"a.b\").T' classname='N.C'", "N.C(\"a.b\")", "T"),
        ("name='a title' fullname='another' classname='N.C'", "N.C", "a title"),
        ("name='T' fullname='T'", "N.C", "T"),
        ("name='' fullname='N.C.T'", "N.C", "N.C.T"),
    ];
    for (attributes, suite, name) in table {
        let report = run(&format!(
            "<test-suite type='ParameterizedMethod' name='T' fullname='N.C.T'>
            <test-case {attributes} result='Passed'/></test-suite>"
        ));
        let found = (report.cases[0].suite.as_str(), report.cases[0].name.as_str());
        if attributes.contains("name=''") {
            assert_eq!(found.1, name);
        } else {
            assert_eq!(found, (suite, name), "{attributes}");
        }
    }
}

#[test]
fn the_suites_around_give_the_suite_of_version_2() {
    let table = [
        (&["/b/a.dll", "N", "M", "C"][..], "N.M.C.T", "N.M.C", "T"),
        (&["/b/a.dll", "N", "M", "C", "T"], "N.M.C.T(\"x.y\")", "N.M.C", "T(\"x.y\")"),
        (&["a.dll", "N", "N.C"], "N.C.T", "N.C", "T"),
        (&["a.dll", "C<Int32>"], "C<Int32>.T", "C<Int32>", "T"),
        (&["a.dll", "N", "C", "C<Int32>(5)"], "N.C<Int32>(5).T", "N.C<Int32>(5)", "T"),
        (&["Passwords"], "testChange", "Passwords", "testChange"),
        (&["./a.dll"], "alone", "a.dll", "alone"),
    ];
    for (suites, full, suite, name) in table {
        let escape = |text: &str| text.replace('<', "&lt;").replace('"', "&quot;");
        let opened: String = suites.iter().map(|s| format!("<test-suite name=\"{}\"><results>", escape(s))).collect();
        let closed = "</results></test-suite>".repeat(suites.len());
        let case = format!("<test-case name=\"{}\" executed='True'/>", escape(full));
        let found = &cases(&format!("<test-results>{opened}{case}{closed}</test-results>"))[0];
        assert_eq!((found.suite.as_str(), found.name.as_str()), (suite, name), "{full}");
    }
}

#[test]
fn a_suite_is_an_outcome_only_where_its_tests_do_not_tell() {
    let suite = |attributes: &str, inside: &str| {
        let report = run(&format!(
            "<test-suite type='TestFixture' name='D' fullname='N.D' {attributes}>
            <failure><message>m</message><stack-trace>s</stack-trace></failure>{inside}</test-suite>"
        ));
        report.cases.into_iter().map(|case| (case.suite, case.name, case.status)).collect::<Vec<_>>()
    };
    let of = |name: &str, status| ("N.D".to_owned(), name.to_owned(), status);
    let broken = "<test-case name='T' fullname='N.D.T' result='Failed' site='Parent'/>";
    let fine = "<test-case name='T' fullname='N.D.T' result='Passed'/>";
    let (errored, passed) = (Status::Errored, Status::Passed);
    assert_eq!(suite("result='Failed' site='SetUp'", broken), [of("T", errored)]);
    assert_eq!(suite("result='Failed' site='SetUp'", ""), [of("(setup)", errored)]);
    assert_eq!(suite("result='Failed' site='TearDown'", fine), [of("T", passed), of("(teardown)", errored)]);
    assert_eq!(suite("result='Failed' label='Invalid'", ""), [of("(suite)", errored)]);
    // Then the suite around it has failed by itself.
    let around = [("N.C".to_owned(), "(suite)".to_owned(), errored)];
    assert_eq!(suite("result='Failed' site='Parent'", ""), around);
    assert_eq!(suite("result='Skipped'", ""), around);
}

#[test]
fn counters_of_both_versions_are_compared() {
    let warnings = |text: &str| read("a.xml", text.as_bytes()).unwrap().warnings.len();
    let case = "<test-suite name='C'><test-case name='T' executed='False'/></test-suite>";
    assert_eq!(warnings(&format!("<test-results total='0' not-run='1'>{case}</test-results>")), 0);
    assert_eq!(warnings(&format!("<test-results total='1'>{case}</test-results>")), 0);
    assert_eq!(warnings(&format!("<test-results total='3'>{case}</test-results>")), 1);
}

#[test]
fn a_suite_of_another_tool_is_not_claimed() {
    let error = read("a.xml", b"<test-suite start='1'><name>S</name><test-cases/></test-suite>").unwrap_err();
    assert!(error.reason.contains("known formats"), "{error}");
}
