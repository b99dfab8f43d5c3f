//! The description of a test point: the name, the directives after it, and the duration that some writers add.

use super::super::duration::microseconds;

/// What a directive says of a test point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Directive {
    Skip,
    Todo,
    /// The kernel's word for a test that failed as expected.
    ExpectedFailure,
    /// pytest-tap's strict expectation of a failure that did not come.
    UnexpectedSuccess,
    /// A runner's own end of the test.
    Timeout,
    /// The kernel's word for a test that could not run.
    Error,
}

/// A description, taken apart.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Description {
    pub(super) name: String,
    pub(super) directive: Option<Directive>,
    /// The word of the directive as the report writes it.
    pub(super) word: String,
    pub(super) reason: String,
    pub(super) duration_us: Option<i64>,
}

/// Takes the text after a point's number apart.
pub(super) fn describe(text: &str, is_kernel: bool) -> Description {
    let mut pieces = split(text).into_iter();
    let name = pieces.next().unwrap_or_default();
    let name = name.strip_prefix('-').filter(|rest| rest.is_empty() || rest.starts_with(' ')).unwrap_or(&name);
    let mut description = Description { name: name.trim().to_owned(), ..Description::default() };
    for (at, piece) in pieces.enumerate() {
        description.add(piece.trim(), at == 0, is_kernel);
    }
    description
}

impl Description {
    /// Adds what stands after a `#`, which only behind the first of them may be any directive.
    fn add(&mut self, piece: &str, is_first: bool, is_kernel: bool) {
        if let Some(time) = piece.strip_prefix("time=").and_then(microseconds) {
            self.duration_us = Some(time);
        } else if self.directive.is_some() {
            // Writers escape a `#` of a reason no more reliably than one of a name.
            self.reason = format!("{} # {piece}", self.reason);
        } else if let Some((directive, word, reason)) =
            directive(piece, is_kernel).filter(|(directive, ..)| is_first || *directive != Directive::Todo)
        {
            self.directive = Some(directive);
            self.word = word.to_owned();
            // mocha writes a dash where there is no reason.
            self.reason = if reason == "-" { String::new() } else { reason.to_owned() };
        } else {
            self.name = format!("{} # {piece}", self.name).trim().to_owned();
        }
    }
}

/// Returns the directive that a text is, with its word and its reason.
fn directive(text: &str, is_kernel: bool) -> Option<(Directive, &str, &str)> {
    if let Some(reason) = text.strip_prefix("unexpected success:") {
        return Some((Directive::UnexpectedSuccess, "unexpected success", reason.trim()));
    }
    if text.starts_with("timeout after ") {
        return Some((Directive::Timeout, "timeout", text));
    }
    let (word, reason) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let (word, reason) = (word.trim(), reason.trim());
    let begins = |with: &str| word.get(..with.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(with));
    if begins("TODO") && reason.get(..6).is_some_and(|begin| begin.eq_ignore_ascii_case("& SKIP")) {
        return Some((Directive::Skip, "TODO & SKIP", reason[6..].trim()));
    }
    // `Skipped:` and the like are allowed, and only the first four letters mean something.
    let known = [("SKIP", Directive::Skip), ("TODO", Directive::Todo)];
    let kernel = [("XFAIL", Directive::ExpectedFailure), ("TIMEOUT", Directive::Timeout), ("ERROR", Directive::Error)];
    let found = known.into_iter().chain(kernel.into_iter().filter(|_| is_kernel)).find(|(name, _)| begins(name));
    found.map(|(name, directive)| (directive, name, reason))
}

/// Splits a text at each `#` that has white space or nothing before it and that no backslash escapes.
fn split(text: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut is_after_space = true;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let escaped = if letter == '\\' { letters.next_if(|next| matches!(next, '#' | '\\')) } else { None };
        match (letter, escaped) {
            (_, Some(escaped)) => push(&mut pieces, escaped),
            ('#', None) if is_after_space => pieces.push(String::new()),
            (letter, None) => push(&mut pieces, letter),
        }
        is_after_space = escaped.is_none() && letter.is_whitespace();
    }
    pieces
}

fn push(pieces: &mut [String], letter: char) {
    if let Some(piece) = pieces.last_mut() {
        piece.push(letter);
    }
}

/// Returns a name without the `in 12ms` at its end, and that time.
pub(super) fn timed(name: &str) -> Option<(&str, i64)> {
    let (name, time) = name.rsplit_once(" in ")?;
    let digits = time.strip_suffix("ms")?;
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    Some((name, microseconds(time).filter(|_| is_number)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_are_taken_apart() {
        let skip = Some(Directive::Skip);
        let todo = Some(Directive::Todo);
        let table = [
            ("- a name", "a name", None, ""),
            ("a name", "a name", None, ""),
            ("-1 is negative", "-1 is negative", None, ""),
            ("- works # SKIP why", "works", skip, "why"),
            ("- works # Skipped: only on windows", "works", skip, "only on windows"),
            ("# skip no net", "", skip, "no net"),
            ("- #SkIp case insensitive", "", skip, "case insensitive"),
            ("- # SKIP no /sys directory", "", skip, "no /sys directory"),
            (
                "not skipped: https://example.com/page.html#skip is a url",
                "not skipped: https://example.com/page.html#skip is a url",
                None,
                "",
            ),
            ("mocha sk # SKIP -", "mocha sk", skip, ""),
            ("- hello \\# todo", "hello # todo", None, ""),
            ("- hello # todo hash \\# character", "hello", todo, "hash # character"),
            ("- hello # todo hash # character", "hello", todo, "hash # character"),
            ("- hello # description # todo", "hello # description # todo", None, ""),
            ("divides # badly # skip not root", "divides # badly", skip, "not root"),
            ("- hello \\\\\\\\\\\\\\# todo", "hello \\\\\\# todo", None, ""),
            ("- C:\\new", "C:\\new", None, ""),
            ("# TODO & SKIP later", "", skip, "later"),
            ("a # timeout after 1s", "a", Some(Directive::Timeout), "timeout after 1s"),
            ("a # unexpected success: [XPASS(strict)] x", "a", Some(Directive::UnexpectedSuccess), "[XPASS(strict)] x"),
            ("a # TIMEOUT", "a # TIMEOUT", None, ""),
        ];
        for (text, name, directive, reason) in table {
            let found = describe(text, false);
            assert_eq!(
                (found.name.as_str(), found.directive, found.reason.as_str()),
                (name, directive, reason),
                "{text}"
            );
        }
        assert_eq!(describe("a # TIMEOUT", true).directive, Some(Directive::Timeout));
    }

    #[test]
    fn times_stand_after_the_name() {
        assert_eq!(describe("- a.test.mjs # time=41.82ms", false).duration_us, Some(41_820));
        assert_eq!(describe("a # SKIP why # time=2ms", false).reason, "why");
        assert_eq!(timed("adds two numbers in 7ms"), Some(("adds two numbers", 7_000)));
        assert_eq!(timed("answers in time"), None);
        assert_eq!(timed("answers in ms"), None);
    }
}
