//! What one line of TAP is, by itself.

/// A line, without its indentation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Line<'l> {
    Blank,
    Version {
        is_kernel: bool,
    },
    Plan {
        count: u64,
        reason: &'l str,
    },
    Point(PointLine<'l>),
    BailOut(&'l str),
    Pragma,
    /// A comment, without its `#`.
    Comment(&'l str),
    /// `---`, which opens a YAML block.
    YamlStart,
    /// `{` alone, which opens a buffered subtest.
    Open,
    /// `}` alone, which closes it.
    Close,
    Other(&'l str),
}

/// A test point before its description is taken apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct PointLine<'l> {
    pub(super) is_ok: bool,
    pub(super) number: Option<u64>,
    /// The description with directives.
    pub(super) rest: &'l str,
}

/// Returns how many spaces a line begins with and what it is.
pub(super) fn classify(line: &str) -> (usize, Line<'_>) {
    let rest = line.trim_start_matches(' ');
    (line.len() - rest.len(), kind(rest.trim_end()))
}

fn kind(text: &str) -> Line<'_> {
    match text {
        "" => Line::Blank,
        "---" => Line::YamlStart,
        "{" => Line::Open,
        "}" => Line::Close,
        _ => comment(text)
            .or_else(|| version(text))
            .or_else(|| plan(text))
            .or_else(|| point(text))
            .or_else(|| bail_out(text))
            .or_else(|| text.starts_with("pragma ").then_some(Line::Pragma))
            .unwrap_or(Line::Other(text)),
    }
}

fn comment(text: &str) -> Option<Line<'_>> {
    let rest = text.strip_prefix('#')?;
    Some(Line::Comment(rest.strip_prefix(' ').unwrap_or(rest)))
}

fn version(text: &str) -> Option<Line<'_>> {
    let (is_kernel, rest) = match text.strip_prefix('K') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let number = rest.strip_prefix("TAP version ")?.trim();
    is_number(number).then_some(Line::Version { is_kernel })
}

fn plan(text: &str) -> Option<Line<'_>> {
    let rest = text.strip_prefix("1..")?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let reason = rest[end..].trim_start();
    let count = rest[..end].parse().ok()?;
    let reason = match reason.strip_prefix('#') {
        Some(reason) => reason.trim(),
        None if reason.is_empty() => "",
        None => return None,
    };
    Some(Line::Plan { count, reason })
}

fn point(text: &str) -> Option<Line<'_>> {
    let (is_ok, rest) = match text.strip_prefix("not ok") {
        Some(rest) => (false, rest),
        None => (true, text.strip_prefix("ok")?),
    };
    // The `ok` of `go test` has a tab after it, that of prose has anything.
    if !rest.is_empty() && (!rest.starts_with(' ') || rest.trim_start_matches(' ').starts_with('\t')) {
        return None;
    }
    let rest = rest.trim_start();
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let is_numbered = rest[end..].is_empty() || rest[end..].starts_with(' ');
    Some(match rest[..end].parse() {
        Ok(number) if is_numbered => Line::Point(PointLine { is_ok, number: Some(number), rest: rest[end..].trim() }),
        _ => Line::Point(PointLine { is_ok, number: None, rest: rest.trim() }),
    })
}

fn bail_out(text: &str) -> Option<Line<'_>> {
    let (words, reason) = text.split_at_checked("Bail out!".len())?;
    words.eq_ignore_ascii_case("Bail out!").then(|| Line::BailOut(reason.trim()))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_what_they_say() {
        let point = |is_ok, number, rest| Line::Point(PointLine { is_ok, number, rest });
        let table = [
            ("", Line::Blank),
            ("TAP version 14", Line::Version { is_kernel: false }),
            ("KTAP version 1", Line::Version { is_kernel: true }),
            ("TAP version next", Line::Other("TAP version next")),
            ("1..3", Line::Plan { count: 3, reason: "" }),
            ("1..0 # SKIP why", Line::Plan { count: 0, reason: "SKIP why" }),
            ("1..99999999999999999999999", Line::Other("1..99999999999999999999999")),
            ("1..3 things", Line::Other("1..3 things")),
            ("ok", point(true, None, "")),
            ("ok 1", point(true, Some(1), "")),
            ("not ok 2 - x", point(false, Some(2), "- x")),
            ("ok - x", point(true, None, "- x")),
            ("ok 3rd try", point(true, None, "3rd try")),
            ("ok  \tpkg\t0.01s", Line::Other("ok  \tpkg\t0.01s")),
            ("okay", Line::Other("okay")),
            ("not okay", Line::Other("not okay")),
            ("bail OUT!  db", Line::BailOut("db")),
            ("# Subtest: a", Line::Comment("Subtest: a")),
            ("#", Line::Comment("")),
            ("pragma +strict", Line::Pragma),
        ];
        for (text, expected) in table {
            assert_eq!(classify(text), (0, expected), "{text}");
        }
        assert_eq!(classify("    ok 1").0, 4);
    }
}
