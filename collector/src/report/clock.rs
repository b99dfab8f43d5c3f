//! Reads a point in time as test tools write it.
//!
//! Most tools write local time, many without saying so: without a zone it is taken as UTC. Reports only use it to put
//! attempts in order, and the files of one build come from one zone.

/// Days from the first day of year 0 to 1970 in the Gregorian calendar.
const DAYS_TO_1970: i64 = 719_468;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Returns microseconds since 1970 UTC for `2026-11-21T14:39:00.5+01:00`, `2026-11-21 14:39:00` or `20261121 14:39:00.5`.
///
/// Tools write the first day of 1970 or of year 1 where they do not know; that is no time.
pub(super) fn microseconds(text: &str) -> Option<i64> {
    let text = text.trim();
    let mail = mail_date(text);
    let text = mail.as_deref().unwrap_or(text);
    let (date, rest) = text.split_once(['T', 't', ' '])?;
    let zone_at = rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len());
    let (time, zone) = rest.split_at(zone_at);
    let seconds = days(date)? * 86_400 - offset(zone)?;
    let time = of_day(time.trim())?;
    (seconds > 366 * 86_400).then_some(seconds * 1_000_000 + time)
}

/// Returns `Sat, 21 Nov 2026 14:39:00 GMT`, as mails and Mocha write it, in the order of the other forms.
fn mail_date(text: &str) -> Option<String> {
    let mut parts = text.split_once(", ")?.1.split(' ');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    let (time, zone) = (parts.next()?, parts.next().unwrap_or_default());
    let month = 1 + MONTHS.iter().position(|&name| name == month)?;
    let zone = if matches!(zone, "GMT" | "UTC") { "Z" } else { zone };
    Some(format!("{year:0>4}-{month:02}-{day:0>2} {time}{zone}"))
}

/// Returns the days from 1970 to `2026-11-21` or `20261121`.
fn days(date: &str) -> Option<i64> {
    let (year, month, day) = match date.len() {
        10 if date.is_ascii() => (&date[..4], date[4..].strip_prefix('-')?.get(..2)?, date[7..].strip_prefix('-')?),
        8 if date.is_ascii() => (&date[..4], &date[4..6], &date[6..]),
        _ => return None,
    };
    let (year, month, day) = (number(year, 9999)?, number(month, 12)?, number(day, 31)?);
    // A year that begins in March has its odd day at its end (Hinnant, "chrono-compatible low-level date algorithms").
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    Some(year * 365 + leap_days + (153 * month + 2) / 5 + day - 1 - DAYS_TO_1970)
}

/// Returns the microseconds since midnight of `14:39`, `14:39:00` or `14:39:00.1234567`.
fn of_day(time: &str) -> Option<i64> {
    let (whole, fraction) = time.split_once(['.', ',']).unwrap_or((time, "0"));
    let mut parts = whole.split(':');
    let (hour, minute) = (number(parts.next()?, 24)?, number(parts.next()?, 59)?);
    let second = parts.next().map_or(Some(0), |part| number(part, 60))?;
    let digits =
        fraction.get(..fraction.len().min(6)).filter(|_| fraction.bytes().all(|byte| byte.is_ascii_digit()))?;
    let micros: i64 = format!("{digits:0<6}").parse().ok()?;
    parts.next().is_none().then_some((hour * 3600 + minute * 60 + second) * 1_000_000 + micros)
}

/// Returns the seconds that a zone is before UTC: nothing, `Z`, `+01:00`, `-0330`, `+2`.
fn offset(zone: &str) -> Option<i64> {
    let sign = match zone.chars().next() {
        None | Some('Z' | 'z') => return Some(0),
        Some('-') => -1,
        Some(_) => 1,
    };
    let digits = zone[1..].trim().replace(':', "");
    let (hours, minutes) = digits.split_at_checked(2).unwrap_or((&digits, ""));
    let minutes = if minutes.is_empty() { 0 } else { number(minutes, 59)? };
    Some(sign * (number(hours, 18)? * 3600 + minutes * 60))
}

fn number(digits: &str, most: i64) -> Option<i64> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?.filter(|&number| number <= most)
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
