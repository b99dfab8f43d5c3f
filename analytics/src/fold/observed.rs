//! What was observed of series: read from the outcomes, packed, and brought in order.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use annals_data::row::Kind;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use datafusion::logical_expr::Expr;
use futures::TryStreamExt;

use super::Facts;
use super::read::{Builds, ById, Slice, ints, ordered, texts};
use crate::Result;
use crate::knowledge::{Lane, Series};
use crate::streak::{Place, Tally, Verdict};

/// Reads what a slice says of some tests, or of some series of them only; builds that give no verdicts say nothing.
pub(super) async fn read(
    facts: &Facts,
    builds: &Builds,
    slice: &Slice,
    tests: Expr,
    only: Option<&BTreeSet<i64>>,
) -> Result<Observations> {
    const COLUMNS: [&str; 9] =
        ["series_id", "test_id", "build_id", "attempt", "message_id", "outcome", "kind", "suite", "name"];
    let frame = facts.context.table("outcome").await?.filter(slice.filter().and(tests))?.select_columns(&COLUMNS)?;
    let mut observations = Observations::default();
    let mut stream = frame.execute_stream().await?;
    while let Some(batch) = stream.try_next().await? {
        observations.take(&batch, builds, only);
    }
    Ok(observations)
}

/// One outcome, packed: millions are held at once.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Observed {
    series_id: i64,
    /// Index of the build.
    build: u32,
    attempt: u16,
    verdict: Verdict,
    /// Zero for none.
    message_id: i64,
}

impl Observed {
    fn tally(&self) -> Tally {
        Tally::of(self.verdict, (self.message_id != 0).then_some(self.message_id))
    }
}

/// What was observed of some series in some builds.
#[derive(Default)]
pub(super) struct Observations {
    rows: Vec<Observed>,
    /// Those of the series that rules add to.
    by_rule: Vec<Observed>,
    series: ById<Arc<Series>>,
    /// Rows of a series stand in several places.
    is_mixed: bool,
}

/// What was observed of one series: never nothing, and in the order of builds and attempts.
pub(super) struct OfSeries<'a> {
    pub series: &'a Arc<Series>,
    pub builds: &'a Builds,
    rows: &'a [Observed],
}

impl<'a> OfSeries<'a> {
    pub(super) fn lane(&self) -> &'a Arc<Lane> {
        &self.builds.list[self.rows[0].build as usize].lane
    }

    /// Returns the first place.
    pub(super) fn first(&self) -> &'a Place {
        place(self.builds, &self.rows[0])
    }

    /// Returns what was observed behind a position, if anything was.
    pub(super) fn after(&self, position: i64) -> Option<Self> {
        let first = self.rows.partition_point(|row| place(self.builds, row).position <= position);
        (first < self.rows.len()).then(|| Self { rows: &self.rows[first..], ..*self })
    }

    /// Returns places and what was seen there.
    pub(super) fn places(&self) -> impl Iterator<Item = (&'a Place, Tally)> {
        let builds = self.builds;
        self.rows.iter().map(|observed| (place(builds, observed), observed.tally()))
    }
}

impl Observations {
    /// Adds what a rule observed: one outcome of a build in a series that no report names.
    pub(super) fn add(&mut self, build: u32, series: Series, verdict: Verdict) {
        let series_id = series.series_id;
        self.by_rule.push(Observed { series_id, build, attempt: 1, verdict, message_id: 0 });
        self.series.entry(series_id).or_insert_with(|| Arc::new(series));
    }

    /// Adds that suites were well: those of which something was observed, and others that are `known`.
    ///
    /// A report tells of a suite as a whole only where it went wrong. So it passed at each position of its lane at which
    /// a test passed or failed, and no build told of the suite.
    pub(super) fn add_suites(&mut self, builds: &Builds, known: Vec<(Arc<Lane>, Series)>) {
        let mut suites: ById<(Arc<Lane>, BTreeSet<i64>)> = ById::default();
        for row in self.by_rule.iter().filter(|row| self.series[&row.series_id].is_of_suite()) {
            let build = &builds.list[row.build as usize];
            let (_, told) = suites.entry(row.series_id).or_insert_with(|| (build.lane.clone(), BTreeSet::new()));
            told.insert(build.place.position);
        }
        for (lane, series) in known {
            suites.entry(series.series_id).or_insert((lane, BTreeSet::new()));
            self.series.entry(series.series_id).or_insert_with(|| Arc::new(series));
        }
        if suites.is_empty() {
            return;
        }
        let mut lanes: HashMap<&Lane, Vec<(u32, i64)>> = HashMap::new();
        for (index, build) in (0..).zip(&builds.list) {
            if build.exclusion.is_none() && build.test_counts.0 > 0 {
                let tested = lanes.entry(&build.lane).or_default();
                let position = build.place.position;
                if tested.last().is_none_or(|(_, last)| *last != position) {
                    tested.push((index, position));
                }
            }
        }
        for (series_id, (lane, told)) in suites {
            let tested = lanes.get(&*lane).into_iter().flatten();
            for &(build, _) in tested.filter(|(_, position)| !told.contains(position)) {
                let verdict = Verdict::Pass;
                self.by_rule.push(Observed { series_id, build, attempt: 1, verdict, message_id: 0 });
            }
        }
    }

