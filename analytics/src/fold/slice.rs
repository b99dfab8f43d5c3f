//! One slice of a fold: all series of some tests, from what was observed to the segments of their streaks.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use annals_data::id;
use annals_data::row::Kind;
use arrow::array::StringViewArray;
use datafusion::logical_expr::{Expr, col, lit};
use futures::TryStreamExt;
use roaring::RoaringBitmap;
use tokio::sync::OnceCell;

use super::observed::{self, Observations, OfSeries};
use super::read::{self, Builds, ById, Slice, Tests};
use super::{AT_ONCE, Exclusion, Facts, MASS_FAILURE};
use crate::Result;
use crate::knowledge::{Knowledge, Lane, Series};
use crate::segment::{self, Folder, Line, Segment, Streaks};
use crate::streak::{self, Range, Streak, Verdict};

/// What all slices of a fold share.
pub(super) struct Work {
    facts: Arc<Facts>,
    folder: Folder,
    /// The newest batch that is folded already.
    from: i64,
    /// The new builds.
    pub(super) builds: Builds,
    /// Old and new builds, for series that are folded again.
    all_builds: OnceCell<Builds>,
    /// Builds that earlier folds excluded.
    excluded: ById<Exclusion>,
    /// The segments so far.
    segments: Vec<Segment>,
}

/// What a slice found out.
#[derive(Default)]
pub(super) struct Found {
    /// The streaks that are new, or not what they were.
    segments: Vec<Segment>,
    /// The rows that they replace, by segment.
    dead: BTreeMap<usize, RoaringBitmap>,
    /// The ranges of new failures, with series and lane.
    pub(super) ranges: Vec<(i64, Arc<Lane>, Range)>,
}

/// A streak as it was before, and where it lies.
struct Known {
    series_id: i64,
    segment: usize,
    row: u32,
    streak: Streak,
}

impl Work {
    pub(super) fn new(
        knowledge: &Knowledge,
        facts: Arc<Facts>,
        from: i64,
        builds: Builds,
        segments: Vec<Segment>,
    ) -> Result<Self> {
        let excluded = if from == 0 { ById::default() } else { knowledge.read(read::exclusions)? };
        let folder = knowledge.folder().clone();
        Ok(Self { facts, folder, from, builds, all_builds: OnceCell::new(), excluded, segments })
    }

    /// Returns the segments with what was found: what is new is there, what is replaced is dead.
    pub(super) fn replaced(&self, found: &[Found]) -> Vec<Segment> {
        let mut segments = self.segments.clone();
        for (segment, dead) in found.iter().flat_map(|found| &found.dead) {
            segments[*segment].dead |= dead;
        }
        segments.extend(found.iter().flat_map(|found| found.segments.iter().cloned()));
        segments
    }

    /// Folds the new outcomes of some tests.
    pub(super) async fn fold(&self, tests: Tests) -> Result<Found> {
        let slice = Slice { after: self.from, up_to: self.facts.batch };
        let mut new = observed::read(&self.facts, &self.builds, &slice, tests.filter(), None).await?;
        add_build_series(&self.builds, |series| tests.contains(series.test_id), &mut new);
        new.add_suites(&self.builds, self.suites(tests).await?);
        new.sort();
        let heads = self.heads(&new).await?;
        let mut folding = Folding { heads: Vec::with_capacity(new.series_count()), ..Folding::default() };
        let mut late = BTreeMap::new();
        for series in new.by_series(&self.builds) {
            let head = heads.get(&series.series.series_id);
            if !self.go_on(&series, head, &mut folding) {
                late.insert(series.series.series_id, series.series.test_id);
            }
        }
        self.look_back(&mut folding).await?;
        if !late.is_empty() {
            self.fold_again(&late, &mut folding).await?;
        }
        folding.finish(&self.folder)
    }

    /// Extends a series by what is new; returns whether that was possible: not if something came late, so that the
    /// series is to be folded again.
    fn go_on(&self, series: &OfSeries<'_>, head: Option<&Known>, folding: &mut Folding) -> bool {
        let is_let_go = || self.facts.let_go.contains(&**series.lane());
        let Some(head) = head else {
            // It was well until now, as far back as tests ran.
            if self.from > 0 && series.series.is_of_suite() && !is_let_go() {
                return false;
            }
            // What is left of them gives other streaks than all that there was.
            if self.from > 0 || !is_let_go() {
                folding.extend(series, None);
            }
            return true;
        };
        let reached = head.streak.last.position;
        if series.first().position <= reached && !is_let_go() {
            folding.bury(head);
            return false;
        }
        // What comes late cannot be put among outcomes that are not there.
        if let Some(new) = series.after(reached) {
            folding.bury(head);
            folding.extend(&new, Some(&head.streak));
        }
        true
    }

