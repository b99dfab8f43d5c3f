//! Which cases tell of a suite as a whole: tools have no other place in JUnit XML to say that a suite does not load or
//! that its set-up failed.
//!
//! Each is a case that its tool writes only then, so one that passed is somebody's test.

use annals_data::row::{SUITE, Status};

use super::super::mocha::is_hook;
use super::case::Case;

/// What jest-junit calls the class of a file that does not load; it writes it twice, as an error and as a failure.
const JEST_LOAD: &str = "Test suite failed to run";
/// The end of the name of what it writes of hooks that failed beside tests that passed.
const JEST_HOOK: &str = "Test execution failure: could be caused by test hooks like 'afterAll'.";
/// What JUnit 4 and Gradle call what fails in a class before, between or after its tests.
const JAVA: [&str; 3] = ["initializationError", "executionError", "classMethod"];

/// Where a case stands.
pub(super) struct Around<'r> {
    /// The name of the innermost suite.
    pub(super) suite: &'r str,
    pub(super) is_go: bool,
    pub(super) tool: Option<&'r str>,
}

/// Returns whether a case tells of a suite as a whole, and names it so: its class becomes what the tests of that suite
/// have as class, or none where they belong to the suites around them.
pub(super) fn rename(case: &mut Case, around: &Around) -> bool {
    if !matches!(case.status().0, Status::Failed | Status::Errored | Status::Skipped) {
        return false;
    }
    let attribute = |text: &Option<String>| text.as_deref().unwrap_or_default().trim().to_owned();
    let (name, class) = (attribute(&case.attributes.name), attribute(&case.attributes.classname));
    let class = match name.as_str() {
        _ if says(case, &["collection failure", "collection skipped"]) => match class.is_empty() {
            true => name,
            false => format!("{class}.{name}"),
        },
        _ if class == JEST_LOAD => name,
        "" if !class.is_empty() || around.tool == Some("GoogleTest") => class,
        own if JAVA.contains(&own) && !class.is_empty() => class,
        own if own == class && own == around.suite && around.tool == Some("Maven Surefire") => class,
        "[build failed]" | "[setup failed]" => String::new(),
        "Failure" if around.is_go || says(case, &["Runtime error"]) => String::new(),
        "TestMain" if around.is_go && matches!(class.as_str(), "" | ".") => String::new(),
        own if own.ends_with(JEST_HOOK) && class.ends_with(JEST_HOOK) => String::new(),
        own if own.ends_with(JEST_HOOK) => class,
        // Its name tells which hook it is.
        own => return is_hook(own),
    };
    let attributes = &mut case.attributes;
    (attributes.name, attributes.classname, attributes.class) = (Some(SUITE.to_owned()), Some(class), None);
    true
}

fn says(case: &Case, messages: &[&str]) -> bool {
    case.findings.iter().any(|finding| messages.contains(&finding.message.as_str()))
}
