//! `[sql]`: what queries from outside may use, all together and each who asks.

use std::collections::BTreeMap;
use std::time::Duration;

use annals_analytics::outside::{Bounds, Role, Share};
use anyhow::{Result, bail};
use serde::Deserialize;

/// What differs from the defaults.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Sql {
    /// Bytes that all queries together may hold.
    memory_bytes: Option<usize>,
    /// Bytes that they may spill to disk.
    spill_bytes: Option<u64>,
    /// Queries at once.
    concurrency: Option<usize>,
    /// Queries that wait for their turn.
    waiting: Option<usize>,
    /// Seconds that a query waits.
    patience_s: Option<u64>,
    /// Bytes of a query's text.
    text_bytes: Option<usize>,
    /// What one who asks may use.
    query: Part,
    /// The same for a role: `public` or `private`.
    role: BTreeMap<String, Part>,
    /// The same for a reader, by name.
    reader: BTreeMap<String, Part>,
}

/// What one who asks may use, as far as it differs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Part {
    /// Seconds until a query is stopped.
    time_s: Option<u64>,
    /// Rows of an answer.
    rows: Option<usize>,
    /// Bytes of an answer.
    answer_bytes: Option<usize>,
    /// Bytes that a query may hold while it is computed.
    memory_bytes: Option<usize>,
    /// Queries at once.
    concurrency: Option<usize>,
}

impl Sql {
    /// Returns the bounds; an error says which of them makes no sense.
    pub(crate) fn bounds(&self) -> Result<Bounds> {
        let usual = Bounds::default();
        let share = self.query.over(&usual.share, "sql.query")?;
        let mut bounds = Bounds {
            memory: self.memory_bytes.unwrap_or(usual.memory),
            spill: self.spill_bytes.unwrap_or(usual.spill),
            concurrency: self.concurrency.unwrap_or(usual.concurrency),
            waiting: self.waiting.unwrap_or(usual.waiting),
            patience: self.patience_s.map_or(usual.patience, Duration::from_secs),
            text: self.text_bytes.unwrap_or(usual.text),
            ..usual
        };
        if [bounds.memory, bounds.concurrency, bounds.text].contains(&0) {
            bail!("`[sql]`: a bound of 0 lets nothing through");
        }
        for (name, part) in &self.role {
            let role = match name.as_str() {
                "public" => Role::Public,
                "private" => Role::Private,
                _ => bail!("`[sql.role.{name}]`: roles are `public` and `private`; readers have `[sql.reader.NAME]`"),
            };
            bounds.roles.insert(role, part.over(&share, &format!("sql.role.{name}"))?);
        }
        for (name, part) in &self.reader {
            bounds.readers.insert(name.clone(), part.over(&share, &format!("sql.reader.{name}"))?);
        }
        Ok(Bounds { share, ..bounds })
    }
}

impl Part {
    /// Returns a share with what differs.
    fn over(&self, share: &Share, section: &str) -> Result<Share> {
        let counts = [self.rows, self.answer_bytes, self.memory_bytes, self.concurrency];
        if counts.contains(&Some(0)) || self.time_s == Some(0) {
            bail!("`[{section}]`: a bound of 0 lets nothing through");
        }
        Ok(Share {
            time: self.time_s.map_or(share.time, Duration::from_secs),
            rows: self.rows.unwrap_or(share.rows),
            bytes: self.answer_bytes.unwrap_or(share.bytes),
            memory: self.memory_bytes.unwrap_or(share.memory),
            concurrency: self.concurrency.unwrap_or(share.concurrency),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(text: &str) -> Result<Bounds> {
        toml::from_str::<Sql>(text)?.bounds()
    }

    #[test]
    fn what_is_not_said_is_as_usual() {
        let bounds = bounds("concurrency = 3\n[query]\ntime_s = 5\n[reader.grafana]\nrows = 7").unwrap();
        assert_eq!((bounds.concurrency, bounds.share.time), (3, Duration::from_secs(5)));
        assert_eq!(bounds.readers["grafana"], Share { rows: 7, ..bounds.share.clone() });
        assert_eq!(bounds.share.rows, Share::default().rows);
    }

    #[test]
    fn what_makes_no_sense_is_said() {
        for (text, says) in [
            ("[query]\nrows = 0", "sql.query"),
            ("[role.admin]\nrows = 1", "`public` and `private`"),
            ("concurrency = 0", "[sql]"),
            ("row = 1", "row"),
        ] {
            assert!(format!("{:#}", bounds(text).unwrap_err()).contains(says), "{text}");
        }
    }
}
