//! Signatures: failure texts with the accidental parts masked, so that one cause has one text.
//!
//! What is masked, in this order: UUIDs, addresses and long hexadecimal runs, dates and clock times, paths, numbers.
//! The same idea as the reason clusters of LUCI and the normalisation of Kubernetes Triage, on the first line only.

use std::sync::LazyLock;

use regex::Regex;

/// The longest signature, in characters.
const BOUND: usize = 240;

static MASKS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        (r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b", "<uuid>"),
        (r"\b0x[0-9a-fA-F]+\b", "<address>"),
        (r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?", "<time>"),
        (r"\b\d\d?:\d\d:\d\d(?:\.\d+)?\b", "<time>"),
        (r"(?:[A-Za-z]:)?(?:[\\/][\w.@+-]+){2,}", "<path>"),
        (r"\b[0-9a-f]*\d[0-9a-f]*[a-f][0-9a-f]*\b", "<hex>"),
        (r"\d+(?:\.\d+)?", "#"),
    ]
    .into_iter()
    .map(|(pattern, mask)| (Regex::new(pattern).expect("the pattern is a constant"), mask))
    .collect()
});

/// Returns the signature of a failure text: its first line that is not blank, masked and bounded.
pub fn signature(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let mut masked: String = line.chars().take(4 * BOUND).collect();
    for (pattern, mask) in MASKS.iter() {
        masked = pattern.replace_all(&masked, *mask).into_owned();
    }
    masked.chars().take(BOUND).collect()
}

#[cfg(test)]
mod tests {
    use super::signature;

    #[test]
    fn accidents_are_masked() {
        assert_eq!(
            signature("\n  expected 3, got 4.5 at 0x7ffd12 in /tmp/b17/src/x.py at 12:01:59\nmore"),
            "expected #, got # at <address> in <path> at <time>"
        );
        assert_eq!(signature("id 3f2b8c1e-0000-4a4a-8b8b-1234567890ab commit deadbe3f"), "id <uuid> commit <hex>");
    }

    #[test]
    fn one_cause_has_one_signature() {
        assert_eq!(signature("timeout after 31 s on host-7"), signature("timeout after 412 s on host-12"));
        assert_ne!(signature("timeout after 31 s"), signature("refused after 31 s"));
    }

    #[test]
    fn an_empty_text_has_an_empty_signature() {
        assert_eq!(signature(" \n\t\n"), "");
    }
}
