//! What the reports of .NET's test tools have in common: how they write classes, files and failures.
//!
//! Which element holds which is the business of each format.

/// Returns the class of a class name that may be qualified by its assembly: `N.C, A, Version=1.0.0.0` is `N.C`.
pub(super) fn class(text: &str) -> &str {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '[' | '<' => depth += 1,
            ']' | '>' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => return text[..at].trim(),
            _ => {}
        }
    }
    text.trim()
}

/// Returns a test's name without the class before it: xUnit.net and NUnit write `N.C.Test(x: 1)` for `Test(x: 1)`.
pub(super) fn own_name<'n>(class: &str, name: &'n str) -> &'n str {
    let name = name.trim();
    let inner = name.strip_prefix(class).and_then(|rest| rest.strip_prefix(['.', '+', ':'])).map(str::trim);
    inner.filter(|inner| !inner.is_empty() && !class.is_empty()).unwrap_or(name)
}

/// Returns the last part of a path of any system: an assembly is called by its file.
pub(super) fn file_name(path: &str) -> &str {
    path.trim().trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or_default()
}

/// Returns what is said of a failure: its message, then where it happened.
pub(super) fn explained(message: &str, trace: &str) -> Option<String> {
    let message = message.trim_start_matches(['\r', '\n']).trim_end();
    let trace = trace.trim_start_matches(['\r', '\n']).trim_end();
    let text = match (message.trim().is_empty(), trace.trim().is_empty()) {
        (true, true) => return None,
        (true, false) => trace.to_owned(),
        (false, true) => message.to_owned(),
        (false, false) => format!("{message}\n{trace}"),
    };
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_lose_their_assembly_only() {
        assert_eq!(class("N.C, A, Version=1.0.0.0, Culture=neutral"), "N.C");
        assert_eq!(class("N.C`1[[System.Int32, mscorlib]], A"), "N.C`1[[System.Int32, mscorlib]]");
        assert_eq!(class(" N.C "), "N.C");
        assert_eq!(class("]]], a"), "]]]");
    }

    #[test]
    fn names_lose_their_class_only() {
        assert_eq!(own_name("N.C", "N.C.T(a: 1.5)"), "T(a: 1.5)");
        assert_eq!(own_name("N.C", "N.Class.T"), "N.Class.T");
        assert_eq!(own_name("N.C", "N.C"), "N.C");
        assert_eq!(own_name("", ".T"), ".T");
    }

    #[test]
    fn a_failure_is_its_message_and_its_trace() {
        assert_eq!(explained("  Expected: 1\r\n", "\n at A\n").as_deref(), Some("  Expected: 1\n at A"));
        assert_eq!(explained(" ", "\n"), None);
        assert_eq!(file_name("C:\\a\\b.dll"), "b.dll");
        assert_eq!(file_name("/a/b/"), "b");
    }
}
