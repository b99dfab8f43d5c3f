//! Tests of the log reader: each rule of its documentation, by small logs.

use std::sync::LazyLock;

use annals_data::row::{Outcome, Status};

use super::{LogRules, read_log};
use crate::report::{Limits, Report};

/// The example of the documentation.
const EXAMPLE: &str = r#"
name = "rest"
use_file_stem = true
[[rule]]
pattern = '^Running module (?<suite>\w+)'
persist = true
ignore = true
[[rule]]
pattern = '^(?<outcome>PASS|FAIL|FLAKY): (?<name>.+?)(?: \((?<duration>[\d.]+m?s)\))?$'
outcomes = { FLAKY = "warning" }
[[rule]]
pattern = '^(?<file>[^:]+):(?<line>\d+): warning: (?<message>.*)'
severity = "warning"
fields = { name = "compiler" }
[[module]]
pattern = '^addons/(?<suite>\w+)/'
"#;

static EXAMPLE_RULES: LazyLock<LogRules> = LazyLock::new(|| rules(EXAMPLE));

fn rules(text: &str) -> LogRules {
    toml::from_str(text).unwrap()
}

fn refused(text: &str) -> String {
    toml::from_str::<LogRules>(text).expect_err(text).message().to_owned()
}

fn report(rules_text: &str, log: &str) -> Report {
    let report = read_log("build.log", log.as_bytes(), &rules(rules_text), &Limits::default()).unwrap();
    report.in_memory("build.log").unwrap()
}

fn only(rules_text: &str, log: &str) -> Outcome {
    let mut report = report(rules_text, log);
    assert_eq!(report.cases.len(), 1, "{report:?}");
    report.cases.remove(0)
}

#[test]
fn the_example_of_the_documentation_works() {
    let documentation: String = include_str!("../log_rules.rs")
        .lines()
        .skip_while(|line| *line != "//! ```toml")
        .skip(1)
        .take_while(|line| *line != "//! ```")
        .flat_map(|line| [line.trim_start_matches("//!").trim_start(), "\n"])
        .collect();
    let log = "hello\nPASS: early\nRunning module sale\nPASS: a b (20ms)\n\u{1b}[31mFAIL: c.d\u{1b}[0m\nFLAKY: e\n\
        addons/base/x.c:7: warning: unused\nsrc/main.test.c:9: warning: shadowed\nsrc/main.c:8: warning: unused\n";
    for text in [EXAMPLE, &documentation] {
        let report = report(text, log);
        let told: Vec<_> = report.cases.iter().map(|c| (c.suite.as_str(), c.name.as_str(), c.status)).collect();
        let (passed, failed) = (Status::Passed, Status::Failed);
        assert_eq!(
            told,
            [
                ("", "early", passed),
                ("sale", "a b", passed),
                ("sale", "c.d", failed),
                ("sale", "e", passed),
                ("base", "compiler", passed),
                ("main", "compiler", passed),
            ]
        );
        assert_eq!(report.format, "log");
        assert_eq!(report.cases[1].duration_us, Some(20_000));
        assert_eq!(report.cases[2].message.as_deref(), Some("FAIL: c.d"));
        assert_eq!(report.cases[3].message.as_deref(), Some("FLAKY: e"));
        let last = &report.cases[5];
        assert_eq!(last.message.as_deref(), Some("shadowed\nunused"));
        assert_eq!((last.file.as_deref(), last.line), (Some("src/main.test.c"), Some(9)));
        assert_eq!(report.cases[0].message, None);
    }
}

#[test]
fn severities_follow_the_table() {
    let table = [
        ("success", Status::Passed),
        ("passed", Status::Passed),
        ("notice", Status::Passed),
        ("skipped", Status::Skipped),
        ("xfailed", Status::Xfailed),
        ("warning", Status::Passed),
        ("xpassed", Status::Xpassed),
        ("error", Status::Failed),
        ("failed", Status::Failed),
        ("exception", Status::Errored),
        ("errored", Status::Errored),
        ("critical", Status::Errored),
        ("blocking", Status::Errored),
    ];
    for (word, status) in table {
        for key in ["severity", "status"] {
            let text = format!("[[rule]]\npattern = 'x'\n{key} = '{word}'\n");
            assert_eq!(only(&text, "x\n").status, status, "{word}");
        }
        let text = "[[rule]]\npattern = '^(?<outcome>.*)$'\noutcomes = { odd = 'WORD' }\n".replace("WORD", word);
        assert_eq!(only(&text, "odd\n").status, status, "{word}");
    }
    assert_eq!(only("[[rule]]\npattern = 'x'\n", "x\n").status, Status::Failed);
}

