//! Multipart bodies (RFC 7578), taken apart where they lie: the whole body has arrived when it is read, and parts of it
//! are places in it.

use memchr::memmem;

use super::refusal::{Refusal, Result};
use super::stored::Stored;

/// More parts than these are hostile, whatever they are.
const PARTS: usize = 100_000;

/// Bytes of the head of a part at most.
const HEAD: usize = 16 << 10;

/// One part of a form.
#[derive(Debug)]
pub(super) struct Part {
    /// The field that it is.
    pub(super) name: String,
    /// The name of the file that was sent as it.
    pub(super) file: Option<String>,
    /// What was sent.
    pub(super) content: Stored,
}

/// Returns the boundary that a content type names; `None` if it is no form.
pub(super) fn boundary(content_type: &str) -> Result<Option<String>> {
    let (kind, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return Ok(None);
    }
    let boundary = parameter(parameters, "boundary").filter(|boundary| (1..=200).contains(&boundary.len()));
    boundary.map(Some).ok_or_else(|| Refusal::malformed("the content type multipart/form-data names no boundary"))
}

/// Takes a form apart.
pub(super) fn parts(boundary: &str, body: &Stored) -> Result<Vec<Part>> {
    let first = format!("--{boundary}");
    let delimiter = format!("\r\n{first}");
    let mut at = match *body.peek(0, first.len())? == *first.as_bytes() {
        true => first.len() as u64,
        false => find(&delimiter, body, 0)?.ok_or_else(|| torn("no boundary is in it"))? + delimiter.len() as u64,
    };
    let mut parts = Vec::new();
    loop {
        let rest = body.peek(at, HEAD)?;
        if rest.starts_with(b"--") {
            return Ok(parts);
        }
        if parts.len() >= PARTS {
            return Err(Refusal::too_large("the form has too many parts", "parts of a form", PARTS));
        }
        let number = parts.len() + 1;
        let (head, length) = head(&rest).ok_or_else(|| torn(&format!("the head of part {number} is not whole")))?;
        let (name, file) = described(head).ok_or_else(|| torn(&format!("part {number} has no name")))?;
        at += length as u64;
        let end = find(&delimiter, body, at)?;
        let end = end.ok_or_else(|| torn(&format!("part {number} (`{name}`) does not end")))?;
        parts.push(Part { name, file, content: body.part(at..end) });
        at = end + delimiter.len() as u64;
    }
}

/// Returns where `needle` next stands in `body`.
fn find(needle: &str, body: &Stored, from: u64) -> Result<Option<u64>> {
    let finder = memmem::Finder::new(needle);
    let (mut at, mut count) = (from, 16 << 10);
    loop {
        let piece = body.peek(at, count)?;
        if let Some(found) = finder.find(&piece) {
            return Ok(Some(at + found as u64));
        }
        if piece.len() < count {
            return Ok(None);
        }
        // What is sought may be half in this piece.
        at += (count - needle.len()) as u64;
        count = (2 * count).min(1 << 20);
    }
}

fn torn(reason: &str) -> Refusal {
    Refusal::malformed(format!("the multipart body is not whole: {reason}"))
}

/// Returns the head of a part and where its content begins.
fn head(rest: &[u8]) -> Option<(&str, usize)> {
    // Blanks may stand between a boundary and its line's end.
    let line = memmem::find(rest, b"\r\n")?;
    if !rest[..line].iter().all(|byte| matches!(byte, b' ' | b'\t')) {
        return None;
    }
    let end = memmem::find(&rest[line..], b"\r\n\r\n")? + line;
    Some((std::str::from_utf8(&rest[line..end]).ok()?, end + 4))
}

/// Returns the name and the file name that the head of a part says.
fn described(head: &str) -> Option<(String, Option<String>)> {
    let lines = head.lines().filter_map(|line| line.split_once(':'));
    let mut dispositions = lines.filter(|(name, _)| name.trim().eq_ignore_ascii_case("content-disposition"));
    let (_, value) = dispositions.next()?;
    let (_, parameters) = value.split_once(';')?;
    Some((parameter(parameters, "name")?, parameter(parameters, "filename")))
}

/// Returns a parameter of a header: a word, or a text in quotes in which `\"` and `%22` stand for a quote.
fn parameter(mut text: &str, wanted: &str) -> Option<String> {
    loop {
        let (name, rest) = text.split_once('=')?;
        let rest = rest.trim_start();
        let (value, after) = match rest.strip_prefix('"') {
            Some(quoted) => quotation(quoted)?,
            None => {
                let (value, after) = rest.split_once(';').unwrap_or((rest, ""));
                (value.trim().to_owned(), after)
            }
        };
        if name.trim_matches([' ', '\t', ';']).eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        text = after;
    }
}

fn quotation(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return Some((value.replace("%22", "\""), &text[at + 1..])),
            // Only a quote and the sign itself are escaped: browsers send the backslashes of Windows as they are.
            '\\' if text[at + 1..].starts_with(['"', '\\']) => value.extend(characters.next().map(|(_, c)| c)),
            c => value.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"--x\r\nContent-Disposition: form-data; name=\"build\"\r\n\r\n{}\r\n--x \r\ncontent-type: text/xml\r\n\
        Content-Disposition: form-data; filename=\"a \\\"b\\\".xml\"; name=report\r\n\r\n<a>\r\n--y\r\n</a>\r\n--x--\r\n";

    #[test]
    fn a_form_is_taken_apart() {
        assert_eq!(boundary("Multipart/Form-Data; charset=x; boundary=\"x\"").unwrap().as_deref(), Some("x"));
        assert_eq!(boundary("text/xml").unwrap(), None);
        assert!(boundary("multipart/form-data").is_err());
        let parts = of(BODY).unwrap();
        assert_eq!((parts[0].name.as_str(), parts[0].file.as_deref()), ("build", None));
        assert_eq!(*parts[0].content.whole().unwrap(), *b"{}");
        assert_eq!(parts[1].file.as_deref(), Some("a \"b\".xml"));
        assert_eq!((parts[1].name.as_str(), parts.len()), ("report", 2));
        assert_eq!(*parts[1].content.whole().unwrap(), *b"<a>\r\n--y\r\n</a>");
    }

    #[test]
    fn a_boundary_is_found_wherever_it_stands() {
        for length in (16 << 10) - 60..(16 << 10) + 10 {
            let content = "x".repeat(length);
            let head = "--x\r\nContent-Disposition: form-data; name=a\r\n\r\n";
            let parts = of(format!("{head}{content}\r\n--x--").as_bytes()).unwrap();
            assert_eq!(parts[0].content.len(), length as u64);
        }
    }

    fn of(body: &[u8]) -> Result<Vec<Part>> {
        parts("x", &Stored::of(body.to_vec()))
    }

    proptest::proptest! {
        #[test]
        fn hostile_forms_never_panic(mut body in proptest::collection::vec(proptest::num::u8::ANY, 0..300), at: usize) {
            let _ = of(&body);
            // Bytes of any kind somewhere in a form.
            let at = at % BODY.len();
            body.splice(0..0, BODY[..at].iter().copied());
            body.extend_from_slice(&BODY[at..]);
            let _ = of(&body);
            let _ = boundary(&String::from_utf8_lossy(&body));
        }
    }

    #[test]
    fn a_torn_form_is_refused_wherever_it_ends() {
        for end in 0..BODY.len() - 4 {
            assert!(of(&BODY[..end]).is_err(), "{end}");
        }
    }
}
