//! The rules of the reader, each by the smallest text that shows it.

use annals_data::row::{Kind, Status};

use super::only;
use crate::report::{Limits, read, read_with};

#[test]
fn statuses_follow_the_table() {
    let table = [
        ("<testcase name='a'/>", Status::Passed),
        ("<testcase name='a' status='run'><system-out>x</system-out></testcase>", Status::Passed),
        ("<testcase name='a'><failure/></testcase>", Status::Failed),
        ("<testcase name='a'><error/></testcase>", Status::Errored),
        ("<testcase name='a'><failure/><error/></testcase>", Status::Errored),
        ("<testcase name='a'><skipped/><failure/></testcase>", Status::Failed),
        ("<testcase name='a'><skipped/></testcase>", Status::Skipped),
        ("<testcase name='a'><ignored/></testcase>", Status::Skipped),
        ("<testcase name='a'><disabled/></testcase>", Status::Skipped),
        ("<testcase name='a'><skipped type='todo'/></testcase>", Status::Skipped),
        ("<testcase name='a' failure='x'><skipped type='todo'/></testcase>", Status::Xfailed),
        ("<testcase name='a'><skipped type='pytest.xfail'/></testcase>", Status::Xfailed),
        ("<testcase name='a'><failure message='[XPASS(strict)] why'/></testcase>", Status::Xpassed),
        (
            "<testcase name='a'><skipped message='TEST_CASE tagged with !mayfail'/><failure/></testcase>",
            Status::Xfailed,
        ),
        ("<testcase name='a' status='notrun'><skipped message='Required Files Missing'/></testcase>", Status::Errored),
        ("<testcase name='a' status='disabled'/>", Status::Skipped),
        ("<testcase name='a' status='run' result='suppressed'/>", Status::Skipped),
        ("<testcase name='a' status='FAILED'/>", Status::Failed),
        ("<testcase name='a' status='errored'/>", Status::Errored),
        ("<testcase name='a' failure='1 == 2'/>", Status::Failed),
        ("<testcase name='a'><warning>w</warning></testcase>", Status::Passed),
    ];
    for (text, expected) in table {
        assert_eq!(only(text).status, expected, "{text}");
    }
}

#[test]
fn a_failure_without_a_body_is_explained_by_what_the_test_printed() {
    let message = |text: &str| only(text).message.unwrap_or_default();
    let out = "<system-out>printed</system-out><system-err>and warned</system-err>";
    assert_eq!(message(&format!("<testcase name='a'><failure type='assert'/>{out}</testcase>")), "printed\nand warned");
    assert_eq!(message(&format!("<testcase name='a'><failure>x &lt; 1</failure>{out}</testcase>")), "x < 1");
    assert_eq!(message(&format!("<testcase name='a'><skipped/>{out}</testcase>")), "");
    assert_eq!(message("<testcase name='a'><failure type='assert'/></testcase>"), "assert");
    assert_eq!(message("<testcase name='a'><failure message='a&#10;b'/><error message='c'/></testcase>"), "a\nb\n\nc");
}

#[test]
fn equal_names_are_attempts_in_order() {
    let text = "<testsuites><testsuite name='A'><testcase classname='c' name='n'><failure/></testcase></testsuite>
        <testsuite name='B'><testcase classname='c' name='n'/><testcase classname='c' name='m'/></testsuite></testsuites>
        <testsuite name='C'><testcase classname='c' name='n'/></testsuite>";
    let report = read("a.xml", text.as_bytes()).unwrap();
    let attempts: Vec<_> = report.cases.iter().map(|c| (c.name.as_str(), c.attempt, c.status)).collect();
    let (failed, passed) = (Status::Failed, Status::Passed);
    assert_eq!(attempts, [("n", 1, failed), ("n", 2, passed), ("m", 1, passed), ("n", 3, passed)]);
}

