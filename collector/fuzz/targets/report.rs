//! Any bytes as a report: whatever is read stays within its bounds, and what is refused has a reason.

#![no_main]

use annals_fuzz::report::{Limits, read_with};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { message: 1000, name: 100, warnings: 5, cases: 5000, attribute: 4096, ..Limits::default() };
    match read_with("fuzz", bytes, &limits) {
        Err(error) => assert!(!error.reason.is_empty() && error.line >= 1),
        Ok(report) => {
            // Those within the bound, how many more there were, an unknown encoding, and bytes that are no text.
            assert!(report.warnings.len() <= 8 && report.cases.len() <= limits.cases);
            for outcome in &report.cases {
                assert!(outcome.message.as_ref().is_none_or(|text| text.len() <= 1100));
                assert!(outcome.suite.len() <= 100 && outcome.name.len() <= 100);
                assert!(!outcome.name.is_empty() && outcome.attempt >= 1);
            }
        }
    }
});
