//! Rows of a session as changes, ranges and failures.

use std::collections::{HashMap, HashSet};

use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::common::Result;

use super::change::{Change, File, Told};
use super::words::Words;

/// The changes, oldest first: texts are cut, as only their first words are looked at.
pub(crate) const CHANGES: &str = "SELECT project, revision, array_to_string(parents, ' ') AS parents, \
    author, CAST(is_bot AS BIGINT) AS is_bot, \
    subject, left(message, 4000) AS message, file_count \
    FROM step.authored ORDER BY committed_at, revision";
/// Their files; a change of more than `evidence_max_files` files matches everything, so none of its files is here.
pub(crate) const FILES: &str = "SELECT t.project, t.revision, t.file['path'] AS path, \
    t.file['lines_added'] + t.file['lines_removed'] AS line_count, \
    t.file['merge_lines_added'] + t.file['merge_lines_removed'] AS merge_line_count, \
    array_to_string(t.file['identifiers'], ' ') AS identifiers \
    FROM (SELECT c.project, c.revision, unnest(c.files) AS file FROM \
        (SELECT value AS max_files FROM raw.setting WHERE name = 'evidence_max_files') AS s \
        CROSS JOIN raw.change AS c WHERE cardinality(c.files) <= s.max_files) AS t";
/// The problems that have a blamelist, with their failure texts.
pub(crate) const PROBLEMS: &str = "SELECT e.problem_id, e.project, r.range_id, e.good_revision, e.opened_revision, \
    e.suite || ' ' || e.name AS test, left(m.text, 4000) AS text, e.builder \
    FROM step.episode AS e \
    JOIN raw.range AS r \
        ON r.project = e.project AND r.good_revision = e.good_revision AND r.bad_revision = e.opened_revision \
    LEFT JOIN raw.message AS m ON m.message_id = e.message_id ORDER BY e.problem_id";
/// Where problems were mended: as [`PROBLEMS`], from the last bad to the first good revision.
pub(crate) const FIXES: &str = "SELECT e.problem_id, e.project, CAST(NULL AS BIGINT) AS range_id, \
    e.last_failed_revision AS good_revision, e.resolved_revision AS bad_revision, \
    e.suite || ' ' || e.name AS test, left(m.text, 4000) AS text, e.builder \
    FROM step.episode AS e LEFT JOIN raw.message AS m ON m.message_id = e.message_id \
    WHERE e.resolved_revision IS NOT NULL ORDER BY e.problem_id";
/// What other builders of a branch said of the test inside a problem's range: the last pass, and the first failure.
pub(crate) const ELSEWHERE: &str = "SELECT e.problem_id, s.builder, CAST(s.verdict = 'pass' AS BIGINT) AS passed, \
    CASE WHEN s.verdict = 'pass' THEN s.last_revision ELSE s.first_revision END AS revision \
    FROM step.episode AS e \
    JOIN raw.range AS r \
        ON r.project = e.project AND r.good_revision = e.good_revision AND r.bad_revision = e.opened_revision \
    JOIN raw.streak AS s ON s.test_id = e.test_id AND s.branch = e.branch \
    WHERE r.change_count > 1 AND s.builder <> e.builder AND ( \
        (s.verdict = 'pass' AND s.last_position > e.good_position AND s.last_position < e.opened_position) \
        OR (s.verdict = 'fail' AND s.first_position > e.good_position AND s.first_position < e.opened_position)) \
    ORDER BY e.problem_id, s.builder, s.first_position";
/// Whether records of people are evidence.
pub(crate) const RECORDS: &str = "SELECT CAST(value AS BIGINT) FROM raw.setting WHERE name = 'author_evidence'";
/// The changes of all ranges, newest first.
pub(crate) const LISTED: &str = "SELECT range_id, revision FROM raw.range_change ORDER BY range_id, ordinal";

/// A longer range says too little to be learnt from, or to find a fix in.
pub(crate) const LONGEST: usize = 200;

