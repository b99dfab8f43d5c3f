//! What an import would bring, and what in it does not fit together. Counted by the engine: no outcome is kept.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use datafusion::arrow::datatypes::DataType;
use datafusion::functions_aggregate::count::count;
use datafusion::logical_expr::{cast, lit};
use futures::StreamExt;

use super::column::Column;
use super::select::{Select, fault};
use super::{Import, Planned, word};
use crate::error::Result;

/// What an import would bring.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preview {
    /// Changes.
    pub change_count: usize,
    /// Builds.
    pub build_count: usize,
    /// Outcomes of these builds.
    pub outcome_count: u64,
    /// Columns that are absent, with the statement that could give them.
    pub missing: Vec<(&'static str, &'static Column)>,
    /// Keys of builds that have no outcome.
    pub empty_builds: Vec<String>,
    /// Keys of outcomes that no build has; these outcomes are left out.
    pub stray_keys: Vec<String>,
    /// Outcomes of those.
    pub stray_count: u64,
    /// Revisions of builds that are no change, neither here nor in the store: blamelists end there.
    pub unknown_revisions: Vec<String>,
    /// Words of outcomes that mean nothing: the import would stop at them.
    pub unknown_words: Vec<String>,
}

/// Looks at what the statements give.
pub(super) async fn look(import: &Import, known: &dyn Fn(&str) -> bool) -> Result<Preview> {
    let changes: HashSet<String> = import.changes().await?.into_iter().map(|change| change.revision).collect();
    let builds = import.builds().await?;
    let tally = tally(&import.outcomes).await?;
    let keys: HashSet<&str> = builds.iter().map(Planned::key).collect();
    let has_outcomes: HashSet<&str> = tally.keys().map(|(key, _)| key.as_str()).collect();
    let sum = |is_known: bool| -> u64 {
        tally.iter().filter(|((key, _), _)| keys.contains(key.as_str()) == is_known).map(|(_, count)| count).sum()
    };
    let revisions: BTreeSet<&str> = builds.iter().map(Planned::revision).collect();
    let words: BTreeSet<&str> = tally.keys().map(|(_, word)| word.as_str()).collect();
    let own = |text: &str| text.to_owned();
    let mut stray_keys: Vec<String> = has_outcomes.difference(&keys).copied().map(own).collect();
    stray_keys.sort_unstable();
    Ok(Preview {
        change_count: changes.len(),
        build_count: builds.len(),
        outcome_count: sum(true),
        missing: missing(import),
        empty_builds: builds.iter().map(Planned::key).filter(|key| !has_outcomes.contains(key)).map(own).collect(),
        stray_keys,
        stray_count: sum(false),
        unknown_revisions: revisions.into_iter().filter(|r| !changes.contains(*r) && !known(r)).map(own).collect(),
        unknown_words: words.into_iter().filter(|word| word::outcome(word).is_none()).map(own).collect(),
    })
}

fn missing(import: &Import) -> Vec<(&'static str, &'static Column)> {
    let absent = |select: &Select, column: &Column| column.absent.is_some() && !select.has(column.name);
    let selects = import.given.iter();
    selects
        .flat_map(|select| {
            let columns = select.table.columns.iter().filter(move |column| absent(select, column));
            columns.map(|column| (select.table.name, column))
        })
        .collect()
}

/// Returns the number of outcomes by key and word.
async fn tally(select: &Select) -> Result<BTreeMap<(String, String), u64>> {
    let group = ["key", "outcome"].map(|name| cast(select.column(name), DataType::Utf8).alias(name)).to_vec();
    let counted = select.frame().aggregate(group, vec![count(lit(1)).alias("attempt")]);
    let run = async { counted?.execute_stream().await };
    let mut batches = run.await.map_err(|error| fault(select.name(), &error))?;
    let mut tally = BTreeMap::new();
    while let Some(batch) = batches.next().await {
        let batch = select.batch(batch)?;
        let (key, outcome, count) = (batch.texts("key")?, batch.texts("outcome")?, batch.integers("attempt")?);
        for row in 0..batch.row_count() {
            let pair = (key.own(row).unwrap_or_default(), outcome.own(row).unwrap_or_default());
            *tally.entry(pair).or_default() += count.get(row).unwrap_or_default().unsigned_abs();
        }
    }
    Ok(tally)
}
