//! Reads subunit, the stream of test events of stestr, testr, testtools and Samba, versions 1 and 2.
//!
//! # Recognised by
//!
//! Version 2: a packet (its signature, a plausible header and its checksum) within the first 64 KiB, or a signature as
//! the very first byte. Version 1: within the first 64 KiB a line `test: x` and later an outcome of the same `x`, such
//! as `success: x`; or a `time:` with a date as the first line.
//!
//! # Identity
//!
//! The name is the whole test id, and the suite is empty: an id is opaque, and what its dots mean is the runner's
//! business. The routing code, which tells parallel workers apart, is no part of it. Failures of set-up and of loading
//! come as ids of their own, `setUpClass (test_ut.S)` or `unittest.loader._FailedTest.test_ut`.
//!
//! # Attempts
//!
//! An id that comes again after it ended is a further attempt, in the order in which the attempts end.
//!
//! # Status
//!
//! | version 2 | version 1 | status |
//! |---|---|---|
//! | `success` | `success`, `successful` | `passed` |
//! | `fail` | `failure` | `failed` |
//! | | `error` | `errored` |
//! | `skip` | `skip` | `skipped` |
//! | `xfail` | `xfail` | `xfailed` |
//! | `uxsuccess` | `uxsuccess` | `xpassed` |
//! | `fail` of `setUpClass (…)` and its like, or of a module that could not be loaded | the same with `failure` | `errored` |
//! | a failure with a text that its runner writes of a timeout or a crash | the same | `errored` with that kind |
//! | `inprogress` that nothing ends | `test` that nothing ends | `errored`, `crashed`, with a warning |
//! | `exists` that nothing begins | | left out: it was listed, not run |
//!
//! # Measures
//!
//! None. The duration is the time from the first to the last event of an attempt.
//!
//! # Limits
//!
//! Version 2 has no word for an error: what Python calls one is a failure here. The failure text is what text the test
//! attached, its traceback first; attachments that are no text are left out, and so are progress and tags. Plain text
//! between the events is not kept. A stream that ends between two events is read, and what it leaves open is
//! `crashed`; one that ends within a packet or within the details of an outcome is refused, and so is a packet with a
//! wrong checksum. Errors in version 2 name the byte, because there are no lines.

mod packet;
mod running;
#[cfg(test)]
mod tests;
mod v1;
mod v2;

use annals_data::outcomes::Outcomes;

use super::text::Source;
use super::{Error, Format, Limits, Report};

/// Subunit.
pub(super) const FORMAT: Format = Format { name: "subunit", title: "subunit", is_streamed: false, is_like, read };

/// Bytes at the beginning that are looked at.
const PREAMBLE_BYTES: usize = 64 << 10;

fn is_like(source: &Source) -> bool {
    packet::is_first(source.bytes, PREAMBLE_BYTES) || (source.root().is_none() && v1::is_like(source))
}

fn read(source: &Source, limits: &Limits) -> Result<Report<Outcomes>, Error> {
    if packet::is_first(source.bytes, PREAMBLE_BYTES) { v2::read(source, limits) } else { v1::read(source, limits) }
}
