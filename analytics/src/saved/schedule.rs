//! When a saved query is asked by itself.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

/// A schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// Whenever there is a new version of the data.
    Change,
    /// So many minutes after the last time.
    Every(u32),
    /// Once a day, at or after this time, in UTC.
    Daily(NaiveTime),
}

impl Schedule {
    /// Returns whether it is time, given when it was last asked and whether the data is the same still.
    pub fn is_due(self, last: Option<DateTime<Utc>>, is_same: bool, now: DateTime<Utc>) -> bool {
        let Some(last) = last else { return true };
        match self {
            Self::Change => !is_same,
            Self::Every(minutes) => now - last >= TimeDelta::minutes(minutes.into()),
            Self::Daily(time) => {
                let today = now.date_naive().and_time(time).and_utc();
                let newest = if today <= now { today } else { today - TimeDelta::days(1) };
                last < newest
            }
        }
    }
}

impl FromStr for Schedule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no schedule: say `on change`, `every 15m`, `every 2h` or `daily 07:00`");
        let words: Vec<_> = text.split_whitespace().collect();
        match words[..] {
            ["on", "change"] => Ok(Self::Change),
            ["every", length] => {
                let (digits, unit) = length.split_at(length.len() - length.chars().last().map_or(0, char::len_utf8));
                let count: u32 = digits.parse().map_err(|_| wrong())?;
                let unit = match unit {
                    "m" => 1,
                    "h" => 60,
                    "d" => 24 * 60,
                    _ => return Err(wrong()),
                };
                count.checked_mul(unit).filter(|minutes| *minutes > 0).map(Self::Every).ok_or_else(wrong)
            }
            ["daily", time] => NaiveTime::parse_from_str(time, "%H:%M").map(Self::Daily).map_err(|_| wrong()),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Change => f.write_str("on change"),
            Self::Every(minutes) => write!(f, "every {minutes}m"),
            Self::Daily(time) => write!(f, "daily {}", time.format("%H:%M")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        format!("2026-11-{text}:00Z").parse().unwrap()
    }

    #[test]
    fn each_knows_its_time() {
        let daily: Schedule = "daily 07:00".parse().unwrap();
        for (last, now, is_due) in [
            ("20T07:01", "20T23:00", false),
            ("20T07:01", "21T06:59", false),
            ("20T07:01", "21T07:00", true),
            ("20T06:59", "20T07:00", true),
            ("18T12:00", "20T06:00", true),
        ] {
            assert_eq!(daily.is_due(Some(at(last)), false, at(now)), is_due, "{last} {now}");
        }
        let every: Schedule = "every 2h".parse().unwrap();
        assert!(!every.is_due(Some(at("20T07:00")), false, at("20T08:59")));
        assert!(every.is_due(Some(at("20T07:00")), true, at("20T09:00")));
        assert!(!Schedule::Change.is_due(Some(at("20T07:00")), true, at("21T07:00")));
        assert!(Schedule::Change.is_due(None, true, at("21T07:00")));
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in
            ["", "every", "every 0m", "every 5", "every 5s", "every 99999999999m", "every m", "daily 25:00", "weekly"]
        {
            assert!(text.parse::<Schedule>().is_err(), "{text}");
        }
    }
}
