//! Reads a point in time as test tools write it.
//!
//! Most tools write local time, many without saying so: without a zone it is taken as UTC. Reports only use it to put
//! attempts in order, and the files of one build come from one zone.

use chrono::{DateTime, NaiveDateTime};

/// With a zone, beside what RFC 3339 and RFC 2822 say.
const ZONED: [&str; 2] = ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z"];
/// Without a zone.
const LOCAL: [&str; 4] = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y%m%d %H:%M:%S%.f"];
/// Tools write the first day of 1970 or of year 1 where they do not know: an earlier time than this is none.
const EARLIEST_US: i64 = 366 * 86_400_000_000;

/// Returns microseconds since 1970 UTC for `2026-11-21T14:39:00.5+01:00`, `2026-11-21 14:39:00`,
/// `20261121 14:39:00.5` or `Sat, 21 Nov 2026 14:39:00 GMT`.
pub(super) fn microseconds(text: &str) -> Option<i64> {
    let text = text.trim();
    let zoned = DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_rfc2822(text)).ok();
    let zoned = zoned.or_else(|| ZONED.iter().find_map(|form| DateTime::parse_from_str(text, form).ok()));
    let local = || LOCAL.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    let time = zoned.map(|time| time.naive_utc()).or_else(local)?.and_utc().timestamp_micros();
    (time > EARLIEST_US).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::microseconds;

    #[test]
    fn times_are_read_as_tools_write_them() {
        let at = 1_795_271_940_000_000;
        let table = [
            ("2026-11-21T14:39:00Z", Some(at)),
            (" 2026-11-21 14:39:00 ", Some(at)),
            ("2026-11-21 14:39:00Z", Some(at)),
            ("20261121 14:39:00.250", Some(at + 250_000)),
            ("2026-11-21T14:39:00.1234567", Some(at + 123_456)),
            ("2026-11-21T16:39:00+02:00", Some(at)),
            ("2026-11-21T11:09:00-0330", Some(at)),
            ("2026-11-21 14:39", Some(at)),
            ("Sat, 21 Nov 2026 14:39:00 GMT", Some(at)),
            ("Sat, 21 Nov 2026 15:39:00 +0100", Some(at)),
            ("Sat, 21 Nix 2026 15:39:00 GMT", None),
            ("2024-02-29T00:00:00", Some(1_709_164_800_000_000)),
            ("1970-01-01T00:00:00", None),
            ("0001-01-01T00:00:00Z", None),
            ("2026-13-01T00:00:00", None),
            ("2026-11-21T14:39:00.é", None),
            ("2026-11-21", None),
            ("é026-11-2 1:2", None),
            ("today T", None),
            ("N/A", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(microseconds(text), expected, "{text}");
        }
    }
}