    /// Brings everything in order: each series stands in one place, and there in the order of builds and attempts.
    ///
    /// What a file has of a series mostly is in order already, and sorting it would cost more than reading it.
    pub(super) fn sort(&mut self) {
        self.by_rule.sort_unstable();
        if self.is_mixed {
            self.gather();
        }
        let of_series = self.rows.chunk_by_mut(|a, b| a.series_id == b.series_id);
        of_series.filter(|rows| !rows.is_sorted()).for_each(<[Observed]>::sort_unstable);
        self.rows.append(&mut self.by_rule);
    }

    /// Puts what stands in several places of one series side by side: a file has a place for each outcome.
    fn gather(&mut self) {
        let mut from = 0;
        let place = |rows: &[Observed]| {
            from += rows.len();
            (rows[0].series_id, from - rows.len()..from)
        };
        let mut places: Vec<_> = self.rows.chunk_by(|a, b| a.series_id == b.series_id).map(place).collect();
        places.sort_by_key(|(series_id, _)| *series_id);
        let mut rows = Vec::with_capacity(self.rows.len());
        places.into_iter().for_each(|(_, place)| rows.extend_from_slice(&self.rows[place]));
        self.rows = rows;
    }

    /// Returns the series one by one, when all is in order.
    pub(super) fn by_series<'a>(&'a self, builds: &'a Builds) -> impl Iterator<Item = OfSeries<'a>> {
        let of = |rows: &'a [Observed]| OfSeries { series: &self.series[&rows[0].series_id], builds, rows };
        self.rows.chunk_by(|a, b| a.series_id == b.series_id).map(of)
    }

    /// Returns how many series were observed.
    pub(super) fn series_count(&self) -> usize {
        self.series.len()
    }

    /// Returns whether the series was observed.
    pub(super) fn has(&self, series_id: i64) -> bool {
        self.series.contains_key(&series_id)
    }

    /// Returns the tests that were observed, in order.
    pub(super) fn tests(&self) -> Vec<i64> {
        ordered(self.series.values().map(|series| series.test_id))
    }

    fn take(&mut self, batch: &RecordBatch, builds: &Builds, only: Option<&BTreeSet<i64>>) {
        let [series_id, test_id, build_id, attempt] = [0, 1, 2, 3].map(|column| ints(batch, column));
        let message_id = batch.column(4).as_primitive::<Int64Type>();
        let [outcome, kind, suite, name] = [5, 6, 7, 8].map(|column| texts(batch, column));
        // Neighbours mostly share them.
        let (mut last_kind, mut last_suite): (Arc<str>, Arc<str>) = ("".into(), "".into());
        let mut previous = self.rows.last().map(|row| row.series_id);
        let mut is_of_suite = false;
        for row in 0..batch.num_rows() {
            if only.is_some_and(|only| !only.contains(&series_id[row])) {
                continue;
            }
            // An outcome without its build is of a batch that is not published: not there yet.
            let Some(&build) = builds.index.get(&build_id[row]) else { continue };
            if builds.list[build as usize].exclusion.is_some() {
                continue;
            }
            if previous.replace(series_id[row]) != Some(series_id[row]) {
                is_of_suite = kind.value(row) == Kind::Suite.as_str();
                match self.series.entry(series_id[row]) {
                    Entry::Occupied(_) => self.is_mixed |= !is_of_suite,
                    Entry::Vacant(new) => {
                        let kind = shared(&mut last_kind, kind.value(row));
                        let (suite, name) = (shared(&mut last_suite, suite.value(row)), name.value(row).into());
                        let (series_id, test_id) = (series_id[row], test_id[row]);
                        new.insert(Arc::new(Series { series_id, test_id, kind, suite, name }));
                    }
                }
            }
            let rows = if is_of_suite { &mut self.by_rule } else { &mut self.rows };
            rows.push(Observed {
                series_id: series_id[row],
                build,
                attempt: u16::try_from(attempt[row]).unwrap_or(u16::MAX),
                verdict: Verdict::of(outcome.value(row)),
                message_id: if message_id.is_valid(row) { message_id.value(row) } else { 0 },
            });
        }
    }
}

fn place<'a>(builds: &'a Builds, observed: &Observed) -> &'a Place {
    &builds.list[observed.build as usize].place
}

/// Returns the text as the last one, if it is the same.
fn shared(last: &mut Arc<str>, text: &str) -> Arc<str> {
    if **last != *text {
        *last = text.into();
    }
    last.clone()
}
