//! Lists as clients send them, element by element; lists of lists are not known.

use pgwire::api::Type;

use crate::postgres::rows::cells;

/// Returns the type of a list's elements; nothing of what is no list.
pub(super) fn element(list: &Type) -> Option<Type> {
    Some(match *list {
        Type::BOOL_ARRAY => Type::BOOL,
        Type::INT2_ARRAY => Type::INT2,
        Type::INT4_ARRAY => Type::INT4,
        Type::INT8_ARRAY => Type::INT8,
        Type::FLOAT4_ARRAY => Type::FLOAT4,
        Type::FLOAT8_ARRAY => Type::FLOAT8,
        Type::NUMERIC_ARRAY => Type::NUMERIC,
        Type::TEXT_ARRAY | Type::VARCHAR_ARRAY => Type::TEXT,
        Type::BYTEA_ARRAY => Type::BYTEA,
        Type::DATE_ARRAY => Type::DATE,
        Type::TIME_ARRAY => Type::TIME,
        Type::TIMESTAMP_ARRAY => Type::TIMESTAMP,
        Type::TIMESTAMPTZ_ARRAY => Type::TIMESTAMPTZ,
        Type::INTERVAL_ARRAY => Type::INTERVAL,
        _ => return None,
    })
}

/// Reads the elements; nothing of what is no list, or one of lists.
pub(super) fn elements(bytes: &[u8], is_binary: bool) -> Option<Vec<Option<Vec<u8>>>> {
    if is_binary { binary(bytes) } else { text(str::from_utf8(bytes).ok()?) }
}

/// Reads dimensions, whether there are nulls, the type; then the length and first number of the only dimension.
fn binary(bytes: &[u8]) -> Option<Vec<Option<Vec<u8>>>> {
    let number = |place: usize| Some(i32::from_be_bytes(bytes.get(4 * place..)?.first_chunk().copied()?));
    match number(0)? {
        0 => Some(vec![]),
        1 => {
            let all: Vec<_> = cells(bytes.get(20..)?).map(|cell| cell.map(<[u8]>::to_vec)).collect();
            (all.len() == usize::try_from(number(3)?).ok()?).then_some(all)
        }
        _ => None,
    }
}

/// Reads `{a,"b c",NULL}`.
fn text(text: &str) -> Option<Vec<Option<Vec<u8>>>> {
    let inner = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    let (mut all, mut part, mut is_quoted, mut is_open) = (vec![], String::new(), false, false);
    let mut chars = inner.chars().chain((!inner.trim().is_empty()).then_some(','));
    while let Some(next) = chars.next() {
        match next {
            '\\' => part.push(chars.next()?),
            '"' => (is_open, is_quoted) = (!is_open, true),
            next if is_open => part.push(next),
            '{' | '}' => return None,
            ',' if !is_quoted && part.trim().is_empty() => return None,
            ',' => {
                let whole = if is_quoted { part.as_str() } else { part.trim() };
                let is_null = !is_quoted && whole.eq_ignore_ascii_case("null");
                all.push((!is_null).then(|| whole.as_bytes().to_vec()));
                (part, is_quoted) = (String::new(), false);
            }
            blank if blank.is_whitespace() && (is_quoted || part.is_empty()) => {}
            next => part.push(next),
        }
    }
    (!is_open).then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_texts_are_read() {
        let read = |list: &str| {
            let all = elements(list.as_bytes(), false)?;
            Some(all.into_iter().map(|one| one.map(|one| String::from_utf8(one).unwrap())).collect::<Vec<_>>())
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(read("{}"), Some(vec![]));
        assert_eq!(read("{a, b c ,NULL}"), Some(vec![some("a"), some("b c"), None]));
        assert_eq!(read(r#"{"", "NULL","a,\"\\}"}"#), Some(vec![some(""), some("NULL"), some("a,\"\\}")]));
        for wrong in ["", "a", "{a", "{{1},{2}}", "{a,}", "{\"a}"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn binary_lists_are_read() {
        let words = |words: &[i32]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<_>>();
        let list = words(&[1, 1, 23, 2, 1, 4, 7, -1]);
        assert_eq!(elements(&list, true), Some(vec![Some(vec![0, 0, 0, 7]), None]));
        assert_eq!(elements(&words(&[0, 0, 23]), true), Some(vec![]));
        assert_eq!(elements(&words(&[1, 0, 23, 3, 1, 4, 7]), true), None, "one of three");
        assert_eq!(elements(&words(&[2, 0, 23]), true), None);
    }
}
