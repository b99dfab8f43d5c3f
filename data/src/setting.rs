//! The thresholds of the rules of judgement: name, default, unit and meaning, each declared once.
//!
//! Views read them as rows of `raw.setting`; a site overrides a default in its configuration.

/// One threshold.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its name, as in `raw.setting` and in the configuration.
    pub name: &'static str,
    /// The value unless the site says otherwise.
    pub default: f64,
    /// The unit of the value.
    pub unit: &'static str,
    /// What it decides.
    pub doc: &'static str,
}

const fn setting(name: &'static str, default: f64, unit: &'static str, doc: &'static str) -> Setting {
    Setting { name, default, unit, doc }
}

/// All thresholds.
pub const SETTINGS: &[Setting] = &[
    setting(
        "mass_failure_ratio",
        0.5,
        "share",
        "a build is a mass failure when more than this share of its tests fails",
    ),
    setting("mass_failure_count", 10.0, "tests", "and at least this many of them fail"),
    setting("vanish_after", 20.0, "positions", "a failing test absent for this many tested positions is vanished"),
    setting("guilty_threshold", 0.5, "probability", "an author whose suspicion is above it is guilty"),
    setting("flaky_flip_rate", 0.1, "flips per run", "a series that flips more often than this is flaky"),
    setting("flaky_min_positions", 10.0, "positions", "fewer tested positions than this say nothing about flips"),
    setting("flaky_min_flips", 4.0, "flips", "fewer flips than this are a break or two and their fixes"),
    setting("evidence_max_files", 200.0, "files", "the files of a larger change say nothing about a failing test"),
    setting(
        "flake_rate_prior",
        0.001,
        "share",
        "share of positions at which a test of an unknown project fails by chance",
    ),
    setting("break_rate_prior", 0.02, "share", "share of positions at which a test of an unknown project breaks"),
    setting("nobody_prior_positions", 200.0, "positions", "how many positions both priors are worth"),
    setting("series_prior_positions", 10.0, "positions", "how many positions a project's rate is worth in a series"),
    setting("lonely_failure_share", 0.05, "share", "how much a failure between two passes counts as flaky evidence"),
    setting("flaky_enter", 0.5, "probability", "a test is flaky when its next failure is by chance with at least this"),
    setting("flaky_min_evidence", 2.0, "observations", "fewer flaky or lonely positions than this make no test flaky"),
    setting(
        "flaky_leave_positions",
        100.0,
        "positions",
        "a flaky test without new evidence for so long is flaky no more",
    ),
    setting("mail_max_age", 14.0, "days", "an incident in an older revision is history: no mail is sent by itself"),
    setting("author_stats", 1.0, "flag", "0 hides all figures about single authors"),
];