/// What happened to a test in a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Turn {
    /// It broke.
    Break,
    /// It was mended.
    Fix,
}

impl Turn {
    /// Returns the word of the tables.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Break => "break",
            Self::Fix => "fix",
        }
    }
}

/// The changes of one project, oldest first.
#[derive(Debug, Default)]
pub(crate) struct History {
    pub(crate) changes: Vec<Change>,
    index: HashMap<String, usize>,
}

impl History {
    /// Adds a change that is younger than those before.
    pub(crate) fn push(&mut self, change: Change) {
        self.index.insert(change.told.revision.clone(), self.changes.len());
        self.changes.push(change);
    }

    /// Returns the place of a revision among the changes.
    pub(crate) fn find(&self, revision: &str) -> Option<usize> {
        self.index.get(revision).copied()
    }

    /// Returns the first parent of a change, if it is known.
    pub(crate) fn parent(&self, place: usize) -> Option<usize> {
        self.find(self.changes[place].told.parents.first()?)
    }

    /// Returns which changes of a range, by their place in it, a revision of the range has; none of one outside.
    pub(crate) fn has(&self, revision: &str, range: &[usize]) -> HashSet<usize> {
        let index: HashMap<usize, usize> = range.iter().enumerate().map(|(at, place)| (*place, at)).collect();
        let mut found = HashSet::new();
        let mut waiting: Vec<usize> = self.find(revision).into_iter().collect();
        while let Some(place) = waiting.pop() {
            // A range is all that lies between two revisions, so no way leads out of it and in again.
            if index.get(&place).is_some_and(|at| found.insert(*at)) {
                waiting.extend(self.changes[place].told.parents.iter().filter_map(|parent| self.find(parent)));
            }
        }
        found
    }

    /// Returns the changes of the first-parent line among which a problem was mended, newest first, as [`FIXES`] tells
    /// of it; `None` where the line is not known, or longer than [`LONGEST`].
    pub(crate) fn mended(&self, fix: &Problem) -> Option<Vec<usize>> {
        let (from, to) = (self.find(&fix.bad_revision)?, self.find(&fix.good_revision)?);
        let line: Vec<usize> =
            std::iter::successors(Some(from), |place| self.parent(*place)).take(LONGEST + 1).collect();
        let length = line.iter().position(|place| *place == to)?;
        Some(line[..length].to_vec())
    }
}

/// The changes of all projects.
pub(crate) type Histories = HashMap<String, History>;

/// A problem with a blamelist.
pub(crate) struct Problem {
    pub(crate) problem_id: String,
    pub(crate) project: String,
    pub(crate) range_id: i64,
    pub(crate) good_revision: String,
    pub(crate) bad_revision: String,
    pub(crate) test: String,
    pub(crate) text: String,
    pub(crate) builder: String,
}

/// Reads the answers to [`CHANGES`] and [`FILES`]; files whose path begins with one of `hidden` are left out.
pub(crate) fn histories(
    changes: &[RecordBatch],
    files: &[RecordBatch],
    hidden: &[String],
    words: &mut Words,
) -> Result<Histories> {
    let mut touched: HashMap<(String, String), Vec<File>> = HashMap::new();
    for batch in files {
        let [project, revision, path, identifiers] = texts(batch, [0, 1, 2, 5])?;
        let (lines, merged) = (ints(batch, 3)?, ints(batch, 4)?);
        let is_shown = |row: &usize| !hidden.iter().any(|begin| path.value(*row).starts_with(begin));
        for row in (0..batch.num_rows()).filter(is_shown) {
            let key = (project.value(row).to_owned(), revision.value(row).to_owned());
            touched.entry(key).or_default().push(File {
                path: path.value(row).to_owned(),
                lines: lines[row].map(|own| [own, merged[row].unwrap_or(0)]),
                identifiers: identifiers.value(row).to_owned(),
            });
        }
    }
    let mut histories = Histories::new();
    for batch in changes {
        let [project, revision, parents, author, subject, message] = texts(batch, [0, 1, 2, 3, 5, 6])?;
        let [is_bot, file_count] = [ints(batch, 4)?, ints(batch, 7)?];
        for row in 0..batch.num_rows() {
            let key = (project.value(row).to_owned(), revision.value(row).to_owned());
            let files = touched.remove(&key).unwrap_or_default();
            let told = Told {
                revision: key.1,
                parents: parents.value(row).split_whitespace().map(str::to_owned).collect(),
                author: author.value(row).to_owned(),
                is_bot: is_bot[row] == Some(1),
                subject: subject.value(row).to_owned(),
                message: message.value(row).to_owned(),
                files,
                file_count: file_count[row].unwrap_or_default(),
            };
            histories.entry(key.0).or_default().push(Change::new(told, words));
        }
    }
    Ok(histories)
}

