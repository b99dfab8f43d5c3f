//! Which files of a table are merged next.
//!
//! Files lie in the order of their batches, and only neighbours are merged, so that a fold still skips all files behind
//! its watermark. A file has a rank by its rows, each rank eight times the one below; eight neighbours of a rank become
//! one of the next. So a row is written again once per rank, whatever the table has grown to, and a full file never.

use std::ops::Range;

use super::layout::FULL_ROWS;

/// So many neighbours of a rank are merged; their number is also bounded by what a merge holds open.
const WIDTH: usize = 8;

/// The most files that one merge holds open.
const OPEN: usize = 64;

/// What is to be merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Policy {
    /// What has become worth it.
    Due,
    /// Whatever can be.
    All,
}

/// Returns which of the files, given by their rows in the order of their batches, are merged next.
pub(super) fn next(rows: &[u64], policy: Policy) -> Option<Range<usize>> {
    let due = (0..=rank(FULL_ROWS)).find_map(|of| neighbours(rows, |rank| rank <= of, |run| is_due(run, of)));
    match policy {
        Policy::Due => due,
        Policy::All => due.or_else(|| neighbours(rows, |_| true, |run| run.len() > 1)),
    }
}

fn is_due(run: &[u64], of: u32) -> bool {
    run.iter().filter(|rows| rank(**rows) == of).count() >= WIDTH || run.len() > OPEN
}

fn rank(rows: u64) -> u32 {
    rows.max(1).ilog(WIDTH as u64)
}

/// Returns the first run of files that have such a rank, fit into one file, and are wanted.
fn neighbours(rows: &[u64], has: impl Fn(u32) -> bool, is_wanted: impl Fn(&[u64]) -> bool) -> Option<Range<usize>> {
    let is_open = |rows: u64| has(rank(rows)) && rows <= FULL_ROWS / 2;
    let mut start = 0;
    while start < rows.len() {
        let length = rows[start..].iter().take_while(|rows| is_open(**rows)).count();
        let run = &rows[start..start + length];
        if is_wanted(run) {
            let mut sum = 0;
            let fitting = run.iter().take(OPEN).take_while(|rows| {
                sum += **rows;
                sum <= FULL_ROWS
            });
            return Some(start..start + fitting.count());
        }
        start += length + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Merges what is due after each of `commits` of `size` rows; returns the files and how many rows were written.
    fn grow(commits: u64, size: u64, policy: Policy) -> (Vec<u64>, u64) {
        let (mut files, mut written) = (Vec::new(), 0);
        for _ in 0..commits {
            files.push(size);
            while let Some(range) = next(&files, policy) {
                assert!(range.len() > 1 && range.len() <= OPEN, "{range:?} of {files:?}");
                let sum = files[range.clone()].iter().sum();
                assert!(sum <= FULL_ROWS);
                files.splice(range, [sum]);
                written += sum;
            }
        }
        (files, written)
    }

    #[test]
    fn a_row_is_written_again_once_per_rank() {
        for (commits, size) in [(10_000, 500), (5000, 20_000), (1000, 100_000)] {
            let (files, written) = grow(commits, size, Policy::Due);
            let rows = commits * size;
            let ranks = u64::from(rank(rows.min(FULL_ROWS)) - rank(size));
            assert!(written <= ranks * rows, "{commits} of {size}: {written} of {rows}");
            assert!(files.len() <= OPEN, "{commits} of {size}: {files:?}");
        }
    }

    #[test]
    fn everything_is_as_few_files_as_fit() {
        let mut files = vec![100_000; 700];
        while let Some(range) = next(&files, Policy::All) {
            let sum = files[range.clone()].iter().sum();
            files.splice(range, [sum]);
        }
        assert!(files.len() <= 4, "{files:?}");
        assert_eq!(files.iter().sum::<u64>(), 70_000_000);
    }

    #[test]
    fn what_is_full_is_left_alone() {
        assert_eq!(next(&[FULL_ROWS, 10, FULL_ROWS], Policy::All), None);
        assert_eq!(next(&[FULL_ROWS, 10, 20, FULL_ROWS], Policy::All), Some(1..3));
        assert_eq!(next(&[10; 7], Policy::Due), None);
        assert_eq!(next(&[], Policy::All), None);
    }
}
