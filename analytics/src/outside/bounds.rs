//! What questions from outside may use: all of them together, and each who asks.
//!
//! How bounds are configured is not said here, and how they are held neither: `queue`, `rows`, `guard` and `portion` do that.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Asker, Role};

/// What questions from outside may use.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// What one who asks may use.
    pub share: Share,
    /// The same for roles that differ.
    pub roles: BTreeMap<Role, Share>,
    /// The same for readers that differ, whatever their role; only who has proved to be one gets it.
    pub readers: BTreeMap<String, Share>,
    /// All queries together may hold this much memory; what can spill to disk does.
    pub memory: usize,
    /// All queries together may spill this many bytes.
    pub spill: u64,
    /// So many queries run at once.
    pub concurrency: usize,
    /// So many more wait for their turn; the next is refused.
    pub waiting: usize,
    /// A query waits this long for its turn.
    pub patience: Duration,
    /// Bytes of a query's text.
    pub text: usize,
}

/// What one who asks may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// A query is stopped after this time.
    pub time: Duration,
    /// An answer is cut after this many rows, and says so.
    pub rows: usize,
    /// An answer is cut after this many bytes of memory, and says so.
    pub bytes: usize,
    /// A query may hold this much memory; what can spill to disk does.
    pub memory: usize,
    /// So many of their queries run at once; the next one waits.
    pub concurrency: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            share: Share::default(),
            roles: BTreeMap::new(),
            readers: BTreeMap::new(),
            memory: 1 << 30,
            spill: 4 << 30,
            concurrency: 8,
            waiting: 256,
            patience: Duration::from_secs(30),
            text: 256 << 10,
        }
    }
}

impl Default for Share {
    fn default() -> Self {
        let time = Duration::from_secs(30);
        Self { time, rows: 1_000_000, bytes: 1 << 30, memory: 512 << 20, concurrency: 8 }
    }
}

impl Bounds {
    /// Returns what one who asks may use: a reader's own, else that of the role, else everybody's.
    pub fn of(&self, asker: &Asker) -> &Share {
        let own = asker.is_reader.then(|| self.readers.get(&asker.name)).flatten();
        own.or_else(|| self.roles.get(&asker.role)).unwrap_or(&self.share)
    }
}

impl Share {
    /// Returns the bounds by name, each with its unit.
    pub(super) fn told(&self) -> [(&'static str, u128, &'static str); 5] {
        [
            ("time_ms", self.time.as_millis(), "milliseconds until a query is stopped"),
            ("row_count", self.rows as u128, "rows of an answer"),
            ("byte_count", self.bytes as u128, "bytes of an answer, in memory"),
            ("memory_bytes", self.memory as u128, "bytes that a query may hold while it is computed"),
            ("concurrency", self.concurrency as u128, "queries of one name at once"),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_bound_holds() {
        let share = |rows| Share { rows, ..Share::default() };
        let bounds = Bounds {
            share: share(3),
            roles: [(Role::Private, share(2))].into(),
            readers: [("grafana".to_owned(), share(1))].into(),
            ..Bounds::default()
        };
        let rows =
            |name: &str, role, is_reader| bounds.of(&Asker { name: name.into(), role, wire: "http", is_reader }).rows;
        assert_eq!(rows("anybody", Role::Public, false), 3);
        assert_eq!(rows("lead", Role::Private, true), 2);
        assert_eq!(rows("grafana", Role::Private, true), 1);
        assert_eq!(rows("grafana", Role::Public, false), 3, "a name that is only claimed");
    }
}
