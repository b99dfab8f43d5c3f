//! Reads a length of time as test tools write it.
//!
//! The unit is the second where none is given. What is no time (empty, `NaN`, negative, absurdly long) is `None`;
//! telling that to people is the caller's business.

/// Longest time that is believed: ten years.
const LONGEST_S: f64 = 10.0 * 366.0 * 86_400.0;

/// Returns microseconds for `0.5`, `1,234.5`, `1.5s`, `3 ms`, `1e-05` or `00:01:02.5`.
///
/// With both marks the last one is the decimal mark; a single comma alone is a decimal comma, because no known tool
/// groups thousands without also writing decimals.
pub(super) fn microseconds(text: &str) -> Option<i64> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return between(text.parse().ok()?);
    }
    let unit_at = text.find(|c: char| c.is_alphabetic() && !matches!(c, 'e' | 'E')).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    between(clock(number.trim())? * factor(unit.trim())?)
}

/// Returns the microseconds of a number of seconds that can be believed.
fn between(seconds: f64) -> Option<i64> {
    (0.0..=LONGEST_S).contains(&seconds).then(|| (seconds * 1e6).round() as i64)
}

/// Returns how many seconds a unit has.
fn factor(unit: &str) -> Option<f64> {
    Some(match unit.to_ascii_lowercase().as_str() {
        "" | "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
        "ms" => 1e-3,
        "us" | "µs" | "μs" => 1e-6,
        "ns" => 1e-9,
        "m" | "min" => 60.0,
        _ => return None,
    })
}

/// Returns the seconds of a number or of `hours:minutes:seconds`.
fn clock(text: &str) -> Option<f64> {
    let parts: Vec<&str> = text.split(':').collect();
    if parts.len() > 3 {
        return None;
    }
    parts.iter().try_fold(0.0, |sum, part| Some(sum * 60.0 + number(part)?))
}

/// Returns a number with any decimal mark.
fn number(text: &str) -> Option<f64> {
    let plain = match (text.rfind('.'), text.rfind(',')) {
        (_, None) => return text.parse().ok(),
        (Some(dot), Some(comma)) if dot > comma => text.replace(',', ""),
        (Some(_), Some(_)) => text.replace('.', "").replace(',', "."),
        (None, Some(_)) if text.matches(',').count() == 1 => text.replace(',', "."),
        (None, Some(_)) => text.replace(',', ""),
    };
    plain.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::microseconds;

    #[test]
    fn times_are_read_as_tools_write_them() {
        let table = [
            ("0", Some(0)),
            ("0.000001", Some(1)),
            (" 1.5 ", Some(1_500_000)),
            ("1,234.5", Some(1_234_500_000)),
            ("1.234,5", Some(1_234_500_000)),
            ("1,234,567.5", Some(1_234_567_500_000)),
            ("0,25", Some(250_000)),
            ("1.5s", Some(1_500_000)),
            ("3 ms", Some(3_000)),
            ("3µs", Some(3)),
            ("9.5E-4", Some(950)),
            ("1e-05", Some(10)),
            ("00:01:02.5", Some(62_500_000)),
            ("", None),
            ("NaN", None),
            ("inf", None),
            ("-1", None),
            ("1e300", None),
            ("<<computed>>", None),
            ("1:2:3:4", None),
            ("3 parsecs", None),
        ];
        for (text, expected) in table {
            assert_eq!(microseconds(text), expected, "{text}");
        }
    }
}
