//! Damaged, hostile and random input for every format: a clear refusal or a bounded report, never a panic.

use proptest::prelude::*;

use super::fixtures;
use crate::report::text::Source;
use crate::report::{FORMATS, Limits, read, read_with};

#[test]
fn the_size_is_bounded() {
    let limits = Limits { bytes: 10, streamed_bytes: 100_000, ..Limits::default() };
    let error = read_with("a.json", b"[{},{},{},{}]", &limits).expect_err("13 bytes");
    assert_eq!(error.to_string(), "a.json:1: the report has more than 10 bytes, which is the bound");
    let long = format!("<testsuites>{}</testsuites>", " \n".repeat(50_000));
    let error = read_with("a.xml", long.as_bytes(), &limits).expect_err("more bytes");
    assert!(error.reason.starts_with("the report has more than 100000 bytes, which is the bound"), "{error}");
    let wide = format!("<testsuites name='{}'/>", "x".repeat(200));
    let limits = Limits { attribute: 100, ..Limits::default() };
    let error = read_with("a.xml", wide.as_bytes(), &limits).expect_err("a long tag");
    assert!(error.reason.starts_with("a tag is longer than 100 bytes"), "{error}");
}

/// Formats of one XML document; several documents of JUnit may follow each other, and end anywhere between.
const DOCUMENTS: [&str; 6] = ["trx", "xunit", "nunit", "ctest", "otr", "robot"];

#[test]
fn a_document_that_is_cut_anywhere_is_refused() {
    for (format, path) in fixtures().into_iter().filter(|(format, _)| DOCUMENTS.contains(&format.as_str())) {
        let whole = std::fs::read(&path).unwrap();
        let end = whole.trim_ascii_end().len();
        for length in (1..end).step_by(1 + end / 60).chain([end - 1]) {
            let result = read("r.xml", &whole[..length]);
            assert!(result.is_err(), "{format} {} {length}: {result:?}", path.display());
        }
    }
}

/// Returns how many cases are tried; `ANNALS_CASES=1000000` tries more of them than fit into every run.
fn cases() -> u32 {
    std::env::var("ANNALS_CASES").map_or(1000, |count| count.parse().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    /// Bytes of real reports, changed, cut and repeated anywhere: whatever is read stays within the bounds.
    #[test]
    fn mutated_reports_never_panic(
        (_, path) in prop::sample::select(fixtures()),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0_u8..4, any::<u8>(), 1_usize..200), 1..12),
    ) {
        let mut bytes = std::fs::read(path).unwrap();
        for (place, kind, byte, length) in edits {
            let at = place.index(bytes.len().max(1)).min(bytes.len());
            let end = (at + length).min(bytes.len());
            match kind {
                0 if at < bytes.len() => bytes[at] = byte,
                1 => { bytes.drain(at..end); }
                2 => { let piece = bytes[at..end].to_vec(); bytes.splice(at..at, piece); }
                _ => bytes.insert(at, byte),
            }
        }
        let limits = Limits { message: 1000, name: 100, warnings: 5, ..Limits::default() };
        if let Ok(report) = read_with("r.xml", &bytes, &limits) {
            prop_assert!(report.warnings.len() <= 7);
            for outcome in &report.cases {
                prop_assert!(outcome.message.as_ref().is_none_or(|text| text.len() <= 1100));
                prop_assert!(outcome.suite.len() <= 100 && outcome.name.len() <= 100);
                prop_assert!(!outcome.name.is_empty() && outcome.attempt >= 1);
            }
        }
    }

    /// Damage may make a file unreadable, but never another format's: two formats that claim one text would give
    /// results that depend on their order.
    #[test]
    fn recognition_is_exclusive(
        (format, path) in prop::sample::select(fixtures()),
        (cut, noise) in (any::<prop::sample::Index>(), "[ -~\n]{0,80}"),
        is_before in any::<bool>(),
    ) {
        let mut bytes = std::fs::read(path).unwrap();
        bytes.truncate(cut.index(bytes.len().max(1)));
        let at = if is_before { 0 } else { bytes.len() };
        bytes.splice(at..at, noise.bytes());
        let source = Source::new("r", &bytes);
        let claims: Vec<_> = FORMATS.iter().filter(|known| (known.is_like)(&source)).map(|known| known.name).collect();
        prop_assert!(claims.len() <= 1, "{format} is claimed by {claims:?}");
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read("r", &bytes);
    }
}