#[test]
fn words_of_logs_are_known_and_unknown_ones_are_told() {
    let text = "[[rule]]\npattern = '^(?<outcome>[A-Za-z ]+): (?<name>.*)$'\nseverity = 'warning'\n";
    let table = [
        ("Ok", Status::Passed),
        ("SKIPPED", Status::Skipped),
        ("not ok", Status::Failed),
        ("ERROR", Status::Errored),
        ("xfail", Status::Xfailed),
        ("fatal", Status::Errored),
    ];
    for (word, status) in table {
        assert_eq!(only(text, &format!("{word}: a\n")).status, status, "{word}");
    }
    let report = report(text, "\nMAYBE: a\n");
    assert_eq!(report.cases[0].status, Status::Passed);
    assert_eq!((report.warnings[0].line, report.warnings[0].text.as_str()), (2, "the outcome `MAYBE` is not known"));
}

#[test]
fn a_test_is_as_bad_as_its_worst_line_and_says_only_that() {
    let text = "[[rule]]\npattern = '^(?<outcome>\\w+) (?<file>\\S+):(?<line>\\d+) (?<message>.*)$'\n";
    let log = "error a.c:1 first\nwarning b.c:2 mild\nfail c.c:3 lesser\nerror d.c:4 second\nerror e.c:5 first\n";
    let case = only(text, log);
    assert_eq!((case.suite.as_str(), case.name.as_str(), case.status), ("", "rest", Status::Errored));
    assert_eq!(case.message.as_deref(), Some("first\nsecond"));
    assert_eq!((case.file.as_deref(), case.line), (Some("a.c"), Some(1)));
}

#[test]
fn the_suite_is_found_in_order() {
    let text = "suite = 'step'\nuse_file_stem = true\n\
        [[rule]]\npattern = '^enter (?<suite>\\w+)'\npersist = true\nignore = true\n\
        [[rule]]\npattern = '^fixed'\nfields = { suite = 'F', name = 'n' }\n\
        [[rule]]\npattern = '^E;(?:(?<suite>[a-z]+)!)?(?:(?<file>\\S+\\.\\w+))?'\n\
        [[module]]\npattern = '^lib/'\nsuite = 'library'\n\
        [[module]]\npattern = '^(?<suite>[a-z]+)/'\n";
    let table = [
        ("E;", "step"),
        ("E;own!a/b.c", "own"),
        ("fixed", "F"),
        ("E;lib/x.c", "library"),
        ("E;app/x.c", "app"),
        ("E;/srv/x.y.c", "x"),
        ("enter m\nE;", "m"),
        ("enter m\nE;own!\nE;", "own"),
    ];
    for (log, suite) in table {
        assert_eq!(report(text, log).cases[0].suite, suite, "{log}");
    }
    assert_eq!(report(text, "enter m\nE;own!\nE;").cases[1].suite, "m");
}

#[test]
fn the_first_rule_that_matches_decides() {
    let text = "[[rule]]\npattern = 'deprecated'\nignore = true\n[[rule]]\npattern = 'error'\n\
        [[rule]]\npattern = '^killed'\nerror_kind = 'timed_out'\n";
    let report = report(text, "error: deprecated\n");
    assert!(report.cases.is_empty());
    assert_eq!(report.ignored.get("lines that rules ignore"), Some(&1));
    assert_eq!(report.warnings[0].text, "no rule found a test in the log");
    let case = only(text, "error: a\nkilled\n");
    assert_eq!((case.status, case.error_kind.as_deref()), (Status::Errored, Some("timed_out")));
    assert_eq!(only(text, "error: a\n").error_kind, None);
}

