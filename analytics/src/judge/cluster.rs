//! Texts that say nearly the same, grouped.
//!
//! Texts come oldest first. Each joins the oldest group whose founder shares enough of its words (Jaccard, 1901), or
//! founds one. So a group is known by its founder, and what comes later changes no group: ids stay as they are. Founders
//! that may be alike are found by MinHash (Broder, 1997), not by asking all of them.

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Only so many texts are grouped; the rest stay alone.
const TEXTS: usize = 50_000;
/// Hashes of one text, two of which make a band.
const HASHES: usize = 32;

/// Returns for each text which one founded its group; a text that founded one is its own founder.
pub(crate) fn founders(texts: &[&str], similarity: f64) -> Vec<usize> {
    let mut bands: HashMap<(usize, u64, u64), Vec<usize>> = HashMap::new();
    let words: Vec<BTreeSet<u64>> = texts.iter().take(TEXTS).map(|text| words(text)).collect();
    let mut founders = Vec::with_capacity(texts.len());
    for (index, own) in words.iter().enumerate() {
        let keys = keys(own);
        let known: BTreeSet<usize> = keys.iter().filter_map(|key| bands.get(key)).flatten().copied().collect();
        let founder = known.into_iter().find(|other| jaccard(own, &words[*other]) >= similarity);
        if founder.is_none() {
            keys.into_iter().for_each(|key| bands.entry(key).or_default().push(index));
        }
        founders.push(founder.unwrap_or(index));
    }
    founders.extend(words.len()..texts.len());
    founders
}

/// Returns the hashes of a text's words and of what stands between them, so that order matters a little.
fn words(text: &str) -> BTreeSet<u64> {
    let parts: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).collect();
    let pairs = parts.windows(2).map(|pair| hash(&(pair[0], pair[1])));
    parts.iter().map(hash).chain(pairs).collect()
}

fn hash(thing: &impl Hash) -> u64 {
    // Its keys are fixed, so that groups are the same in each process.
    let mut hasher = DefaultHasher::new();
    thing.hash(&mut hasher);
    hasher.finish()
}

fn keys(words: &BTreeSet<u64>) -> Vec<(usize, u64, u64)> {
    let least = |seed: u64| {
        let mixed = words
            .iter()
            .map(|word| (word ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xff51_afd7_ed55_8ccd));
        mixed.map(|mixed| mixed ^ (mixed >> 32)).min().unwrap_or_default()
    };
    (0..HASHES / 2).map(|band| (band, least(2 * band as u64 + 1), least(2 * band as u64 + 2))).collect()
}

fn jaccard(left: &BTreeSet<u64>, right: &BTreeSet<u64>) -> f64 {
    let shared = left.intersection(right).count();
    let all = left.len() + right.len() - shared;
    if all == 0 { 1.0 } else { shared as f64 / all as f64 }
}

#[cfg(test)]
mod tests {
    use super::founders;

    const TEXTS: [&str; 5] = [
        "thread main panicked at <path>: index out of bounds: the len is # but the index is #",
        "AssertionError: expected alpha, got beta",
        "thread worker panicked at <path>: index out of bounds: the len is # but the index is #",
        "connection refused while asking the registry for its list of packages",
        "AssertionError: expected gamma, got delta, after a very long wait for it",
    ];

    #[test]
    fn what_says_nearly_the_same_is_one_group() {
        assert_eq!(founders(&TEXTS, 0.6), [0, 1, 0, 3, 4]);
        assert_eq!(founders(&["", "", "x"], 0.6), [0, 0, 2]);
    }

    #[test]
    fn what_comes_later_changes_no_group() {
        for count in 0..TEXTS.len() {
            assert_eq!(founders(&TEXTS[..count], 0.6), founders(&TEXTS, 0.6)[..count]);
        }
    }
}
