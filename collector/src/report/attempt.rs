//! Numbers the attempts of each test of a report, of which only hashes are in memory.
//!
//! Nearly every test of nearly every report runs once, so what costs memory are those that do not.

use std::collections::{HashMap, HashSet};

/// Returns the hashes that come more than once.
pub(super) fn repeated(hashes: impl Iterator<Item = u64>) -> HashSet<u64> {
    let mut sorted: Vec<u64> = hashes.collect();
    sorted.sort_unstable();
    sorted.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect()
}

/// Returns the places of the attempts after the first of each test, with their numbers from 2; `tests` tells by a hash
/// which test an outcome is of, and what `is_dropped` is none.
pub(super) fn number(tests: &[u64], is_dropped: impl Fn(usize) -> bool) -> Vec<(usize, i64)> {
    let repeated = repeated(tests.iter().copied());
    if repeated.is_empty() {
        return Vec::new();
    }
    let mut counts: HashMap<u64, i64> = HashMap::with_capacity(repeated.len());
    let mut attempts = Vec::new();
    for (at, test) in tests.iter().enumerate().filter(|(at, test)| repeated.contains(test) && !is_dropped(*at)) {
        let count = counts.entry(*test).or_default();
        *count += 1;
        if *count > 1 {
            attempts.push((at, *count));
        }
    }
    attempts
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn attempts_count_on_over_what_is_left_out() {
        assert_eq!(number(&[1, 2, 3], |_| false), []);
        assert_eq!(number(&[1, 2, 1, 1, 2], |at| at == 2), [(3, 2), (4, 2)]);
    }
}
