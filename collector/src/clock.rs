//! Times as the tables hold them: microseconds since 1970, UTC.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The last second of the year 9999; later ones (git accepts any number) cannot be shown by most engines.
const LAST_SECOND: i64 = 253_402_300_799;

/// Returns the present time.
pub(crate) fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, micros)
}

/// Returns a length of time in microseconds.
pub(crate) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// Returns git's seconds as microseconds, moved into the years up to 9999.
pub(crate) fn from_seconds(seconds: i64) -> i64 {
    seconds.clamp(-LAST_SECOND, LAST_SECOND) * 1_000_000
}
