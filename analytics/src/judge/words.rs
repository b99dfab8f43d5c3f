//! Words: what names of tests, paths, subjects and failure texts have in common.
//!
//! A word is a run of letters; `fooBar`, `foo_bar` and `FOOBar` hold two. Case and a plural's ending do not matter;
//! numbers, single letters and words that every name has are none.

use std::collections::HashMap;

use annals_data::identifier::identifiers;

/// Words that say nothing: of programs, of tests and of English.
const COMMON: &[&str] = &[
    "an",
    "and",
    "as",
    "assert",
    "assertion",
    "at",
    "be",
    "by",
    "call",
    "core",
    "def",
    "else",
    "error",
    "expected",
    "false",
    "file",
    "for",
    "from",
    "got",
    "has",
    "if",
    "in",
    "init",
    "into",
    "is",
    "it",
    "its",
    "last",
    "lib",
    "line",
    "main",
    "mod",
    "most",
    "none",
    "not",
    "of",
    "on",
    "or",
    "py",
    "recent",
    "return",
    "rs",
    "self",
    "should",
    "src",
    "test",
    "testing",
    "tests",
    "that",
    "the",
    "this",
    "to",
    "traceback",
    "true",
    "was",
    "with",
    "are",
];

/// A word by its number.
pub(crate) type Word = u32;

/// The words that were met, numbered.
#[derive(Default)]
pub(crate) struct Words {
    numbers: HashMap<String, Word>,
}

impl Words {
    /// Returns the words of `text`, sorted, each once.
    pub(crate) fn of(&mut self, text: &str) -> Vec<Word> {
        let mut found = Vec::new();
        each(text, |word| found.push(self.number(word)));
        once(found)
    }

    /// Returns the identifiers of `text` as words of their own, sorted, each once.
    pub(crate) fn identifiers(&mut self, text: &str) -> Vec<Word> {
        let found = identifiers(text).filter(|identifier| !COMMON.contains(identifier));
        once(found.map(|identifier| self.number(identifier.to_owned())).collect())
    }

    fn number(&mut self, word: String) -> Word {
        let next = self.numbers.len() as Word;
        *self.numbers.entry(word).or_insert(next)
    }

    /// Returns the words by their numbers.
    pub(crate) fn texts(&self) -> Vec<&str> {
        let mut texts = vec![""; self.numbers.len()];
        for (text, number) in &self.numbers {
            texts[*number as usize] = text;
        }
        texts
    }
}

fn once(mut words: Vec<Word>) -> Vec<Word> {
    words.sort_unstable();
    words.dedup();
    words
}

/// Calls `take` with each word of `text`, in order.
fn each(text: &str, mut take: impl FnMut(String)) {
    for run in text.split(|c: char| !c.is_alphabetic()) {
        let letters: Vec<char> = run.chars().collect();
        let mut from = 0;
        while from < letters.len() {
            let to = end(&letters, from);
            if let Some(word) = normal(letters[from..to].iter().collect::<String>().to_lowercase()) {
                take(word);
            }
            from = to;
        }
    }
}

/// Returns where the word that begins at `from` ends: `FOOBar` is cut before `Bar`.
fn end(letters: &[char], from: usize) -> usize {
    let run = |from: usize, is_upper: bool| {
        letters[from..].iter().position(|c| c.is_uppercase() != is_upper).map_or(letters.len(), |length| from + length)
    };
    let upper = run(from, true);
    match upper - from {
        0 | 1 => run(upper, false),
        _ if upper < letters.len() => upper - 1,
        _ => upper,
    }
}

fn normal(mut word: String) -> Option<String> {
    let length = word.chars().count();
    if length > 4 && word.ends_with("ies") {
        word.truncate(word.len() - 3);
        word.push('y');
    } else if length > 3 && word.ends_with('s') && !word.ends_with("ss") {
        word.pop();
    }
    (length > 1 && !COMMON.contains(&word.as_str())).then_some(word)
}

/// Returns the words that both hold; both are sorted.
pub(crate) fn shared<'a>(left: &'a [Word], right: &'a [Word]) -> impl Iterator<Item = Word> + 'a {
    let (few, many) = if left.len() <= right.len() { (left, right) } else { (right, left) };
    few.iter().copied().filter(|word| many.binary_search(word).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        each(text, |word| found.push(word));
        found
    }

    #[test]
    fn words_are_cut_where_people_see_them_end() {
        assert_eq!(words("built-ins/Temporal/PlainDate"), ["built", "ins", "temporal", "plain", "date"]);
        assert_eq!(
            words("tests.dialects.test_mysql.TestMySQL.test_date_format2"),
            ["dialect", "mysql", "my", "sql", "date", "format"]
        );
        assert_eq!(words("HTTPServer queries TO_HEX x"), ["http", "server", "query", "hex"]);
        assert_eq!(words("\u{0} größe ÄÖ"), ["größe", "äö"]);
    }

    #[test]
    fn shared_words_are_found_from_either_side() {
        let mut known = Words::default();
        let (left, right) = (known.of("parse date and time"), known.of("date"));
        assert_eq!(shared(&left, &right).collect::<Vec<_>>(), shared(&right, &left).collect::<Vec<_>>());
        assert_eq!(shared(&left, &right).map(|word| known.texts()[word as usize]).collect::<Vec<_>>(), ["date"]);
    }
}