/// Reads the answer to [`PROBLEMS`].
pub(crate) fn problems(batches: &[RecordBatch]) -> Result<Vec<Problem>> {
    let mut problems = Vec::new();
    for batch in batches {
        let [problem_id, project, good, bad, test, text, builder] = texts(batch, [0, 1, 3, 4, 5, 6, 7])?;
        let range_id = ints(batch, 2)?;
        problems.extend((0..batch.num_rows()).map(|row| Problem {
            problem_id: problem_id.value(row).to_owned(),
            project: project.value(row).to_owned(),
            range_id: range_id[row].unwrap_or_default(),
            good_revision: good.value(row).to_owned(),
            bad_revision: bad.value(row).to_owned(),
            test: test.value(row).to_owned(),
            text: text.value(row).to_owned(),
            builder: builder.value(row).to_owned(),
        }));
    }
    Ok(problems)
}

/// What was said elsewhere, by problem: builder, whether it passed, and the revision.
pub(crate) type Others = HashMap<String, Vec<(String, bool, String)>>;

/// Reads the answer to [`ELSEWHERE`].
pub(crate) fn others(batches: &[RecordBatch]) -> Result<Others> {
    let mut others = Others::new();
    for batch in batches {
        let [problem_id, builder, revision] = texts(batch, [0, 1, 3])?;
        for (row, passed) in ints(batch, 2)?.into_iter().enumerate() {
            let said = (builder.value(row).to_owned(), passed == Some(1), revision.value(row).to_owned());
            others.entry(problem_id.value(row).to_owned()).or_default().push(said);
        }
    }
    Ok(others)
}

/// Reads the answer to [`LISTED`].
pub(crate) fn listed(batches: &[RecordBatch]) -> Result<HashMap<i64, Vec<String>>> {
    let mut listed: HashMap<i64, Vec<String>> = HashMap::new();
    for batch in batches {
        let [revision] = texts(batch, [1])?;
        for (row, range_id) in ints(batch, 0)?.into_iter().enumerate() {
            listed.entry(range_id.unwrap_or_default()).or_default().push(revision.value(row).to_owned());
        }
    }
    Ok(listed)
}

/// Returns columns as texts, null as the empty one, whatever the engine represents them as.
pub(crate) fn texts<const N: usize>(batch: &RecordBatch, columns: [usize; N]) -> Result<[StringArray; N]> {
    let mut texts = Vec::with_capacity(N);
    for column in columns {
        texts.push(cast(batch.column(column), &DataType::Utf8)?.as_string::<i32>().clone());
    }
    Ok(texts.try_into().expect("as many texts as columns"))
}

/// Returns a column as whole numbers.
pub(crate) fn ints(batch: &RecordBatch, column: usize) -> Result<Vec<Option<i64>>> {
    let column = cast(batch.column(column), &DataType::Int64)?;
    let column = column.as_primitive::<Int64Type>();
    Ok((0..column.len()).map(|row| column.is_valid(row).then(|| column.value(row))).collect())
}
