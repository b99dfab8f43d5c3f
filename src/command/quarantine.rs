//! `annals quarantine`: tests whose failures shall not count, in the words of test runners.

use std::collections::BTreeSet;

use annals_analytics::Warehouse;
use anyhow::Result;
use clap::ValueEnum;

use super::{Rows, parameter};
use crate::cli;

/// What the list is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// `-k` of pytest: everything but tests with these names in theirs, all cases of a test together
    Pytest,
    /// `--testNamePattern` of jest: everything but these names
    Jest,
    /// `-E` of cargo nextest: everything but these tests
    Nextest,
    /// `-Dtest=` of Surefire and Gradle's JUnit: `!Class#method`
    Junit,
    /// Suite, name, owner, end and reason in columns between tabs
    Plain,
}

/// A test in quarantine.
struct Test {
    suite: String,
    name: String,
    owner: String,
    until: String,
    reason: String,
}

/// Runs the command.
pub(super) async fn run(options: &cli::Quarantine, warehouse: &Warehouse) -> Result<()> {
    const SQL: &str = "SELECT suite, name, owner, until, reason FROM quarantine \
        WHERE ($1 IS NULL OR project = $1) AND ($2 IS NULL OR branch = $2) AND ($3 IS NULL OR builder = $3) \
        AND ($4 = 'all' OR why = $4) ORDER BY suite, name, why";
    let lane = &options.lane;
    let only = if options.notes_only { "note" } else { "all" };
    let parameters = [
        parameter(lane.project.as_deref()),
        parameter(lane.branch.as_deref()),
        parameter(lane.builder.as_deref()),
        parameter(Some(only)),
    ];
    let rows = Rows::ask(&*warehouse.session().await?, SQL, &parameters).await?.texts()?;
    let tests = rows.into_iter().filter_map(|row| {
        let [suite, name, owner, until, reason] = row.try_into().ok()?;
        Some(Test { suite, name, owner, until, reason })
    });
    let text = write(options.format, &tests.collect::<Vec<_>>());
    if !text.is_empty() {
        anstream::println!("{text}");
    }
    Ok(())
}

/// Writes the list; nothing at all for an empty one, so that a runner's option can be left out.
fn write(format: Format, tests: &[Test]) -> String {
    let names: BTreeSet<&str> = tests.iter().map(|test| test.name.as_str()).collect();
    if names.is_empty() {
        return String::new();
    }
    let joined = |of: &dyn Fn(&str) -> String, between: &str| {
        names.iter().map(|name| of(name)).collect::<Vec<_>>().join(between)
    };
    match format {
        Format::Pytest => pytest(&names),
        Format::Jest => format!("^(?!(?:{})$)", joined(&escaped, "|")),
        Format::Nextest => format!("not ({})", joined(&|name| format!("test(={})", name.replace(')', "\\)")), " | ")),
        Format::Junit => {
            let method = |name: &str| name.split(['(', '[']).next().unwrap_or(name).trim().to_owned();
            let methods: BTreeSet<String> =
                tests.iter().map(|test| format!("!{}#{}", test.suite, method(&test.name))).collect();
            methods.into_iter().collect::<Vec<_>>().join(",")
        }
        Format::Plain => {
            let line =
                |t: &Test| [&t.suite, &t.name, &t.owner, &t.until, &t.reason].map(|text| one_line(text)).join("\t");
            tests.iter().map(line).collect::<Vec<_>>().join("\n")
        }
    }
}

/// A parameter in brackets is no part of an expression of pytest, so all cases of a test are meant.
fn pytest(names: &BTreeSet<&str>) -> String {
    let bare: BTreeSet<&str> = names.iter().map(|name| name.split('[').next().unwrap_or(name)).collect();
    let words: Vec<&str> = bare.into_iter().filter(|name| is_word(name)).collect();
    if words.is_empty() { String::new() } else { format!("not ({})", words.join(" or ")) }
}

/// Whether pytest takes the name as one word of an expression.
fn is_word(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_:+-.".contains(c))
}

/// Returns the name as a regular expression that matches nothing else.
fn escaped(name: &str) -> String {
    name.chars().flat_map(|c| if r"\^$.|?*+()[]{}/".contains(c) { vec!['\\', c] } else { vec![c] }).collect()
}

/// Returns the text without control characters: nothing of it shall reach the terminal or another column.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> Vec<Test> {
        let test = |suite: &str, name: &str, reason: &str| {
            let [suite, name, reason] = [suite, name, reason].map(str::to_owned);
            Test { suite, name, owner: "Ada".into(), until: "2026-12-01 00:00".into(), reason }
        };
        vec![test("a.B", "test_x[1.5]", "two\nlines"), test("a.B", "test_x[2]", ""), test("c", "adds (slowly)", "")]
    }

    #[test]
    fn each_runner_gets_its_own_words() {
        assert_eq!(write(Format::Pytest, &list()), "not (test_x)");
        assert_eq!(write(Format::Jest, &list()), r"^(?!(?:adds \(slowly\)|test_x\[1\.5\]|test_x\[2\])$)");
        assert_eq!(
            write(Format::Nextest, &list()),
            "not (test(=adds (slowly\\)) | test(=test_x[1.5]) | test(=test_x[2]))"
        );
        assert_eq!(write(Format::Junit, &list()), "!a.B#test_x,!c#adds");
        assert_eq!(
            write(Format::Plain, &list()).lines().next(),
            Some("a.B\ttest_x[1.5]\tAda\t2026-12-01 00:00\ttwo lines")
        );
        assert_eq!(write(Format::Pytest, &[]), "");
    }
}
