//! How precisely lengths of time are kept.
//!
//! What a test takes differs by some ten percent from run to run, so most digits of a length are noise, and noise is
//! what no compression makes smaller: kept whole they would be two thirds of all that outcomes need (`docs/layout.md`).

/// A length keeps so many significant bits: it is off by one part in 64 at most, and exact below 64 microseconds.
const BITS: u32 = 6;

/// Returns a length in microseconds as it is kept.
///
/// What is kept already stays as it is, so that rows can pass more than once.
pub(crate) fn kept(micros: i64) -> i64 {
    let length = i64::BITS - micros.max(0).leading_zeros();
    let Some(cut @ 1..) = length.checked_sub(BITS) else { return micros };
    let half = 1_i64 << (cut - 1);
    micros.checked_add(half).map_or(i64::MAX >> cut, |micros| micros >> cut) << cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_off_by_one_part_in_sixty_four_at_most() {
        for micros in (0..100_000).chain([1 << 40, 987_654_321_012, i64::MAX]) {
            let kept = kept(micros);
            assert!(kept >= 0 && kept.abs_diff(micros) <= micros as u64 / 64, "{micros} {kept}");
            assert_eq!(super::kept(kept), kept, "{micros}");
        }
    }

    #[test]
    fn short_and_senseless_lengths_are_kept_whole() {
        assert_eq!([-5, 0, 1, 63].map(kept), [-5, 0, 1, 63]);
        assert_eq!([1500, 1_000_000, 60_000_000].map(kept), [1504, 999_424, 59_768_832]);
    }
}
