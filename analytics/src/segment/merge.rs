//! Keeping segments few: what is small or mostly dead is written together.
//!
//! A row is rewritten once for each class of size that it grows through, so the cost per streak grows with the
//! logarithm of how many there are.

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::physical_expr::expressions::col;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::execute_stream;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::union::UnionExec;
use datafusion::prelude::SessionContext;
use futures::TryStreamExt;

use super::{Folder, Segment, Writer, column, streaks};
use crate::Result;

/// As many segments of one class are made one; segments of a class differ in size by no more than this factor.
const FAN: u64 = 8;
/// Segments with more rows than this are left as they are, while most of their rows count.
const LARGE: u64 = 500_000;
/// What the rows of each segment are ordered by, as [`super::Line::order`] has it.
const ORDER: [&str; 5] = ["project", "branch", "builder", "test_id", "first_position"];

/// Writes segments together until few are left, and leaves out those of which no row counts.
pub(crate) async fn tidy(folder: &Folder, mut segments: Vec<Segment>) -> Result<Vec<Segment>> {
    segments.retain(|segment| segment.live_count() > 0);
    while let Some(chosen) = choose(&segments) {
        let (old, kept) = segments.into_iter().partition(|segment| chosen.contains(&segment.name));
        segments = kept;
        segments.push(merge(folder, old).await?);
    }
    Ok(segments)
}

/// Returns the names of what shall be one segment, if anything shall.
fn choose(segments: &[Segment]) -> Option<Vec<String>> {
    let is_wasteful = |segment: &&Segment| segment.live_count() * 2 < u64::from(segment.row_count);
    let name = |segment: &Segment| segment.name.clone();
    for is_closed in [false, true] {
        let of_kind = || segments.iter().filter(|segment| segment.is_closed == is_closed);
        let small = |segment: &&Segment| segment.live_count() < LARGE;
        for class in 0..=LARGE.ilog(FAN) {
            let peers: Vec<_> = of_kind().filter(small).filter(|s| s.live_count().ilog(FAN) == class).collect();
            if peers.len() as u64 >= FAN {
                return Some(peers.into_iter().map(name).collect());
            }
        }
        // Heads are replaced whole by most folds: rewriting what the next one replaces would be work for nothing.
        if let Some(wasteful) = of_kind().filter(|s| s.row_count as usize > super::ROW_GROUP).find(is_wasteful) {
            return Some(vec![name(wasteful)]);
        }
    }
    None
}

