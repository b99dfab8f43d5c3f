//! How values look on a page: times, lengths, ratios, states, revisions and links.
//!
//! Everything that becomes HTML here escapes what came from outside; templates escape the rest by themselves.

use std::fmt;

use askama::filters::HtmlSafe;
use chrono::{DateTime, Utc};

use crate::table::{Cell, Row, Table};

/// HTML that is safe to print as it stands.
#[derive(Clone, Debug, Default)]
pub(crate) struct Markup(String);

impl Markup {
    /// Takes HTML whose parts from outside were escaped.
    pub(crate) fn trusted(html: String) -> Self {
        Self(html)
    }
}

impl fmt::Display for Markup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl HtmlSafe for Markup {}

/// Returns links to the SQL that gives some numbers, and to them as a file.
pub(crate) fn numbers(sql: &str) -> Markup {
    let (page, file) = (query(&[("q", sql)]), query(&[("format", "csv"), ("defused", "true"), ("q", sql)]));
    let (page, file) = (escape(&page), escape(&file));
    Markup(format!(
        "<span class=\"numbers\"><a href=\"/sql?{page}\" title=\"the query behind these numbers\">SQL</a> · \
         <a href=\"/api/sql?{file}\" title=\"these numbers as a file\">CSV</a></span>"
    ))
}

/// Escapes text for HTML bodies and quoted attributes.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

/// Encodes parameters as the query of an address.
pub(crate) fn query(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

impl fmt::Display for Cell {
    /// Writes the value as plain text, as in a CSV file; null is empty.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => Ok(()),
            Self::Text(t) => f.write_str(t),
            Self::Int(i) => write!(f, "{i}"),
            Self::Float(x) if (1e-5..1e15).contains(&x.abs()) || *x == 0.0 => write!(f, "{x}"),
            Self::Float(x) => write!(f, "{x:e}"),
            Self::Flag(b) => write!(f, "{b}"),
            Self::Time(t) => match DateTime::from_timestamp_micros(*t) {
                Some(t) => write!(f, "{}", t.format("%Y-%m-%dT%H:%M:%S%.fZ")),
                None => write!(f, "{t}"),
            },
            Self::Day(d) => match DateTime::from_timestamp(i64::from(*d) * 86_400, 0) {
                Some(t) => write!(f, "{}", t.format("%Y-%m-%d")),
                None => write!(f, "{d}"),
            },
        }
    }
}

impl Cell {
    pub(crate) fn is_null(&self) -> bool {
        *self == Self::Null
    }

    pub(crate) fn is_number(&self) -> bool {
        matches!(self, Self::Int(_) | Self::Float(_))
    }
}

impl Table {
    /// Returns the address of the SQL page with this query.
    pub(crate) fn sql_link(&self) -> String {
        format!("/sql?{}", query(&[("q", &self.sql)]))
    }

    /// Returns the links that stand beside the numbers of this table.
    pub(crate) fn numbers(&self) -> Markup {
        numbers(&self.sql)
    }
}

impl Row {
    /// A count with thin groups of thousands; a dash where there is none.
    pub(crate) fn count(&self, column: &str) -> String {
        self.int(column).map_or_else(|| "–".to_owned(), count)
    }

    /// A ratio between 0 and 1 in percent; a dash where there is no denominator.
    pub(crate) fn percent(&self, column: &str) -> String {
        self.float(column).map_or_else(|| "–".to_owned(), percent)
    }

    /// A figure that is compared with others of its kind, to two places; a dash where there is none.
    pub(crate) fn figure(&self, column: &str) -> String {
        self.float(column).map_or_else(|| "–".to_owned(), |figure| format!("{figure:.2}"))
    }

    /// A length given in milliseconds.
    pub(crate) fn length(&self, column: &str) -> String {
        self.float(column).map_or_else(|| "–".to_owned(), length)
    }

    /// A length given in hours.
    pub(crate) fn hours(&self, column: &str) -> String {
        self.float(column).map_or_else(|| "–".to_owned(), |h| length(h * 3_600_000.0))
    }

    /// A length given in days.
    pub(crate) fn days(&self, column: &str) -> String {
        self.float(column).map_or_else(|| "–".to_owned(), |d| length(d * 86_400_000.0))
    }

    /// A text as one part of an address's path.
    pub(crate) fn segment(&self, column: &str) -> String {
        segment(&self.text(column))
    }

    /// A time, absolute and relative to now.
    pub(crate) fn time(&self, column: &str, now: &DateTime<Utc>) -> Markup {
        let Some(at) = self.micros(column).and_then(DateTime::from_timestamp_micros) else {
            return Markup("<span class=\"none\">–</span>".to_owned());
        };
        Markup(format!(
            "<time datetime=\"{}\">{} <small>{}</small></time>",
            at.format("%Y-%m-%dT%H:%M:%SZ"),
            at.format("%Y-%m-%d&nbsp;%H:%M"),
            ago(at, *now).replace(' ', "&nbsp;")
        ))
    }

    /// A day.
    pub(crate) fn day(&self, column: &str) -> String {
        self.text(column).chars().take(10).collect()
    }

    /// A revision, shortened; the whole of it stands in its title.
    pub(crate) fn revision(&self, column: &str) -> Markup {
        let whole = self.text(column);
        if whole.is_empty() {
            return Markup("<span class=\"none\">–</span>".to_owned());
        }
        let short: String = whole.chars().take(10).collect();
        Markup(format!("<code title=\"{}\">{}</code>", escape(&whole), escape(&short)))
    }

    /// A state as sign and word.
    pub(crate) fn state(&self, column: &str) -> Markup {
        state(&self.text(column))
    }