#[test]
fn only_pytest_hides_failures_in_bare_repetitions() {
    let statuses = |suite: &str| -> Vec<Status> {
        let text = format!("<testsuite name='{suite}'><testcase name='a'/><testcase name='a'/></testsuite>");
        read("a.xml", text.as_bytes()).unwrap().cases.iter().map(|outcome| outcome.status).collect()
    };
    assert_eq!(statuses("pytest"), [Status::Failed, Status::Passed]);
    assert_eq!(statuses("other"), [Status::Passed, Status::Passed]);
}

#[test]
fn a_flaky_test_that_its_tool_counts_as_failed_is_failed_at_last() {
    let text = "<testsuite><testcase name='a'><failure message='passed on attempt 2'/><flakyFailure message='no'/>
        </testcase></testsuite>";
    let report = read("a.xml", text.as_bytes()).unwrap();
    let messages: Vec<_> = report.cases.iter().map(|c| (c.status, c.message.as_deref().unwrap())).collect();
    assert_eq!(messages, [(Status::Failed, "no"), (Status::Failed, "passed on attempt 2")]);
}

#[test]
fn a_report_that_lists_failures_only_is_marked() {
    let report = |listed| {
        let text = format!("<testsuite name='A' tests='90'><testcase name='a'>{listed}</testcase></testsuite>");
        read("a.xml", text.as_bytes()).unwrap()
    };
    assert!(report("<failure/>").is_failures_only);
    assert!(!report("").is_failures_only);
    assert_eq!(report("").warnings[0].text, "declared are 90 tests, listed are 1");
}

#[test]
fn what_breaks_a_suite_as_a_whole_is_of_the_suite() {
    let whole = |begin: &str, case: &str| {
        let report = read("a.xml", format!("{begin}{case}</testsuite></testsuites>").as_bytes()).unwrap();
        let [outcome] = &report.cases[..] else { panic!("{case}: {report:?}") };
        assert!(report.warnings.is_empty(), "{case}: {report:?}");
        assert_eq!(outcome.kind, Kind::Suite, "{case}");
        format!("{} :: {} {}", outcome.suite, outcome.name, outcome.status.as_str())
    };
    let go = "<testsuites><testsuite name='example.org/shop'><properties><property name='go.version' value='1.24'/>
        </properties>";
    let java = "<testsuites><testsuite name='org.a.ATest' noNamespaceSchemaLocation='surefire.xsd'>";
    let [pytest, gtest, jest, any] = ["pytest tests", "AllTests", "jest tests", ""]
        .map(|name| format!("<testsuites name='{name}'><testsuite name='S'>"));
    let bad = "<error message='collection failure'>no module</error>";
    let skipped = "<skipped message='collection skipped'/>";
    let jest_hook = "Test execution failure: could be caused by test hooks like 'afterAll'.";
    let table = [
        (&*pytest, format!("<testcase classname='' name='tests.test_a'>{bad}"), "tests.test_a :: (suite) errored"),
        (&*pytest, format!("<testcase classname='test_a' name='TestB'>{bad}"), "test_a.TestB :: (suite) errored"),
        (&*pytest, format!("<testcase classname='' name='test_a'>{skipped}"), "test_a :: (suite) skipped"),
        (go, "<testcase name='TestMain' classname=''><failure/>".into(), "example.org/shop :: (suite) failed"),
        (go, "<testcase name='TestMain' classname='.'><failure/>".into(), "example.org/shop :: (suite) failed"),
        (go, "<testcase name='Failure' classname='shop'><failure/>".into(), "example.org/shop :: (suite) failed"),
        (
            &*any,
            "<testcase name='Failure' classname='S'><error message='Runtime error'/>".into(),
            "S :: (suite) errored",
        ),
        (&*any, "<testcase name='[build failed]' classname='S_test'><error/>".into(), "S :: (suite) errored"),
        (&*any, "<testcase name='[setup failed]' classname='S'><failure/>".into(), "S :: (suite) failed"),
        (&*any, "<testcase name='initializationError' classname='B'><failure/>".into(), "B :: (suite) failed"),
        (&*any, "<testcase name='executionError' classname='B'><failure/>".into(), "B :: (suite) failed"),
        (&*any, "<testcase name='classMethod' classname='B'><skipped/>".into(), "B :: (suite) skipped"),
        (java, "<testcase name='' classname='org.a.ATest'><error/>".into(), "org.a.ATest :: (suite) errored"),
        (java, "<testcase name='' classname='org.a.ATest'><skipped/>".into(), "org.a.ATest :: (suite) skipped"),
        (
            java,
            "<testcase name='org.a.ATest' classname='org.a.ATest'><error/>".into(),
            "org.a.ATest :: (suite) errored",
        ),
        (&*gtest, "<testcase name='' classname='' status='run'><failure/>".into(), "S :: (suite) failed"),
        (
            &*jest,
            "<testcase name='a.js' classname='Test suite failed to run'><error/>".into(),
            "a.js :: (suite) errored",
        ),
        (
            &*jest,
            format!("<testcase name=\" {jest_hook}\" classname=\" {jest_hook}\"><failure/>"),
            "S :: (suite) failed",
        ),
        (
            &*any,
            "<testcase name='&quot;before all&quot; hook for &quot;a&quot;' classname='B'><failure/>".into(),
            "B :: \"before all\" hook for \"a\" failed",
        ),
    ];
    for (begin, case, expected) in table {
        assert_eq!(whole(begin, &format!("{case}</testcase>")), expected);
    }
}

