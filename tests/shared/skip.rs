//! Tests that need what Rust does not bring along: other programs, which `make setup` installs.
//!
//! What no target of the Makefile installs is skipped by the test itself.

/// Says that a test is skipped for what it lacks; under `ANNALS_TESTS=all`, as `make test` sets it, the test fails.
pub(crate) fn skip(lacking: &str) {
    let is_wanted = std::env::var_os("ANNALS_TESTS").is_some_and(|tests| tests == "all");
    assert!(!is_wanted, "{lacking}; `make setup` installs it, and without `ANNALS_TESTS=all` this test is skipped");
    eprintln!("skipped: {lacking}; `make setup` installs it");
}
