//! The parts of XML that every XML format needs: attributes and references, without entity expansion.
//!
//! A reference that XML does not define stays as it is written, so no document can make text grow. Elements and their
//! meaning are the formats' business.

use std::borrow::Cow;

use quick_xml::events::BytesStart;

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
        let name = attribute.key.into_inner().rsplit(':').next().unwrap_or_default();
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