/// Writes what counts in `segments`, all of one kind, as one. Each is in order already, so memory holds a few pages of each.
async fn merge(folder: &Folder, segments: Vec<Segment>) -> Result<Segment> {
    let mut writer = Writer::new(folder, segments.iter().all(|segment| segment.is_closed))?;
    let (context, schema) = (SessionContext::new(), column::schema(false));
    let mut inputs = Vec::new();
    for segment in &segments {
        let table = streaks(folder, std::slice::from_ref(segment))?;
        inputs.push(table.scan(&context.state(), None, &[], None).await?);
    }
    let order = ORDER.iter().map(|name| Ok(PhysicalSortExpr::new_default(col(name, &schema)?)));
    let order = order.collect::<Result<Vec<_>>>()?;
    let order = LexOrdering::new(order).expect("there are columns to order by");
    let merged = SortPreservingMergeExec::new(order, UnionExec::try_new(inputs)?);
    let mut rows = execute_stream(Arc::new(merged), context.task_ctx())?;
    while let Some(batch) = rows.try_next().await? {
        writer.append(&batch.with_schema(schema.clone()).map_err(datafusion::error::DataFusionError::from)?)?;
    }
    writer.finish()
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray;
    use arrow::datatypes::Int64Type;
    use datafusion::prelude::{col, lit};

    use super::*;
    use crate::knowledge::{Lane, Series};
    use crate::segment::{self, Line};
    use crate::streak::{Place, Streak, Tally, Verdict};

    fn line(test_id: i64, position: i64) -> Line {
        let text = |text: &str| text.to_owned();
        let lane = Lane { project: text("p"), branch: text("main"), builder: text("linux") };
        let series = Series { series_id: test_id, test_id, kind: "test".into(), suite: "s".into(), name: "t".into() };
        let place = Place { position, at: None, build_id: position, revision: "r".into() };
        let (first, last, tally) = (place.clone(), place, Tally::of(Verdict::Pass, None));
        let streak = Streak { verdict: Verdict::Pass, first, last, position_count: 1, tally };
        Line { lane: Arc::new(lane), series: Arc::new(series), streak, is_head: true }
    }

    /// Returns test and position of all rows that count, as they lie.
    async fn told(folder: &Folder, segments: &[Segment]) -> Vec<(i64, i64)> {
        let table = Arc::new(streaks(folder, segments).unwrap());
        let context = SessionContext::new();
        let frame = context.read_table(table).unwrap().select_columns(&["test_id", "first_position"]).unwrap();
        let mut rows = Vec::new();
        for batch in frame.collect().await.unwrap() {
            let [tests, positions] = [0, 1].map(|column| batch.column(column).as_primitive::<Int64Type>().values());
            rows.extend(tests.iter().copied().zip(positions.iter().copied()));
        }
        rows
    }

    #[tokio::test]
    async fn many_folds_leave_few_segments_and_every_row_that_counts() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::open(root.path()).unwrap();
        let mut segments: Vec<Segment> = Vec::new();
        for fold in 0..200_i64 {
            // Each fold replaces the head of a test that the last but one wrote, and brings two new ones.
            for segment in &mut segments {
                let table = super::super::numbered(&folder, segment).unwrap();
                let old = SessionContext::new().read_table(Arc::new(table)).unwrap();
                let old = old.filter(col("test_id").eq(lit(2 * (fold - 2)))).unwrap();
                for batch in old.collect().await.unwrap() {
                    let numbers = batch[column::ROW].as_primitive::<Int64Type>();
                    segment.dead.extend(numbers.values().iter().map(|row| *row as u32));
                }
            }
            let mut lines = vec![line(2 * fold, fold), line(2 * fold + 1, fold)];
            lines.extend((fold >= 2).then(|| line(2 * (fold - 2), fold)));
            segments.extend(segment::write(&folder, false, &lines).unwrap());
            segments = tidy(&folder, segments).await.unwrap();
            assert!(segments.len() < 3 * FAN as usize, "{} segments", segments.len());
        }
        let replaced = |test: i64| if test % 2 == 0 && test < 396 { test / 2 + 2 } else { test / 2 };
        let expected: Vec<_> = (0..400).map(|test| (test, replaced(test))).collect();
        let mut all = Vec::new();
        for segment in &segments {
            let rows = told(&folder, std::slice::from_ref(segment)).await;
            assert!(rows.is_sorted(), "the rows of each segment are in order: {rows:?}");
            all.extend(rows);
        }
        all.sort_unstable();
        assert_eq!(all, expected);
    }

    #[tokio::test]
    async fn files_that_nobody_reads_any_more_go_when_queries_have_ended() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::open(root.path()).unwrap();
        let write = |test| segment::write(&folder, false, &[line(test, 1)]).unwrap().unwrap();
        let (old, new) = (write(1), write(2));
        let count = || std::fs::read_dir(&folder.path).unwrap().count();
        folder.sweep(std::slice::from_ref(&new), std::slice::from_ref(&old)).unwrap();
        assert_eq!(count(), 2, "a query may still read what was replaced just now");
        let lost = Segment { name: "lost".to_owned(), ..old.clone() };
        folder.sweep(std::slice::from_ref(&new), std::slice::from_ref(&lost)).unwrap();
        let file = std::fs::File::options().append(true).open(folder.path.join(&old.name)).unwrap();
        file.set_modified(std::time::SystemTime::now() - 2 * segment::HORIZON).unwrap();
        folder.sweep(std::slice::from_ref(&new), &[]).unwrap();
        assert_eq!(count(), 1);
        assert_eq!(told(&folder, &[new]).await, [(2, 1)]);
    }
}