#[test]
fn rules_are_checked_when_they_are_read() {
    let rule = |inside: &str| refused(&format!("[[rule]]\n{inside}\n"));
    insta::assert_snapshot!(refused("rule = []"), @"there is no rule");
    insta::assert_snapshot!(rule("pattern = '('"), @"rule 1: the pattern `(` cannot be used: unclosed group");
    insta::assert_snapshot!(
        rule("pattern = '(?<nmae>x)'"),
        @"rule 1: the group `nmae` is not known (known groups: suite, name, outcome, message, file, line, duration)"
    );
    insta::assert_snapshot!(rule("pattern = ''"), @"rule 1: the pattern has 0 bytes; it needs at least 1 and at most 4096");
    insta::assert_snapshot!(
        rule("pattern = 'x'\nseverity = 'error'\nstatus = 'failed'"),
        @"rule 1: it has both a `severity` and a `status`"
    );
    insta::assert_snapshot!(
        rule("pattern = 'x'\noutcomes = { a = 'passed' }"),
        @"rule 1: it has `outcomes`, but its pattern has no group `outcome`"
    );
    insta::assert_snapshot!(
        rule("pattern = 'x'\npersist = true"),
        @"rule 1: it has `persist`, but neither a group `suite` or `file` nor a field `suite`"
    );
    insta::assert_snapshot!(
        rule("pattern = 'x'\nerror_kind = 'slow'"),
        @"rule 1: the error kind `slow` is not known (`timed_out`, `crashed`)"
    );
    insta::assert_snapshot!(
        rule("pattern = 'x'\nerror_kind = 'crashed'\nseverity = 'error'"),
        @"rule 1: it has an `error_kind`, but its severity is less than `exception`"
    );
    insta::assert_snapshot!(
        refused("[[rule]]\npattern = 'x'\n[[module]]\npattern = 'y'"),
        @"module 1: it has neither a group `suite` nor a `suite`"
    );
    assert!(rule("pattern = 'x'\nseverity = 'bad'").contains("unknown variant `bad`"));
    assert!(rule("pattern = 'x'\npatern = 'y'").contains("unknown field `patern`"));
}

#[test]
fn patterns_are_bounded() {
    let rule = |pattern: &str| refused(&format!("[[rule]]\npattern = '{pattern}'\n"));
    assert!(rule(r"(\w{100}){100}{100}").contains("size limit"), "{}", rule(r"(\w{100}){100}{100}"));
    assert!(rule(&"x".repeat(5000)).contains("at most 4096"));
    let many = "[[rule]]\npattern = 'x'\n".repeat(201);
    assert_eq!(refused(&many), "there are more than 200 rules or modules");
}

#[test]
fn large_and_hostile_logs_are_read_in_time() {
    let text = "[[rule]]\npattern = '(?:a?){30}a{30}(?<name>.*)$'\n[[rule]]\npattern = '^E (?<name>.*)'\n";
    let one_line = "a".repeat(5_000_000);
    assert_eq!(report(text, &one_line).cases.len(), 1);
    let equal = "E same\n".repeat(50_000);
    assert_eq!(report(text, &equal).cases.len(), 1);
    let limits = Limits { bytes: 10, ..Limits::default() };
    let error = read_log("a.log", b"more than ten", &rules(text), &limits).expect_err("13 bytes");
    assert_eq!(error.to_string(), "a.log:1: the report has more than 10 bytes, which is the bound");
    let limits = Limits { cases: 1, ..Limits::default() };
    let error = read_log("a.log", b"E a\nE b\n", &rules(text), &limits).expect_err("two tests");
    assert!(error.to_string().starts_with("a.log:2: the log tells of more than 1 tests"), "{error}");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(100))]

    /// Whatever a log holds, what is read of it stays within the bounds.
    #[test]
    fn random_logs_stay_within_bounds(
        lines in proptest::collection::vec("(PASS|FAIL|FLAKY|Running module|a/b.c:1: warning)?:? ?[ -~é]{0,150}", 0..20),
    ) {
        let limits = Limits { message: 100, name: 50, ..Limits::default() };
        let report = read_log("a.log", lines.join("\n").as_bytes(), &EXAMPLE_RULES, &limits).unwrap();
        for case in report.cases.to_vec().unwrap() {
            proptest::prop_assert!(case.suite.len() <= 50 && case.name.len() <= 50 && !case.name.is_empty());
            proptest::prop_assert!(case.message.is_none_or(|text| text.len() <= 200));
        }
    }
}
