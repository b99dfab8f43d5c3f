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

impl Setting {
    /// Returns whether the setting may have this value: shares and probabilities are at most 1, and nothing is below 0.
    pub fn allows(&self, value: f64) -> bool {
        let most = if matches!(self.unit, "share" | "probability") { 1.0 } else { f64::MAX };
        (0.0..=most).contains(&value)
    }
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
    setting("guilty_threshold", 0.9, "probability", "an author whose suspicion is above it is guilty"),
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
    setting(
        "lonely_repeat_factor",
        10.0,
        "factor",
        "each more failure between two passes of one test makes chance so many times likelier",
    ),
    setting(
        "unchanged_break_share",
        0.02,
        "share",
        "so many real breaks have no change to blame: clocks, machines, services",
    ),
    setting(
        "author_evidence",
        0.0,
        "flag",
        "1 lets it count a little against a change how often its author's changes were taken back",
    ),
    setting("circumstance_prior", 20.0, "incidents", "how many incidents it is worth that circumstances say nothing"),
    setting(
        "circumstance_min",
        5.0,
        "incidents",
        "with fewer incidents of either kind, words, worker and hour say nothing of chance",
    ),
    setting("fix_naming_factor", 50.0, "factor", "so much likelier is a fix that names a change of the blamelist"),
    setting("flaky_enter", 0.5, "probability", "a test is flaky when its next failure is by chance with at least this"),
    setting("flaky_min_evidence", 2.0, "observations", "fewer flaky or lonely positions than this make no test flaky"),
    setting(
        "flaky_leave_positions",
        100.0,
        "positions",
        "a flaky test without new evidence for so long is flaky no more",
    ),
    setting("rename_similarity", 0.6, "share", "a new test that is called so much alike one that stopped was renamed"),
    setting("cluster_similarity", 0.6, "share", "failure texts that share so much of their words say nearly the same"),
    setting("changepoint_likelihood", 0.0001, "odds", "prior odds that a series' failure rate has a step somewhere"),
    setting("changepoint_min_effect", 0.05, "share", "a step of the failure rate matters from this difference on"),
    setting(
        "changepoint_broken_rate",
        0.9,
        "share",
        "a test that fails more often is broken, which is a problem of its own",
    ),
    setting(
        "duration_positions",
        300.0,
        "positions",
        "so many of a lane's newest positions are looked at for slower tests",
    ),
    setting("duration_min_ratio", 1.2, "factor", "a step of a test's length matters from this ratio of its medians on"),
    setting("duration_min_ms", 20.0, "ms", "and from this difference of its medians on"),
    setting("duration_alpha", 0.001, "probability", "and when chance would make it with less than this"),
    setting("compare_sample_days", 7.0, "days", "the newer of the usual windows"),
    setting("compare_base_days", 30.0, "days", "the window before it"),
    setting("compare_alpha", 0.05, "share", "so many of the tests that are said to differ may do so by chance"),
    setting("compare_min_effect", 0.05, "share", "failure rates that differ by less are the same"),
    setting(
        "compare_min_failures",
        3.0,
        "positions",
        "a test regressed, or fails as a new one, from so many failures on",
    ),
    setting(
        "compare_extreme_effect",
        0.15,
        "share",
        "a regression is extreme from this difference of failure rates on",
    ),
    setting("compare_new_pass_rate", 0.95, "share", "a new test has to pass as often"),
    setting("compare_new_positions", 6.0, "positions", "and is judged from so many positions on"),
    setting("mail_max_age", 14.0, "days", "an incident in an older revision is history: no mail is sent by itself"),
    setting("author_stats", 1.0, "flag", "0 hides all figures about single authors"),
];
