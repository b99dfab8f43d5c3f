//! Which tool wrote a JUnit file, where it shows: most of them do not say it, but have words that no other has.

use super::case::Attributes;

/// Returns the tool that an attribute of `<testsuites>` or `<testsuite>` shows.
pub(super) fn of_suite(attribute: &str, value: &str) -> Option<&'static str> {
    Some(match (attribute, value) {
        ("name", "pytest tests" | "pytest") => "pytest",
        ("name", "jest tests") => "jest",
        ("name", "vitest tests") => "Vitest",
        ("name", "Mocha Tests") => "Mocha",
        ("name", "nextest-run") => "cargo-nextest",
        ("name", "AllTests") => "GoogleTest",
        ("package", "test") => "libtest",
        ("hostname", "tbd") => "Catch2",
        ("noNamespaceSchemaLocation", schema) if schema.contains("surefire") => "Maven Surefire",
        _ => return None,
    })
}

/// Returns the tool that the first case of a file shows.
pub(super) fn of_case(case: &Attributes) -> Option<&'static str> {
    if case.is_ctest() {
        return Some("CTest");
    }
    let is_php = case.class.is_some() && case.file.as_deref().is_some_and(|file| file.ends_with(".php"));
    is_php.then_some("PHPUnit")
}

/// Returns Go with the version of the property `go.version`: `go1.22.1 linux/amd64`.
pub(super) fn of_go(version: &str) -> String {
    let version = version.split_whitespace().next().unwrap_or_default().trim_start_matches("go");
    format!("go test {version}").trim_end().to_owned()
}
