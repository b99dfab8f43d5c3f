//! The YAML block after a test point: as much of YAML as TAP's writers use, and no more.
//!
//! A block is a mapping of scalars, block scalars and mappings. Whatever is not understood stays text.

use super::super::duration::microseconds;
use super::super::text::trim_blank_lines;

/// What a YAML block says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Diagnostics {
    /// The failure text: the message, then everything else that helps to understand it.
    pub(super) text: String,
    pub(super) duration_us: Option<i64>,
    pub(super) file: Option<String>,
    pub(super) line: Option<i64>,
    /// node's word for why a test failed.
    pub(super) failure_type: Option<String>,
    /// A signal ended the process that node ran for a file.
    pub(super) has_signal: bool,
    /// node's `suite` for a group of tests.
    pub(super) type_name: Option<String>,
}

/// One entry of a mapping.
struct Field<'y> {
    key: &'y str,
    /// The scalar after the key, as it is.
    inline: &'y str,
    /// The deeper lines after it.
    nested: Vec<&'y str>,
}

impl Field<'_> {
    /// Returns the value as text.
    fn value(&self) -> String {
        match self.inline {
            inline if inline.starts_with(['|', '>']) => dedent(&self.nested),
            "" => dedent(&self.nested),
            inline => unquote(inline),
        }
    }

    /// Returns the value of an entry of a nested mapping.
    fn entry(&self, key: &str) -> Option<String> {
        if !self.inline.is_empty() {
            return None;
        }
        fields(&self.nested).iter().find(|field| field.key == key).map(Field::value)
    }
}

/// Reads a block, given the lines between its marks.
pub(super) fn read(block: &str) -> Diagnostics {
    let lines: Vec<&str> = block.lines().map(str::trim_end).collect();
    let fields = fields(&lines);
    let mut found = Diagnostics::default();
    let mut rest: Vec<String> = Vec::new();
    let mut message = String::new();
    for field in &fields {
        match field.key {
            "duration_ms" => found.duration_us = microseconds(&format!("{} ms", field.value())),
            "failureType" => found.failure_type = Some(field.value()),
            "type" => found.type_name = Some(field.value()),
            "severity" | "timeout_sec" => {}
            "message" if message.is_empty() => message = field.value(),
            "error" if message.is_empty() => message = error(field, &mut rest),
            "location" => place(&mut found, &field.value()),
            "file" => found.file = Some(field.value()),
            "line" => found.line = field.value().parse().ok().filter(|line| *line > 0),
            key => {
                match key {
                    "at" => at(&mut found, field),
                    "signal" => found.has_signal = field.value().starts_with("SIG"),
                    _ => {}
                }
                rest.push(raw(field));
            }
        }
    }
    if fields.is_empty() {
        message = dedent(&lines);
    }
    let paragraphs = [message.trim_end().to_owned(), rest.join("\n")];
    found.text = paragraphs.iter().filter(|text| !text.is_empty()).map(String::as_str).collect::<Vec<_>>().join("\n\n");
    found
}

/// Returns the message of an error; what a mapping has beside it goes to `rest`.
fn error(field: &Field, rest: &mut Vec<String>) -> String {
    let Some(message) = field.entry("message") else { return field.value() };
    rest.extend(fields(&field.nested).iter().filter(|field| !matches!(field.key, "name" | "message")).map(raw));
    match field.entry("name") {
        Some(name) => format!("{name}: {message}"),
        None => message,
    }
}

/// Takes the place of a failure from an entry `at`.
fn at(found: &mut Diagnostics, field: &Field) {
    match (field.entry("file"), field.entry("line")) {
        (Some(file), line) => {
            found.file = Some(file);
            found.line = line.and_then(|line| line.parse().ok()).filter(|line| *line > 0);
        }
        (None, _) => place(found, &field.value()),
    }
}

/// Takes a place like `/a/b.js:3:64` or `Test.run (/a/b.js:3:64)`.
fn place(found: &mut Diagnostics, text: &str) {
    let inner = text.strip_suffix(')').and_then(|text| text.rsplit_once('(')).map_or(text, |(_, inner)| inner);
    let mut parts = inner.trim().strip_prefix("file://").unwrap_or(inner.trim()).rsplitn(3, ':');
    if let (Some(column), Some(line), Some(file)) = (parts.next(), parts.next(), parts.next())
        && column.parse::<u32>().is_ok()
        && let Ok(line) = line.parse::<u32>()
    {
        found.file = Some(file.to_owned());
        found.line = Some(i64::from(line)).filter(|line| *line > 0);
    }
}

