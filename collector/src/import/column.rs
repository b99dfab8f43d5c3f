//! The columns that the statements may give, declared once: for reading, for messages and for the documentation.

/// One column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub doc: &'static str,
    /// What follows where it is absent; `None` for a column that must be there.
    pub absent: Option<&'static str>,
}

/// What one statement gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    /// The option that takes the statement, without its dashes.
    pub name: &'static str,
    /// The columns.
    pub columns: &'static [Column],
}

const fn must(name: &'static str, doc: &'static str) -> Column {
    Column { name, doc, absent: None }
}

const fn may(name: &'static str, doc: &'static str, absent: &'static str) -> Column {
    Column { name, doc, absent: Some(absent) }
}

/// The changes, one row each.
pub const CHANGES: Table = Table {
    name: "changes",
    columns: &[
        must("revision", "full commit id"),
        may(
            "parents",
            "commit ids of the parents, first parent first: a list, or a text with spaces between",
            "no blamelists",
        ),
        may("author_name", "who wrote it", "authors are known by address only"),
        may("author_email", "the author's address", "authors are told apart by name only, and get no mail"),
        may("authored_at", "when it was written", "taken as committed_at"),
        may("committed_at", "when it was committed", "taken as authored_at; 1970 where neither is known"),
        may("subject", "first line of the message", "taken from message"),
        may(
            "files",
            "paths that it touches: a list, or a text with `|` between",
            "suspicion cannot use files, modules have no owners",
        ),
        may("message", "whole message", "taken as subject; reverts named further down are not seen"),
    ],
};

/// The builds, one row each.
pub const BUILDS: Table = Table {
    name: "builds",
    columns: &[
        must("key", "what tells the build from all others of the project; a second import of it changes nothing"),
        must("revision", "full commit id of what was built"),
        must("position", "place of the revision in its branch's first-parent line, a whole number from 0"),
        may("branch", "the branch", "as `--branch` says"),
        may("builder", "the builder: one kind of build", "as `--builder` says"),
        may("number", "the builder's own number for the build", "builds have no numbers"),
        may("result", "what became of it, see the words below", "taken from the outcomes"),
        may("started_at", "when it began", "figures by day, week and age leave the builds out"),
        may("finished_at", "when it ended", "builds have no durations"),
        may("worker", "the machine that ran it", "no comparison of workers"),
        may("url", "address of its own page", "no links to the builds"),
    ],
};

/// The outcomes, one row for each attempt of a test in a build.
pub const OUTCOMES: Table = Table {
    name: "outcomes",
    columns: &[
        must("key", "the build's key"),
        must("name", "the test's name"),
        must("outcome", "what the attempt did, see the words below"),
        may("suite", "what qualifies the name: file, class, module", "all tests are in one suite without a name"),
        may("attempt", "the attempt, from 1", "rows of one test in one build are numbered as they come"),
        may("duration_ms", "how long it took, in milliseconds", "nothing is known of slow tests"),
        may("message", "the failure text", "failures have no signatures"),
        may("file", "the file that the test stands in", "no file names of tests"),
        may("line", "the line in that file, from 1", "no line numbers of tests"),
        may("error_kind", "for errored: `timed_out` or `crashed`", "taken from the word of the outcome"),
    ],
};

/// Rows that are outcomes and say of their build and its change as well: the columns of the three tables, each once.
pub const ROWS: Table = Table { name: "select", columns: &COLUMNS_OF_ROWS };

/// The whole message of a change, where `message` is the failure text.
pub(super) const CHANGE_MESSAGE: Column =
    may("change_message", "whole message of the change", "taken as subject; reverts named further down are not seen");

/// The first column of each table refers to another or is had already; the last one of [`CHANGES`] has its own name.
const COLUMNS_OF_ROWS: [Column; BUILDS.columns.len() + CHANGES.columns.len() + OUTCOMES.columns.len() - 2] = joined([
    BUILDS.columns,
    CHANGES.columns.split_at(CHANGES.columns.len() - 1).0.split_at(1).1,
    &[CHANGE_MESSAGE],
    OUTCOMES.columns.split_at(1).1,
]);

const fn joined<const N: usize>(parts: [&[Column]; 4]) -> [Column; N] {
    let mut all = [CHANGE_MESSAGE; N];
    let (mut part, mut place) = (0, 0);
    while part < parts.len() {
        let mut column = 0;
        while column < parts[part].len() {
            all[place] = parts[part][column];
            (column, place) = (column + 1, place + 1);
        }
        part += 1;
    }
    assert!(place == N, "every place has its column");
    all
}

impl Table {
    /// Returns the names of all columns, for people.
    pub(super) fn names(&self) -> String {
        self.columns.iter().map(|column| column.name).collect::<Vec<_>>().join(", ")
    }
}