    /// A test as its suite, small, and its name.
    pub(crate) fn test(&self) -> Markup {
        let (suite, name) = (self.text("suite"), self.text("name"));
        let suite =
            if suite.is_empty() { String::new() } else { format!("<small><bdi>{}</bdi></small> ", escape(&suite)) };
        Markup(format!("{suite}<bdi class=\"name\">{}</bdi>", escape(&name)))
    }

    /// A share as a small bar with its percentage; `kind` is the class that colours it.
    pub(crate) fn bar(&self, column: &str) -> Markup {
        let Some(share) = self.float(column) else { return Markup("<span class=\"none\">–</span>".to_owned()) };
        let text = percent(share);
        let width = share.clamp(0.0, 1.0) * 60.0;
        Markup(format!(
            "<span class=\"bar\"><svg viewBox=\"0 0 60 8\" aria-hidden=\"true\"><rect class=\"rest\" width=\"60\" \
             height=\"8\" rx=\"2\"/><rect class=\"part\" width=\"{width:.1}\" height=\"8\" rx=\"2\"/></svg> {text}</span>"
        ))
    }
}

/// Returns the sign of a state and the class of its colour; the words are those of the tables.
pub(crate) fn sign(word: &str) -> (&'static str, &'static str) {
    match word {
        "pass" | "passed" | "success" | "resolved" | "fixed" | "xfailed" | "still_passing" | "ready" | "improved" => {
            ("✓", "good")
        }
        "fail" | "failed" | "failure" | "open" | "opened" | "newly_failing" | "still_failing" | "regression"
        | "regressed" | "new_failing" | "extreme" => ("✕", "bad"),
        "errored" | "exception" | "xpassed" | "reopened" => ("!", "bad"),
        "flaky" | "warnings" | "retry" => ("≈", "warn"),
        "born_failing" | "range_changed" => ("◦", "warn"),
        _ => ("–", "dull"),
    }
}

/// Returns a state as sign and word.
pub(crate) fn state(word: &str) -> Markup {
    if word.is_empty() {
        return Markup("<span class=\"none\">–</span>".to_owned());
    }
    self::word(word, &word.replace('_', " "))
}

/// Returns a word of a page's own with the sign of a state.
pub(crate) fn word(state: &str, word: &str) -> Markup {
    let (sign, class) = sign(state);
    let word = escape(word);
    Markup(format!(
        "<span class=\"state {class}\"><span class=\"sign\" aria-hidden=\"true\">{sign}</span>{word}</span>"
    ))
}

/// Returns whether an option of a form is the chosen one.
pub(crate) fn is_chosen(option: impl AsRef<str>, chosen: impl AsRef<str>) -> bool {
    option.as_ref() == chosen.as_ref()
}

/// Returns whether an address from outside may be a link: only the web's own schemes may.
pub(crate) fn is_web(address: &str) -> bool {
    address.starts_with("https://") || address.starts_with("http://")
}

/// Encodes a text as one part of an address's path.
pub(crate) fn segment(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// Encodes a relative path for an address, its slashes kept.
pub(crate) fn path(path: &str) -> String {
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

/// Writes a number with groups of thousands.
pub(crate) fn count(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0 { format!("-{text}") } else { text }
}

/// Writes a ratio in percent; never rounds a failure away: 99.99 % stays below 100 %.
pub(crate) fn percent(ratio: f64) -> String {
    let percent = ratio * 100.0;
    match percent {
        p if p >= 100.0 => "100 %".to_owned(),
        p if p > 99.0 => format!("{:.2} %", (p * 100.0).floor() / 100.0),
        p => format!("{p:.1} %"),
    }
}

/// Writes milliseconds in the unit that suits them.
pub(crate) fn length(ms: f64) -> String {
    match ms.abs() {
        0.0 => "0".to_owned(),
        l if l < 1.0 => format!("{ms:.2} ms"),
        l if l < 1_000.0 => format!("{ms:.0} ms"),
        l if l < 60_000.0 => format!("{:.1} s", ms / 1_000.0),
        l if l < 3_600_000.0 => format!("{:.1} min", ms / 60_000.0),
        l if l < 48.0 * 3_600_000.0 => format!("{:.1} h", ms / 3_600_000.0),
        _ => format!("{:.1} d", ms / 86_400_000.0),
    }
}

/// Writes how long ago a time was.
pub(crate) fn ago(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let seconds = (now - at).num_seconds();
    let (distance, suffix) = (seconds.unsigned_abs(), if seconds < 0 { "ahead" } else { "ago" });
    let (number, unit) = match distance {
        0..60 => return "just now".to_owned(),
        60..3_600 => (distance / 60, "min"),
        3_600..172_800 => (distance / 3_600, "h"),
        172_800..5_184_000 => (distance / 86_400, "d"),
        5_184_000..63_072_000 => (distance / 2_629_800, "months"),
        _ => (distance / 31_557_600, "years"),
    };
    format!("{number} {unit} {suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(count(-1_234_567), "-1,234,567");
        assert_eq!(count(999), "999");
        assert_eq!(percent(0.999_999), "99.99 %");
        assert_eq!(percent(1.0), "100 %");
        assert_eq!(length(0.25), "0.25 ms");
        assert_eq!(length(90_000.0), "1.5 min");
        assert_eq!(length(3.0 * 86_400_000.0), "3.0 d");
    }

    #[test]
    fn states_are_words_and_escaped() {
        assert!(state("<b>").to_string().contains("&lt;b&gt;"));
        assert!(state("born_failing").to_string().contains("born failing"));
    }
}