    /// Reads which suites of the lanes something was told of before, with their lanes.
    async fn suites(&self, tests: Tests) -> Result<Vec<(Arc<Lane>, Series)>> {
        let lanes: HashMap<&Lane, &Arc<Lane>> = self.builds.list.iter().map(|b| (&*b.lane, &b.lane)).collect();
        let of_lanes = among(&lanes.keys().copied().collect());
        let which = col("kind").eq(lit(Kind::Suite.as_str())).and(tests.filter()).and(of_lanes);
        let mut suites = Vec::new();
        for segment in self.segments.iter().filter(|segment| !segment.is_closed) {
            let table = segment::numbered(&self.folder, segment)?;
            let frame = self.facts.context.read_table(Arc::new(table))?.filter(which.clone())?;
            let columns = ["series_id", "test_id", "project", "branch", "builder", "suite", "name"];
            for batch in frame.select_columns(&columns)?.collect().await? {
                let [series_id, test_id] = [0, 1].map(|column| read::ints(&batch, column));
                let [project, branch, builder, suite, name] = [2, 3, 4, 5, 6].map(|column| read::texts(&batch, column));
                for row in 0..batch.num_rows() {
                    let text = |column: &StringViewArray| column.value(row).to_owned();
                    let lane = Lane { project: text(&project), branch: text(&branch), builder: text(&builder) };
                    // Where the lanes are many, those of all others were read, too.
                    if let Some(&lane) = lanes.get(&lane) {
                        let kind = Kind::Suite.as_str().into();
                        let (suite, name) = (suite.value(row).into(), name.value(row).into());
                        let series = Series { series_id: series_id[row], test_id: test_id[row], kind, suite, name };
                        suites.push((lane.clone(), series));
                    }
                }
            }
        }
        Ok(suites)
    }

    /// Reads the heads of what was observed.
    async fn heads(&self, new: &Observations) -> Result<ById<Known>> {
        if self.segments.is_empty() {
            return Ok(ById::default());
        }
        let tests = new.tests();
        let lanes: HashSet<&Lane> = self.builds.list.iter().map(|build| &*build.lane).collect();
        let known = self.known(false, read::among(&tests).and(among(&lanes)), |id| new.has(id)).await?;
        Ok(known.into_iter().map(|known| (known.series_id, known)).collect())
    }

    /// Reads streaks as they were.
    async fn known(&self, is_closed: bool, which: Expr, is_wanted: impl Fn(i64) -> bool) -> Result<Vec<Known>> {
        let mut known = Vec::new();
        for (index, segment) in self.segments.iter().enumerate().filter(|(_, s)| s.is_closed == is_closed) {
            let table = segment::numbered(&self.folder, segment)?;
            let frame = self.facts.context.read_table(Arc::new(table))?.filter(which.clone())?;
            let mut stream = frame.execute_stream().await?;
            while let Some(batch) = stream.try_next().await? {
                let streaks = Streaks::new(&batch);
                for (row, &series_id) in streaks.series().iter().enumerate().filter(|(_, id)| is_wanted(**id)) {
                    let (number, streak) = (streaks.number(row), streaks.get(row));
                    known.push(Known { series_id, segment: index, row: number, streak });
                }
            }
        }
        Ok(known)
    }

    /// Finds the ranges of failures that began after a head which neither passed nor failed: what was before it counts.
    async fn look_back(&self, folding: &mut Folding) -> Result<()> {
        let unsure = std::mem::take(&mut folding.unsure);
        if unsure.is_empty() {
            return Ok(());
        }
        let tests = read::ordered(unsure.iter().map(|(_, series, _)| series.test_id));
        let wanted: BTreeSet<i64> = unsure.iter().map(|(_, series, _)| series.series_id).collect();
        let mut before: ById<Vec<Streak>> = ById::default();
        for known in self.known(true, read::among(&tests), |id| wanted.contains(&id)).await? {
            before.entry(known.series_id).or_default().push(known.streak);
        }
        for (lane, series, streaks) in unsure {
            let mut all = before.remove(&series.series_id).unwrap_or_default();
            all.sort_unstable_by_key(|streak| streak.first.position);
            all.extend(streaks);
            folding.note_ranges(&lane, &series, &all);
        }
        Ok(())
    }

    /// Folds series, by id with their tests, again from all their outcomes.
    async fn fold_again(&self, late: &BTreeMap<i64, i64>, folding: &mut Folding) -> Result<()> {
        let only: BTreeSet<i64> = late.keys().copied().collect();
        let tests = read::ordered(late.values().copied());
        let closed = self.known(true, read::among(&tests), |id| only.contains(&id)).await?;
        closed.iter().for_each(|known| folding.bury(known));
        let builds = self.all_builds.get_or_try_init(|| self.read_all_builds()).await?;
        let everything = Slice { after: 0, up_to: self.facts.batch };
        let lanes: HashSet<&Lane> = self.builds.list.iter().map(|build| &*build.lane).collect();
        let of_lanes = builds.list.iter().filter(|build| lanes.contains(&*build.lane));
        let count = of_lanes.map(|build| build.outcome_count.max(0).cast_unsigned()).sum();
        for part in Tests::slices(count, AT_ONCE) {
            let tests: Vec<i64> = tests.iter().copied().filter(|&test_id| part.contains(test_id)).collect();
            if tests.is_empty() {
                continue;
            }
            let among = read::among(&tests);
            let mut again = observed::read(&self.facts, builds, &everything, among, Some(&only)).await?;
            let is_late = |series: &Series| part.contains(series.test_id) && only.contains(&series.series_id);
            add_build_series(builds, is_late, &mut again);
            again.add_suites(builds, Vec::new());
            again.sort();
            again.by_series(builds).for_each(|series| folding.extend(&series, None));
        }
        Ok(())
    }

