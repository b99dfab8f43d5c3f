//! The kinds of evidence, each declared once: name, shipped weight and meaning.
//!
//! The figure of an evidence is a number that is 0 where it does not apply. A change's weight is the exponential of the
//! sum of weight times figure, so exp(weight × figure) is the likelihood ratio that one evidence adds. The shipped
//! weights were learnt on histories whose culprits are known; docs/judgement.md says on which and how well.

/// One kind of evidence.
#[derive(Clone, Copy, Debug)]
pub struct Evidence {
    /// Its name, also a column of `judge.clue`.
    pub name: &'static str,
    /// The weight of a project that has learnt none.
    pub weight: f64,
    /// What its figure is.
    pub meaning: &'static str,
}

const fn evidence(name: &'static str, weight: f64, meaning: &'static str) -> Evidence {
    Evidence { name, weight, meaning }
}

/// How many kinds there are.
pub const COUNT: usize = 30;

/// The figures or weights of all kinds, in the order of [`EVIDENCE`].
pub type Figures = [f64; COUNT];

/// All kinds of evidence.
pub const EVIDENCE: [Evidence; COUNT] = [
    evidence("path_words", 0.38, "share of the test's words that stand in its paths, rare words count more"),
    evidence("path_rare", 0.53, "how rare the rarest of these words is in paths, ln(changes / changes with it) / 5"),
    evidence(
        "subject_words",
        0.87,
        "share of the test's words that stand in its subject and a merge's title, rare words count more",
    ),
    evidence(
        "subject_rare",
        1.24,
        "how rare the rarest of these words is in subjects, ln(changes / changes with it) / 5",
    ),
    evidence("message_words", 1.0, "share of the test's words that stand in its message below the subject"),
    evidence(
        "failure_words",
        1.45,
        "how rare the rarest word is that failure text and subject share, as above, less ln(words of the text / 8) / 5",
    ),
    evidence("file_in_message", 2.03, "1 if the failing text names a file of it"),
    evidence("file_like_test", 0.4, "1 if the test is named like a file of it"),
    evidence("file_count", -0.06, "ln(1 + files with code)"),
    evidence(
        "line_count",
        0.6,
        "ln(1 + lines of code) / 3, with those that a merge brings from changes not listed; 0 where not known",
    ),
    evidence("focus", 0.82, "share of its files with code whose paths share a rare word with the test"),
    evidence("matched_files", 0.42, "ln(1 + files with code whose paths share a rare word with the test)"),
    evidence("no_code", -2.57, "1 if it touches documentation, tests or the CI only"),
    evidence("no_file", -3.01, "1 if it touches no file"),
    evidence("dependency", -0.19, "1 if it touches a list of dependencies"),
    evidence("robot", -0.28, "1 if a robot wrote it"),
    evidence("bump", -0.39, "1 if its subject speaks of a bump or an upgrade"),
    evidence("revert", -0.06, "1 if it is a revert"),
    evidence("housekeeping", -0.25, "1 if its subject calls it documentation, style, tests or a chore"),
    evidence("touches_test", 2.5, "1 if it touches a file of tests after which the test or its suite is named"),
    evidence(
        "symbol_in_message",
        0.5,
        "how rare the rarest word is that failure text and paths of its code share, less as much for a long text",
    ),
    evidence("broke_before", 0.1, "ln(1 + how often its files stood among those that broke the test's suite before)"),
    evidence("together_before", 1.0, "the largest share of a file's changes that came with the test's own file"),
    evidence("builder_words", 0.8, "how rare the rarest word is that builder and paths or subject share, as above"),
    evidence(
        "elsewhere",
        -1.5,
        "verdicts of other builders inside the range that it does not explain: the test passes with it, or fails without it",
    ),
    evidence(
        "author_record",
        0.3,
        "ln(times that the author's changes were taken back by the mean of all), drawn to 0; 0 unless the site wants it",
    ),
    evidence(
        "line_words",
        2.18,
        "share of the test's words that stand in the lines of code that it changes, rare words count more",
    ),
    evidence(
        "failure_line_words",
        1.75,
        "how rare the rarest word is that failure text and changed lines share, \
         less ln(words of the text / 8) / 10 and ln(words of the lines / 20) / 10",
    ),
    evidence(
        "identifier_in_message",
        1.27,
        "how rare the rarest identifier is that failure text and changed lines share, less as much for many",
    ),
    evidence("breaking", 0.63, "1 if its message calls it a breaking change (Conventional Commits)"),
];

/// The rule by which a change's weight is made of its evidence.
pub const RULE: &str = "evidence_logit";
/// Its version; grows when kinds of evidence, what their figures are, or shipped weights change.
pub const RULE_VERSION: i64 = 5;

/// Returns the shipped weights.
pub fn shipped() -> Figures {
    EVIDENCE.map(|evidence| evidence.weight)
}

/// Returns the place of the evidence called `name`; names are those of [`EVIDENCE`].
pub(crate) const fn place(name: &str) -> usize {
    let mut place = 0;
    while place < COUNT {
        if same(EVIDENCE[place].name.as_bytes(), name.as_bytes()) {
            return place;
        }
        place += 1;
    }
    panic!("there is no evidence of this name")
}

const fn same(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let mut at = 0;
    while at < left.len() {
        if left[at] != right[at] {
            return false;
        }
        at += 1;
    }
    true
}