/// Returns the entries of a mapping; lines that belong to none are left out.
fn fields<'y>(lines: &[&'y str]) -> Vec<Field<'y>> {
    let depth = lines.iter().find(|line| !line.trim().is_empty()).map_or(0, |line| indent(line));
    let mut fields: Vec<Field> = Vec::new();
    for line in lines {
        let is_deeper = line.trim().is_empty() || indent(line) > depth;
        match (fields.last_mut(), entry(line)) {
            (Some(field), _) if is_deeper => field.nested.push(line),
            // A list may stand as deep as its key.
            (Some(field), _) if field.inline.is_empty() && line.trim_start().starts_with("- ") => {
                field.nested.push(line)
            }
            (_, Some((key, inline))) => fields.push(Field { key, inline, nested: Vec::new() }),
            (Some(field), None) => field.nested.push(line),
            (None, None) => {}
        }
    }
    fields
}

/// Returns key and scalar of a line `key: value`.
fn entry(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.trim().split_once(':')?;
    let is_key = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ' ' | '.'));
    (is_key && (value.is_empty() || value.starts_with(' '))).then(|| (key, value.trim()))
}

/// Returns an entry as the report has it, no deeper than its key.
fn raw(field: &Field) -> String {
    let nested = dedent(&field.nested);
    let nested: Vec<String> = nested.lines().map(|line| format!("  {line}").trim_end().to_owned()).collect();
    let head = format!("{}: {}", field.key, field.inline);
    [vec![head.trim_end().to_owned()], nested].concat().join("\n")
}

/// Returns lines without the indentation that they share.
fn dedent(lines: &[&str]) -> String {
    let depth = lines.iter().filter(|line| !line.trim().is_empty()).map(|line| indent(line)).min().unwrap_or(0);
    let text = lines.iter().map(|line| line.get(depth..).unwrap_or_default()).collect::<Vec<_>>().join("\n");
    trim_blank_lines(&text).to_owned()
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// Returns a scalar without its quotes.
fn unquote(text: &str) -> String {
    if let Some(inner) = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')) {
        return inner.replace("''", "'");
    }
    match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        // The escapes of a double-quoted scalar are those of JSON, as far as these writers go.
        Some(inner) => serde_json::from_str(text).unwrap_or_else(|_| inner.to_owned()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_says_error_place_and_time() {
        let found = read(
            "  duration_ms: 0.8\n  location: '/srv/js/n.test.mjs:2:20'\n  failureType: 'hookFailed'\n  error: |-\n    It''s\n    \n      assert(0)\n    \n  expected: 2\n  stack: |-\n    run (a.js:1:2)\n",
        );
        assert_eq!(found.text, "It''s\n\n  assert(0)\n\nexpected: 2\nstack: |-\n  run (a.js:1:2)");
        assert_eq!((found.duration_us, found.line), (Some(800), Some(2)));
        assert_eq!(found.file.as_deref(), Some("/srv/js/n.test.mjs"));
        assert_eq!(found.failure_type.as_deref(), Some("hookFailed"));
    }

    #[test]
    fn vitest_nests_the_error() {
        let found = read(
            "    error:\n        name: \"AssertionError\"\n        message: \"expected 1 to be \\\"2\\\"\"\n    at: \"/v/a.test.mjs:3:64\"\n    actual: \"1\"\n",
        );
        assert_eq!(found.text, "AssertionError: expected 1 to be \"2\"\n\nat: \"/v/a.test.mjs:3:64\"\nactual: \"1\"");
        assert_eq!((found.file.as_deref(), found.line), (Some("/v/a.test.mjs"), Some(3)));
    }

    #[test]
    fn places_are_read_in_three_shapes() {
        let of = |text: &str| {
            let found = read(text);
            (found.file.unwrap_or_default(), found.line)
        };
        assert_eq!(of("at:\n  file: test/dns.c\n  line: 142\n"), ("test/dns.c".into(), Some(142)));
        assert_eq!(of("at: Test.<anonymous> (/a/t.js:2:49)\n"), ("/a/t.js".into(), Some(2)));
        assert_eq!(of("file: a.t\nline: 7\n"), ("a.t".into(), Some(7)));
        assert_eq!(of("at: somewhere\n"), (String::new(), None));
    }

    #[test]
    fn what_is_no_mapping_is_text() {
        assert_eq!(read("  some text\n    more\n").text, "some text\n  more");
        assert_eq!(read("").text, "");
        assert_eq!(read("message: 'it''s'\ndump:\n  - a\n  - b\n").text, "it's\n\ndump:\n  - a\n  - b");
        assert_eq!(read("duration_ms: NaN\nline: -4\n"), Diagnostics::default());
    }
}