    /// Reads all builds; what earlier folds decided of them stands.
    async fn read_all_builds(&self) -> Result<Builds> {
        let mut builds = read::builds(&self.facts, &Slice { after: 0, up_to: self.facts.batch }).await?;
        for build in &mut builds.list {
            let build_id = build.place.build_id;
            build.exclusion = match self.builds.index.get(&build_id) {
                Some(&new) => self.builds.list[new as usize].exclusion.clone(),
                None => self.excluded.get(&build_id).cloned(),
            };
        }
        Ok(builds)
    }
}

/// Narrows a scan of streaks to some lanes, where these are few.
fn among(lanes: &HashSet<&Lane>) -> Expr {
    const FEW: usize = 16;
    if lanes.len() > FEW { lit(true) } else { of_lanes(lanes) }
}

/// Returns the condition that a streak is of one of the lanes.
pub(crate) fn of_lanes(lanes: &HashSet<&Lane>) -> Expr {
    let is = |name: &str, value: &str| col(name).eq(lit(value));
    let lane =
        |lane: &&Lane| is("builder", &lane.builder).and(is("branch", &lane.branch)).and(is("project", &lane.project));
    lanes.iter().map(lane).reduce(Expr::or).unwrap_or_else(|| lit(false))
}

/// Adds the series of the builders themselves, as far as they are wanted: a mass failure is one problem of the builder.
fn add_build_series(builds: &Builds, is_wanted: impl Fn(&Series) -> bool, observations: &mut Observations) {
    for (index, build) in (0..).zip(&builds.list) {
        let rule = build.exclusion.as_ref().map(|exclusion| exclusion.rule);
        if rule.is_some_and(|rule| rule != MASS_FAILURE) {
            continue;
        }
        let test_id = id::test_id(&build.lane.project, "build", "", "(build)");
        let series_id = id::series_id(test_id, &build.lane.branch, &build.lane.builder);
        let series = Series { series_id, test_id, kind: "build".into(), suite: "".into(), name: "(build)".into() };
        if is_wanted(&series) {
            observations.add(index, series, if rule.is_some() { Verdict::Fail } else { Verdict::Pass });
        }
    }
}

/// A slice that is being folded.
#[derive(Default)]
struct Folding {
    heads: Vec<Line>,
    closed: Vec<Line>,
    /// Series of which the range of a new failure depends on streaks that were not read.
    unsure: Vec<(Arc<Lane>, Arc<Series>, Vec<Streak>)>,
    found: Found,
}

impl Folding {
    /// Counts a row as replaced.
    fn bury(&mut self, known: &Known) {
        self.found.dead.entry(known.segment).or_default().insert(known.row);
    }

    /// Extends a series from its head, or from nothing.
    fn extend(&mut self, observed: &OfSeries<'_>, head: Option<&Streak>) {
        let (lane, series) = (observed.lane(), observed.series);
        let mut streaks: Vec<Streak> = head.cloned().into_iter().collect();
        streak::extend(&mut streaks, observed.places());
        let is_failure = |streak: &Streak| streak.verdict == Verdict::Fail;
        if streaks.iter().skip(usize::from(head.is_some())).any(is_failure) {
            match head {
                Some(head) if !head.verdict.is_decisive() => {
                    self.unsure.push((lane.clone(), series.clone(), streaks.clone()));
                }
                _ => self.note_ranges(lane, series, &streaks),
            }
        }
        let last = streaks.pop();
        let line = |streak, is_head| Line { lane: lane.clone(), series: series.clone(), streak, is_head };
        self.closed.extend(streaks.into_iter().map(|streak| line(streak, false)));
        self.heads.extend(last.map(|streak| line(streak, true)));
    }

    fn note_ranges(&mut self, lane: &Arc<Lane>, series: &Series, streaks: &[Streak]) {
        let ranges = streak::ranges(streaks).into_iter().map(|range| (series.series_id, lane.clone(), range));
        self.found.ranges.extend(ranges);
    }

    /// Writes what was folded.
    fn finish(mut self, folder: &Folder) -> Result<Found> {
        for (is_closed, lines) in [(false, &self.heads), (true, &self.closed)] {
            self.found.segments.extend(segment::write(folder, is_closed, lines)?);
        }
        Ok(self.found)
    }
}