#[test]
fn a_test_that_only_looks_like_a_suite_stays_a_test() {
    for case in [
        "name='TestMain' classname=''><properties/>",
        "name='TestMain' classname='shop'><failure/>",
        "name='Failure' classname='shop'><failure/>",
        "name='initializationError' classname='B'><system-out/>",
        "name='initializationError'><failure/>",
        "name='tests.test_a' classname=''><failure message='collection'/>",
        "name='S' classname='S'><failure/>",
        "name='a.js' classname='Test suite failed to run'>",
        "name='&quot;before all&quot; hook for &quot;a&quot;'>",
        "name='[build failed]'>",
        "><failure/>",
    ] {
        assert_eq!(only(&format!("<testcase {case}</testcase>")).kind, Kind::Test, "{case}");
    }
}

#[test]
fn a_file_that_jest_writes_twice_failed_once() {
    let case = |verdict| format!("<testcase name='a.js' classname='Test suite failed to run'>{verdict}</testcase>");
    let text = [case("<error>syntax</error>"), case("<failure>code</failure>")].concat();
    assert_eq!(only(&text).message.as_deref(), Some("syntax\n\ncode"));
}

#[test]
fn a_case_without_a_name_is_kept_apart_from_others() {
    let report = read("a.xml", b"<testsuite>\n<testcase/>\n<testcase name=' '/></testsuite>").unwrap();
    let names: Vec<_> = report.cases.iter().map(|outcome| outcome.name.as_str()).collect();
    assert_eq!(names, ["(unnamed 1)", "(unnamed 2)"]);
    assert_eq!(report.warnings.iter().map(|warning| warning.line).collect::<Vec<_>>(), [2, 3]);
}

#[test]
fn long_texts_keep_head_and_tail() {
    let body = "0123456789".repeat(100_000);
    let message = only(&format!("<testcase name='a'><failure>first {body} last</failure></testcase>")).message.unwrap();
    assert!(message.len() < (64 << 10) + 100 && message.starts_with("first ") && message.ends_with(" last"));
    assert!(message.contains("bytes left out"));
}

#[test]
fn warnings_are_bounded_and_counted() {
    let text = format!("<testsuite>{}</testsuite>", "<testcase name='a' time='x'/>\n".repeat(10));
    let limits = Limits { warnings: 3, ..Limits::default() };
    let report = read_with("a.xml", text.as_bytes(), &limits).unwrap();
    let lines: Vec<_> = report.warnings.iter().map(|warning| warning.line).collect();
    assert_eq!(lines[..3], [1, 2, 3]);
    assert_eq!(report.warnings.last().unwrap().text, "7 further warnings are left out");
}

