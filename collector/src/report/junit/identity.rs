//! Which test a case belongs to: the rule of the parent's documentation, as code.

use super::super::path::{is_absolute, last_part};
use super::case::Attributes;

/// Joins the names of nested suites.
const SEPARATOR: &str = " > ";

/// Returns the suite of a case inside `suites` (outermost first).
pub(super) fn suite(case: &Attributes, suites: &[&str], is_pytest: bool) -> String {
    let name = case.name.as_deref().unwrap_or_default().trim();
    // PHPUnit's older versions write `class` alone, its newer ones also `classname` with dots.
    let class = case.class.as_deref().map(|class| class.replace('\\', "."));
    let given = [case.classname.as_deref(), class.as_deref()].into_iter().flatten().map(str::trim);
    if let Some(class) = given.into_iter().find(|class| !class.is_empty()).filter(|class| says_more(class, name))
        && (class != "test" || is_pytest || suites.contains(&class))
    {
        return match suites.last() {
            Some(suite) if is_qualified(suite, class) => (*suite).to_owned(),
            _ => last_part(class).to_owned(),
        };
    }
    let path = if case.is_ctest() { String::new() } else { path(suites) };
    match &case.file {
        Some(file) if path.is_empty() => last_part(file.trim()).to_owned(),
        _ => path,
    }
}

/// Returns the names of nested suites as one.
pub(super) fn path(suites: &[&str]) -> String {
    let mut names: Vec<&str> = suites.iter().map(|name| last_part(name.trim())).collect();
    names.retain(|name| !name.is_empty() && *name != "undefined");
    names.dedup();
    names.join(SEPARATOR)
}

/// Returns whether a class adds something to the name: it is neither the name nor the words at its end.
fn says_more(class: &str, name: &str) -> bool {
    !name.strip_suffix(class).is_some_and(|rest| rest.is_empty() || rest.ends_with(' '))
}

/// Returns whether `suite` is `class` with more before it.
fn is_qualified(suite: &str, class: &str) -> bool {
    suite.strip_suffix(class).is_some_and(|rest| rest.ends_with(['/', '.', ':', '\\']) && !is_absolute(suite))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suite_of(classname: &str, name: &str, file: &str, suites: &[&str]) -> String {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let case =
            Attributes { classname: some(classname), name: some(name), file: some(file), ..Attributes::default() };
        suite(&case, suites, false)
    }

    #[test]
    fn each_dialect_gets_a_stable_suite() {
        let table = [
            ("Surefire", suite_of("org.a.FooTest", "bar", "", &["org.a.FooTest"]), "org.a.FooTest"),
            ("Gradle, default package", suite_of("Foo", "testFoo", "", &["Foo"]), "Foo"),
            ("jest-junit", suite_of("a b", "a b", "", &["a"]), "a"),
            ("jest-junit, no describe", suite_of("b", "b", "", &["undefined"]), ""),
            (
                "mocha-junit-reporter",
                suite_of("is green", "Leaf is green", "", &["Root Suite", "Leaf"]),
                "Root Suite > Leaf",
            ),
            ("node:test", suite_of("test", "child", "", &["parent"]), "parent"),
            ("node:test with files", suite_of("test", "top", "/tmp/build7/n.test.mjs", &[]), "n.test.mjs"),
            ("go-junit-report", suite_of("util", "TestA", "", &["example.org/a/util"]), "example.org/a/util"),
            ("Bazel", suite_of("", "pkg/a_test", "", &["pkg/a_test"]), "pkg/a_test"),
            ("nested suites", suite_of("", "a", "", &["All", "All", "Unit", ""]), "All > Unit"),
            ("PHPUnit's root suite", suite_of("", "a", "", &["/home/ci/phpunit.xml", "Unit"]), "phpunit.xml > Unit"),
            ("a class named test", suite_of("test", "a", "", &["test"]), "test"),
            ("nothing at all", suite_of("", "", "", &[]), ""),
        ];
        for (dialect, found, expected) in table {
            assert_eq!(found, expected, "{dialect}");
        }
    }

    #[test]
    fn ctest_names_its_suite_by_the_machine() {
        let case = Attributes {
            classname: Some("ok".into()),
            name: Some("ok".into()),
            status: Some("run".into()),
            ..Attributes::default()
        };
        assert_eq!(suite(&case, &["Linux-g++"], false), "");
    }
}
