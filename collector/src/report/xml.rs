//! The parts of XML that every XML format needs: elements, attributes and references, without entity expansion.
//!
//! A reference that XML does not define stays as it is written, so no document can make text grow. What elements mean
//! is the formats' business.

pub(super) mod scan;

use std::borrow::Cow;

use quick_xml::events::BytesStart;

use self::scan::{Scanner, Token};
use super::text::{Excerpt, Source, line};
use super::{Error, Limits};

/// An element that is open or has just been closed.
#[derive(Debug)]
pub(super) struct Element {
    /// Its name without a namespace prefix.
    pub(super) name: String,
    /// Where it begins in the text.
    pub(super) position: usize,
    attributes: Vec<(String, String)>,
    text: Excerpt,
}

impl Element {
    /// Returns the value of an attribute, whatever its namespace prefix.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// Returns the text directly inside it, bounded and cleaned; takes it out.
    pub(super) fn take_text(&mut self, limits: &Limits) -> String {
        std::mem::take(&mut self.text).finish(limits.message)
    }
}

/// What a format does with the elements of a document.
pub(super) trait Visitor {
    /// Sees an element open, with its attributes; `path` is the elements around it, outermost first.
    fn open(&mut self, element: &Element, path: &[Element]) -> Result<(), Error>;
    /// Sees it close, with its text.
    fn close(&mut self, element: Element, path: &[Element]) -> Result<(), Error>;
    /// Returns the refusal of the document at a place.
    fn refuse(&self, position: usize, reason: String) -> Error;
}

/// Shows the elements of `source` to `visitor`, in bounded memory: the text is read piece by piece.
///
/// # Errors
///
/// Refuses what is not well formed, ends too early or nests too deep, and what the visitor refuses.
pub(super) fn walk(source: &Source, limits: &Limits, visitor: &mut impl Visitor) -> Result<(), Error> {
    let mut scanner = Scanner::new(source, limits);
    let mut path: Vec<Element> = Vec::new();
    loop {
        let (position, token) = scanner.next().map_err(|flaw| visitor.refuse(flaw.line, flaw.reason))?;
        match token {
            Token::Open { content, name, is_empty } => {
                let tag = BytesStart::from_content(content, name);
                let element = element(&tag, position).map_err(|reason| visitor.refuse(position, reason))?;
                if path.len() >= limits.depth {
                    return Err(visitor.refuse(position, format!("elements nest deeper than {}", limits.depth)));
                }
                visitor.open(&element, &path)?;
                match is_empty {
                    true => visitor.close(element, &path)?,
                    false => path.push(element),
                }
            }
            Token::Close => {
                let closed = path.pop().expect("the scanner matches ends with starts");
                visitor.close(closed, &path)?;
            }
            Token::Text(text) => add(&mut path, text, limits).map_err(|reason| visitor.refuse(position, reason))?,
            Token::Reference(reference) => {
                let resolved = resolve(reference).map_or_else(|| format!("&{reference};"), String::from);
                add(&mut path, &resolved, limits).map_err(|reason| visitor.refuse(position, reason))?;
            }
            Token::End if path.is_empty() => return Ok(()),
            Token::End => {
                let reason = format!("the report is truncated: it ends with {} open elements", path.len());
                return Err(visitor.refuse(position, reason));
            }
        }
    }
}

fn element(start: &BytesStart, position: usize) -> Result<Element, String> {
    let mut read = Vec::new();
    attributes(start, |name, value| read.push((name.to_owned(), value.into_owned())))?;
    let name: &str = start.local_name().into_inner();
    Ok(Element { name: name.to_owned(), position, attributes: read, text: Excerpt::default() })
}

/// Adds text to the innermost element; indentation before its first word is none of its text.
fn add(path: &mut [Element], text: &str, limits: &Limits) -> Result<(), String> {
    let is_blank = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}').is_empty();
    match path.last_mut() {
        Some(element) if is_blank && element.text.is_blank() => Ok(()),
        Some(element) => {
            element.text.push(text, limits.message);
            Ok(())
        }
        None if is_blank => Ok(()),
        None => Err(format!("`{}` stands outside of any element", line(text, 40))),
    }
}

/// Returns `raw` with the five named and all numeric references resolved; any other text between `&` and `;` stays.
pub(super) fn unescape(raw: &str) -> Cow<'_, str> {
    if !raw.contains('&') {
        return Cow::Borrowed(raw);
    }
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('&') {
        text.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        // No defined reference is longer than a code point in decimal, with some zeros before it.
        let end = rest.bytes().take(16).position(|byte| byte == b';');
        match end.and_then(|end| Some((end, resolve(&rest[..end])?))) {
            Some((end, c)) => {
                text.push(c);
                rest = &rest[end + 1..];
            }
            None => text.push('&'),
        }
    }
    text.push_str(rest);
    Cow::Owned(text)
}

/// Returns the character that the inside of a reference stands for; a number that is no character is U+FFFD.
pub(super) fn resolve(reference: &str) -> Option<char> {
    let number = match reference {
        "amp" => return Some('&'),
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "quot" => return Some('"'),
        "apos" => return Some('\''),
        _ => reference.strip_prefix('#')?,
    };
    let code = match number.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => number.parse(),
    };
    code.ok().map(|code| char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
}

/// Calls `visit` with the local name and the value of each attribute.
///
/// # Errors
///
/// Returns the reason where the attributes are not well formed.
pub(super) fn attributes<'e>(
    element: &'e BytesStart<'_>,
    mut visit: impl FnMut(&'e str, Cow<'e, str>),
) -> Result<(), String> {
    // Looking for duplicates would cost the square of their number; readers take the first of a name.
    for attribute in element.attributes().with_checks(false) {
        let attribute = attribute.map_err(|error| format!("an attribute cannot be read: {error}"))?;
        let name = attribute.key.into_inner();
        // Names are short: a plain look at their bytes is the fastest.
        let name = name.bytes().rposition(|byte| byte == b':').map_or(name, |at| &name[at + 1..]);
        let value = match attribute.value {
            Cow::Borrowed(raw) => unescape(raw),
            Cow::Owned(raw) => Cow::Owned(unescape(&raw).into_owned()),
        };
        visit(name, value);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::unescape;

    #[test]
    fn only_what_xml_defines_is_resolved() {
        assert_eq!(unescape("a &lt;&gt;&amp;&quot;&apos; &#233;&#xE9;&#x1F600;"), "a <>&\"' éé😀");
        assert_eq!(unescape("&lol; & &; &#xD800; &#99999999; &#z; é&"), "&lol; & &; \u{fffd} \u{fffd} &#z; é&");
    }
}
