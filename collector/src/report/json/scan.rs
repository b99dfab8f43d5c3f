//! Finds the members of JSON objects and lists as pieces of the text, without recursion and without copies.
//!
//! The text should have been checked before. Of damaged text, pieces are found as far as they go, which is enough to
//! recognise a format.

use std::borrow::Cow;

/// The members of an object, with their keys, or of a list, without.
pub(in crate::report) struct Members<'t> {
    text: &'t str,
    at: usize,
    is_object: bool,
}

impl<'t> Members<'t> {
    /// Returns the members of the object or list that `text` begins with; of anything else, none.
    pub(in crate::report) fn new(text: &'t str) -> Self {
        let mut members = Self { text, at: 0, is_object: false };
        members.skip_space();
        members.is_object = members.byte() == Some(b'{');
        match members.byte() {
            Some(b'{' | b'[') => members.at += 1,
            _ => members.at = text.len(),
        }
        members
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while self.byte().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    /// Returns the key, without its quotes and as it is written, and stands at the value.
    fn key(&mut self) -> Option<&'t str> {
        if self.byte()? != b'"' {
            return None;
        }
        let start = self.at + 1;
        self.at = string_end(self.text.as_bytes(), self.at);
        let key = self.text.get(start..self.at.checked_sub(1)?)?;
        self.skip_space();
        if self.byte()? != b':' {
            return None;
        }
        self.at += 1;
        self.skip_space();
        Some(key)
    }
}

impl<'t> Iterator for Members<'t> {
    type Item = (Option<&'t str>, &'t str);

    fn next(&mut self) -> Option<Self::Item> {
        self.skip_space();
        if self.byte() == Some(b',') {
            self.at += 1;
            self.skip_space();
        }
        if matches!(self.byte(), None | Some(b'}' | b']')) {
            self.at = self.text.len();
            return None;
        }
        let key = if self.is_object { Some(self.key()?) } else { None };
        let start = self.at;
        self.at = value_end(self.text.as_bytes(), start);
        (self.at > start).then(|| (key, &self.text[start..self.at]))
    }
}

/// Returns the end of the string that begins at `at`, behind its closing quote.
fn string_end(bytes: &[u8], mut at: usize) -> usize {
    at += 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Returns the end of the value that begins at `at`.
fn value_end(bytes: &[u8], mut at: usize) -> usize {
    let mut depth = 0_usize;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at = string_end(bytes, at);
                if depth == 0 {
                    return at;
                }
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth <= 1 => return at + depth,
            b'}' | b']' => depth -= 1,
            b',' if depth == 0 => return at,
            byte if depth == 0 && byte.is_ascii_whitespace() => return at,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

/// Returns the member of the object `text` with the key.
pub(in crate::report) fn get<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    Members::new(text).find(|(own, _)| *own == Some(key)).map(|(_, value)| value)
}

/// Returns the members of the list that the object `text` has under the key; nothing where it has none.
pub(in crate::report) fn items<'t>(text: &'t str, key: &str) -> impl Iterator<Item = &'t str> + use<'t> {
    let list = get(text, key).filter(|value| value.starts_with('[')).unwrap_or_default();
    Members::new(list).map(|(_, value)| value)
}

/// Returns `text` with U+FFFD for every escape that is half of a character; no place in the text moves.
///
/// Python and JavaScript write such escapes for strings that are no text; JSON readers refuse them.
pub(super) fn without_lone_surrogates(text: &str) -> Cow<'_, str> {
    let mut kept: Option<String> = None;
    let mut at = 0;
    while let Some(found) = text[at..].find('\\') {
        let start = at + found;
        let (code, next) = (escape(text, start), escape(text, start + 6));
        let is_pair = is_within(code, 0xd8) && is_within(next, 0xdc);
        let is_lone = !is_pair && (is_within(code, 0xd8) || is_within(code, 0xdc));
        if is_lone {
            kept.get_or_insert_with(|| text.to_owned()).replace_range(start..start + 6, "\\ufffd");
        }
        // Whatever is escaped stands behind the stroke; a second stroke is no new escape.
        at = match () {
            () if is_pair => start + 12,
            () if code.is_some() => start + 6,
            () => (start + 2).min(text.len()),
        };
        at = text.ceil_char_boundary(at);
    }
    kept.map_or(Cow::Borrowed(text), Cow::Owned)
}

/// Returns the unit that an escape at `at` stands for.
fn escape(text: &str, at: usize) -> Option<u32> {
    let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
}

/// Returns whether a unit is a surrogate of the half that begins at `first` of 256.
fn is_within(unit: Option<u32>, first: u32) -> bool {
    unit.is_some_and(|unit| (first..first + 4).contains(&(unit >> 8)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_in_whole_and_in_damaged_text() {
        let keys = |text| Members::new(text).map(|(key, value)| (key.unwrap_or("-"), value)).collect::<Vec<_>>();
        assert_eq!(
            keys(r#" {"a" : {"x":[1,"}"]}, "b\"":"\\","c":null}"#),
            [("a", r#"{"x":[1,"}"]}"#), ("b\\\"", r#""\\""#), ("c", "null")]
        );
        assert_eq!(keys("[1, [2,3] ,{}]"), [("-", "1"), ("-", "[2,3]"), ("-", "{}")]);
        assert_eq!(keys(r#"{"a":[1,2"#), [("a", "[1,2")]);
        assert_eq!(keys(r#"{"a":1}{"b":2}"#), [("a", "1")]);
        for text in ["", "1", "\"a", "{\"", "{\"a\\", "{a:1}", "[,]", "[:", "{\"a\":}", "}", "[]]"] {
            assert!(keys(text).len() <= 1, "{text}");
        }
    }

    #[test]
    fn a_long_list_is_read_in_one_pass() {
        let text = format!("{{\"a\":[{}1]}}", "1,".repeat(2 << 20));
        assert_eq!(items(&text, "a").count(), (2 << 20) + 1);
        assert_eq!(items(&text, "b").count(), 0);
    }

    #[test]
    fn half_characters_are_replaced_and_whole_ones_stay() {
        let table = [
            (r#""\ud83d\ude00""#, r#""\ud83d\ude00""#),
            (r#""\udc80a\uD800""#, r#""\ufffda\ufffd""#),
            (r#""\ud800\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\\ud800""#, r#""\\ud800""#),
            (r#""\u12""#, r#""\u12""#),
            ("\\", "\\"),
            ("\\é", "\\é"),
        ];
        for (text, expected) in table {
            assert_eq!(without_lone_surrogates(text), expected);
        }
    }
}