#[test]
fn an_unknown_element_is_told_once() {
    let text =
        "<testsuite><testcase name='a'><video/><video/></testcase><extra><testcase name='b'/></extra></testsuite>";
    let report = read("a.xml", text.as_bytes()).unwrap();
    let texts: Vec<_> = report.warnings.iter().map(|warning| warning.text.as_str()).collect();
    assert_eq!(texts, ["the element `video` is not known and ignored", "the element `extra` is not known and ignored"]);
}

#[test]
fn words_tell_what_became_of_them() {
    let text = "<testsuite name='pytest' timestamp='2026-11-20T10:00:00'><properties/>
        <testcase classname='c' name='a'/><testcase classname='c' name='a'><failure/></testcase>
        <testcase classname='c' name='b'><skipped type='pytest.xfail'/></testcase>
        <testcase classname='c' name='d'><failure/></testcase>
        <testcase classname='c' name='d'><error message='failed on teardown with x'/></testcase>
        <testcase classname='c' name='e' status='run' result='completed'/><odd/><odd/></testsuite>";
    let report = read("a.xml", text.as_bytes()).unwrap();
    let words: Vec<_> = report.words.iter().map(|((word, status), count)| (word.as_str(), *status, *count)).collect();
    assert_eq!(
        words,
        [
            ("failure", Status::Failed, 2),
            ("no child", Status::Failed, 1),
            ("skipped pytest.xfail", Status::Xfailed, 1),
            ("status run, result completed", Status::Passed, 1),
        ]
    );
    let ignored: Vec<_> = report.ignored.iter().map(|(what, count)| (what.as_str(), *count)).collect();
    let halves = "second cases of one run: a tear-down, a file that does not load";
    assert_eq!(ignored, [("elements `odd`", 2), (halves, 1)]);
    assert_eq!(report.started_at, Some(1_795_168_800_000_000));
}

#[test]
fn distinct_words_are_bounded() {
    let cases: String = (0..200).map(|n| format!("<testcase name='a{n}' status='s{n}'/>")).collect();
    let report = read("a.xml", format!("<testsuite>{cases}</testsuite>").as_bytes()).unwrap();
    assert_eq!(report.words.len(), 50);
    assert_eq!(report.words.values().sum::<usize>(), 200);
}

#[test]
fn tools_are_seen_by_their_own_words() {
    let table = [
        ("<testsuites name='jest tests'/>", Some("jest")),
        ("<testsuites name='vitest tests'/>", Some("Vitest")),
        ("<testsuite name='pytest'/>", Some("pytest")),
        ("<testsuites><testsuite name='test' package='test'/></testsuites>", Some("libtest")),
        (
            "<testsuite><properties><property name='go.version' value='go1.22.1 linux'/></properties></testsuite>",
            Some("go test 1.22.1"),
        ),
        ("<testsuite><testcase name='a' classname='a' status='run'/></testsuite>", Some("CTest")),
        ("<testsuite><testcase name='a' class='A\\B' file='/b/a.php'/></testsuite>", Some("PHPUnit")),
        ("<testsuite name='org.example.A'/>", None),
    ];
    for (text, expected) in table {
        assert_eq!(read("a.xml", text.as_bytes()).unwrap().tool.as_deref(), expected, "{text}");
    }
}

#[test]
fn the_type_of_a_retry_is_bounded_as_its_text_is() {
    let kind = "x".repeat(3000);
    let text = format!("<testsuite><testcase name='a'><flakyFailure type='{kind}'/></testcase></testsuite>");
    let limits = Limits { message: 1000, ..Limits::default() };
    let report = read_with("a.xml", text.as_bytes(), &limits).unwrap();
    let message = report.cases[0].message.as_deref().unwrap();
    assert!(message.len() < 1100 && message.contains("left out"), "{message}");
}
