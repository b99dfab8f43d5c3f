//! Templates of times: `to_char`, `to_timestamp` and `to_date` take Postgres' words, the engine's take `%Y` and its like.
//!
//! Words that have no such sign leave the call as it was.

use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Value, ValueWithSpan,
};

/// The words, longer ones before those that they begin with (PostgreSQL 16, 9.8).
const WORDS: &[(&str, &str)] = &[
    ("YYYY", "%Y"),
    ("IYYY", "%G"),
    ("HH24", "%H"),
    ("HH12", "%I"),
    ("FMMonth", "%B"),
    ("Month", "%B"),
    ("Mon", "%b"),
    ("FMDay", "%A"),
    ("Day", "%A"),
    ("DDD", "%j"),
    ("TZH:TZM", "%:z"),
    ("Dy", "%a"),
    ("YY", "%y"),
    ("MM", "%m"),
    ("DD", "%d"),
    ("HH", "%I"),
    ("MI", "%M"),
    ("SS.US", "%S%.6f"),
    ("SS.MS", "%S%.3f"),
    ("SS", "%S"),
    ("US", "%6f"),
    ("MS", "%3f"),
    ("IW", "%V"),
    ("AM", "%p"),
    ("PM", "%p"),
    ("ID", "%u"),
    ("D", "%w"),
];

/// Writes the template of a call in the engine's signs.
pub(super) fn translate(call: &mut Function) {
    let name = call.name.0.last().map(|part| part.to_string().to_ascii_lowercase()).unwrap_or_default();
    if !["to_char", "to_timestamp", "to_date"].contains(&name.as_str()) {
        return;
    }
    let FunctionArguments::List(list) = &mut call.args else { return };
    let [_, FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(ValueWithSpan { value, .. })))] = &mut list.args[..]
    else {
        return;
    };
    if let Value::SingleQuotedString(text) = value
        && let Some(signs) = signs(text)
    {
        *text = signs;
    }
}

/// Returns a template in signs; nothing for one that has signs already, or words that are not known.
fn signs(template: &str) -> Option<String> {
    let (mut signs, mut rest) = (String::new(), template);
    while let Some(first) = rest.chars().next() {
        if let Some((word, sign)) = WORDS.iter().find(|(word, _)| rest.starts_with(word) || is_small(rest, word)) {
            signs.push_str(sign);
            rest = &rest[word.len()..];
        } else if let Some((text, behind)) = rest.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
            signs.push_str(&text.replace('%', "%%"));
            rest = behind;
        } else if first.is_ascii_alphabetic() && first != 'T' || first == '%' {
            return None;
        } else {
            signs.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    Some(signs)
}

/// Returns whether a template begins with a word in small letters; of names of months and days that would be another word.
fn is_small(rest: &str, word: &str) -> bool {
    word.chars().all(|c| !c.is_ascii_lowercase())
        && rest.get(..word.len()).is_some_and(|begin| begin == word.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::signs;

    #[test]
    fn words_become_signs() {
        for (words, told) in [
            ("YYYY-MM-DD HH24:MI:SS.US", "%Y-%m-%d %H:%M:%S%.6f"),
            ("yyyy-mm-dd", "%Y-%m-%d"),
            ("IYYY-\"W\"IW", "%G-W%V"),
            ("Dy DD Mon YY", "%a %d %b %y"),
            ("YYYY-MM-DDTHH24:MI", "%Y-%m-%dT%H:%M"),
        ] {
            assert_eq!(signs(words).as_deref(), Some(told));
        }
        for other in ["%Y-%m", "Q", "J", "999"] {
            assert_eq!(signs(other).filter(|signs| signs != other), None, "{other}");
        }
    }
}
