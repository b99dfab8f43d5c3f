//! What a window is said to be: words such as `branch=main builder=linux days=0..7 from=120 to=2026-08-01`.
//!
//! The words come from outside and end in a query, so each is taken apart, and only its value goes on, quoted.

use std::fmt::Write as _;

/// A choice of tested positions.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Window {
    /// What must be equal, by column.
    equal: Vec<(&'static str, String)>,
    /// Least and largest position, date or revision, both included.
    from: Option<Edge>,
    to: Option<Edge>,
    /// Ages in days before the lane's newest tested revision.
    days: Option<(f64, f64)>,
}

#[derive(Clone, Debug, PartialEq)]
enum Edge {
    Position(i64),
    Date(String),
    Revision(String),
}

impl Window {
    /// Reads a window; the reason where it cannot be read.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut window = Self::default();
        for word in text.split_whitespace() {
            let (key, value) = word.split_once('=').filter(|(_, value)| !value.is_empty()).ok_or_else(|| {
                format!("`{word}` is no word of a window: project=, branch=, builder=, from=, to= or days=")
            })?;
            match key {
                "project" => window.equal.push(("project", value.to_owned())),
                "branch" => window.equal.push(("branch", value.to_owned())),
                "builder" => window.equal.push(("builder", value.to_owned())),
                "from" => window.from = Some(Edge::parse(value)?),
                "to" => window.to = Some(Edge::parse(value)?),
                "days" => window.days = Some(days(value)?),
                _ => return Err(format!("a window has no `{key}`: project, branch, builder, from, to and days")),
            }
        }
        Ok(window)
    }

    /// Returns whether the window says which `column` it is of.
    pub(super) fn names(&self, column: &str) -> bool {
        self.equal.iter().any(|(name, _)| *name == column)
    }

    /// Returns the condition on a lane's tested position `l`; `usual` holds where the window names no time.
    pub(super) fn condition(&self, usual: &str) -> String {
        let mut sql = String::from("true");
        for (column, value) in &self.equal {
            // A text takes what is written to it.
            let _ = write!(sql, " AND l.{column} = {}", quoted(value));
        }
        if let Some(edge) = &self.from {
            let _ = write!(sql, " AND {}", edge.condition(">="));
        }
        if let Some(edge) = &self.to {
            let _ = write!(sql, " AND {}", edge.condition("<="));
        }
        match self.days {
            Some((low, high)) => {
                let _ = write!(sql, " AND l.age_days >= {low:?} AND l.age_days < {high:?}");
            }
            None if self.from.is_none() && self.to.is_none() => {
                let _ = write!(sql, " AND {usual}");
            }
            None => {}
        }
        sql
    }
}

impl Edge {
    fn parse(value: &str) -> Result<Self, String> {
        let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let is_date =
            value.len() == 10 && value.split('-').map(str::len).eq([4, 2, 2]) && value.split('-').all(is_digits);
        match value {
            date if is_date => Ok(Self::Date(date.to_owned())),
            digits if is_digits(digits) && digits.len() < 10 => {
                digits.parse().map(Self::Position).map_err(|error| format!("`{digits}`: {error}"))
            }
            revision if revision.len() >= 6 && revision.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                Ok(Self::Revision(revision.to_owned()))
            }
            other => Err(format!("`{other}` is no position, date (2026-08-01) or revision (6 characters at least)")),
        }
    }

    fn condition(&self, sign: &str) -> String {
        match self {
            Self::Position(position) => format!("l.position {sign} {position}"),
            Self::Date(date) => format!("CAST(l.tested_at AS DATE) {sign} CAST('{date}' AS DATE)"),
            Self::Revision(revision) => {
                let end = if sign == ">=" { "min" } else { "max" };
                let pattern = quoted(&format!("{revision}%"));
                format!("l.position {sign} (SELECT {end}(position) FROM lane WHERE revision LIKE {pattern})")
            }
        }
    }
}

/// Reads `7` (the newest seven days) or `7..37`.
fn days(value: &str) -> Result<(f64, f64), String> {
    let number = |text: &str| text.parse::<f64>().ok().filter(|days| (0.0..1e6).contains(days));
    let found = match value.split_once("..") {
        Some((low, high)) => number(low).zip(number(high)),
        None => number(value).map(|high| (0.0, high)),
    };
    found.filter(|(low, high)| low < high).ok_or_else(|| format!("`days={value}` is no `days=7` or `days=7..37`"))
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_conditions_and_nothing_else() {
        let condition = |text: &str| Window::parse(text).unwrap().condition("usual");
        assert_eq!(condition(""), "true AND usual");
        assert_eq!(condition("branch=a'b from=7"), "true AND l.branch = 'a''b' AND l.position >= 7");
        assert_eq!(condition("days=7..37"), "true AND l.age_days >= 7.0 AND l.age_days < 37.0");
        assert_eq!(condition("to=2026-08-01"), "true AND CAST(l.tested_at AS DATE) <= CAST('2026-08-01' AS DATE)");
        assert!(condition("from=abc123").contains("revision LIKE 'abc123%'"));
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        for wrong in ["main", "branch=", "colour=red", "from=x';--", "days=9..3", "days=-1", "days=nan"] {
            assert!(Window::parse(wrong).is_err(), "{wrong}");
        }
    }
}
