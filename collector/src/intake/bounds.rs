//! The bounds of uploads: everything that comes over the network is hostile until it is read.
//!
//! The bounds of a single report are [`crate::report::Limits`]; those of queries are the web crate's.

use std::time::Duration;

use serde::Deserialize;

/// What an upload may cost; `[intake]` of the configuration.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bounds {
    /// Bytes of a request as it is sent.
    pub request_bytes: usize,
    /// Bytes of all parts of a request when they are decompressed.
    pub decompressed_bytes: usize,
    /// How many times larger than the request its decompressed parts may be, beyond 16 MiB.
    pub ratio: usize,
    /// Reports of one request.
    pub reports: usize,
    /// Changes of one request.
    pub changes: usize,
    /// Seconds until a request must have arrived.
    pub request_s: u64,
    /// Requests at once; the next is answered 429.
    pub concurrency: usize,
    /// Bytes of all requests that are under way, in memory or in temporary files; what is beyond is answered 503.
    pub memory_bytes: usize,
    /// Uploads that wait for their commit; beyond, uploads are answered 503.
    pub spool_count: usize,
    /// Bytes on disk of the uploads that wait for their commit.
    pub spool_bytes: u64,
    /// Milliseconds between the beginnings of two commits: what arrives meanwhile shares one.
    pub commit_every_ms: u64,
    /// Minutes after its last part until a build that comes in parts is closed.
    pub open_min: u64,
    /// Parts of one build.
    pub parts: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            request_bytes: 512 << 20,
            decompressed_bytes: 4 << 30,
            ratio: 500,
            reports: 10_000,
            changes: 60_000,
            request_s: 120,
            concurrency: 64,
            memory_bytes: 2 << 30,
            spool_count: 20_000,
            spool_bytes: 4 << 30,
            commit_every_ms: 1000,
            open_min: 60,
            parts: 2000,
        }
    }
}

impl Bounds {
    /// Returns the time in which a request must have arrived.
    pub(super) fn request_time(&self) -> Duration {
        Duration::from_secs(self.request_s)
    }

    /// Returns the bytes that a request of `sent` bytes may have when it is decompressed.
    pub(super) fn decompressed(&self, sent: usize) -> usize {
        const FREE: usize = 16 << 20;
        self.decompressed_bytes.min(sent.saturating_mul(self.ratio).max(FREE))
    }

    /// Returns why these bounds make no sense, if they do not.
    pub fn flaw(&self) -> Option<&'static str> {
        let counts = [self.request_bytes, self.decompressed_bytes, self.ratio, self.reports, self.concurrency];
        let counts = [&counts[..], &[self.memory_bytes, self.spool_count, self.parts]].concat();
        let is_zero = counts.contains(&0) || self.request_s == 0 || self.spool_bytes == 0 || self.open_min == 0;
        is_zero.then_some("`[intake]`: a bound of 0 lets nothing in")
    }
}
