//! Tells a timeout and a crash from what a tool says of a failure.
//!
//! Only phrases that a test runner itself writes count, never an exception of the code under test: a test that asserts
//! on somebody's timeout is a failed test.

/// The word for a test that its runner ended for its time.
pub(super) const TIMED_OUT: &str = "timed_out";
/// The word for a test that took its process down.
pub(super) const CRASHED: &str = "crashed";

/// What CTest says of a process that a signal ended.
const CTEST_CRASHES: [&str; 7] =
    ["segfault", "illegal", "interrupt", "numerical", "other_fault", "child aborted", "subprocess aborted"];

/// Returns `timed_out`, `crashed` or nothing for the type of a failure and the first line of its text.
pub(super) fn error_kind(type_name: &str, text: &str) -> Option<&'static str> {
    let type_name = type_name.trim().to_lowercase();
    let line = text.trim_start().lines().next().unwrap_or_default().trim().to_lowercase();
    // Runners put the class of the error first: `Error: Timeout of 2000ms exceeded`.
    let line = line.strip_prefix("error: ").unwrap_or(&line);
    if is_timeout(&type_name, line) {
        Some(TIMED_OUT)
    } else if is_crash(&type_name, line) {
        Some(CRASHED)
    } else {
        None
    }
}

fn is_timeout(type_name: &str, line: &str) -> bool {
    // nextest; JUnit 4; xUnit.net.
    matches!(type_name, "test timeout" | "timeout")
        || type_name.ends_with(".testtimedoutexception")
        || type_name.ends_with(".testtimeoutexception")
        // CTest; vitest and JUnit 4; JUnit 5; go test.
        || line == "timeout"
        || line.starts_with("test timed out ")
        || line.starts_with("execution timed out after ")
        || line.starts_with("panic: test timed out after ")
        // xUnit.net; NUnit; MSTest.
        || line.starts_with("test execution timed out after ")
        || line.starts_with("test exceeded timeout value of ")
        || line.starts_with("test exceeded cancelafter value of ")
        || (line.starts_with("test '") && line.contains("' timed out after "))
        || (line.starts_with("test '") && line.contains("' exceeded execution timeout period"))
        // pytest-timeout; mocha; jest.
        || line.starts_with("failed: timeout ")
        || (line.starts_with("timeout of ") && line.contains("ms exceeded"))
        || (line.contains("exceeded timeout of ") && line.contains(" ms for a "))
}

fn is_crash(type_name: &str, line: &str) -> bool {
    // nextest; CTest.
    type_name == "test abort"
        || line.starts_with("process aborted with signal ")
        || CTEST_CRASHES.contains(&line)
        // Surefire; pytest-xdist; the loader's own words.
        || line.starts_with("the forked vm terminated without ")
        || (line.starts_with("worker 'gw") && line.contains("' crashed while running "))
        || line.starts_with("segmentation fault")
}

#[cfg(test)]
mod tests {
    use super::error_kind;

    #[test]
    fn only_what_a_runner_says_counts() {
        let table = [
            ("test timeout", "", Some("timed_out")),
            ("org.junit.runners.model.TestTimedOutException", "test timed out after 5 milliseconds", Some("timed_out")),
            ("", "Timeout", Some("timed_out")),
            ("Error", "Error: Timeout of 2000ms exceeded. For async tests", Some("timed_out")),
            ("", "thrown: \"Exceeded timeout of 5000 ms for a test.\"", Some("timed_out")),
            ("", "Failed: Timeout >1.0s", Some("timed_out")),
            ("Xunit.Sdk.TestTimeoutException", "Test execution timed out after 5 milliseconds", Some("timed_out")),
            ("", "Test exceeded Timeout value of 100ms", Some("timed_out")),
            ("", "Test 'Slow' exceeded execution timeout period.", Some("timed_out")),
            ("test abort", "", Some("crashed")),
            ("", "SEGFAULT", Some("crashed")),
            ("", "worker 'gw0' crashed while running 'test_a.py::test_b'", Some("crashed")),
            ("AssertionError", "expected Timeout, got nothing", None),
            ("java.util.concurrent.TimeoutException", "request timed out", None),
            ("AssertionError", "segment 3", None),
            ("", "", None),
        ];
        for (type_name, text, expected) in table {
            assert_eq!(error_kind(type_name, text), expected, "{type_name} {text}");
        }
    }
}
