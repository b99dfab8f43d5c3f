//! Builds from rows.

use std::collections::HashSet;

use annals_data::row::{Build, BuildResult};

use super::column::ROWS;
use super::select::Batch;
use super::{Plan, Planned, word};
use crate::error::{Error, Result};
use crate::mirror;

/// Returns the builds of a batch.
pub(super) fn read(plan: &Plan, batch: &Batch) -> Result<Vec<Planned>> {
    let (key, revision, position) = (batch.texts("key")?, batch.texts("revision")?, batch.integers("position")?);
    let (branch, builder, result) = (batch.texts("branch")?, batch.texts("builder")?, batch.texts("result")?);
    let (started_at, finished_at) = (batch.times("started_at")?, batch.times("finished_at")?);
    let (number, worker, url) = (batch.integers("number")?, batch.texts("worker")?, batch.texts("url")?);
    let planned = |row| {
        let key = key.own(row).ok_or_else(|| batch.error("a row has no key".to_owned()))?;
        let missing = |what: &str| batch.error(format!("the build `{key}` has no {what}"));
        let position = position.get(row).ok_or_else(|| missing("position"))?;
        if position < 0 {
            return Err(batch.error(format!("the build `{key}` has the position {position}; the first is 0")));
        }
        let unknown = |word: &str| batch.error(format!("the build `{key}` has the unknown result `{word}`"));
        let result = result.get(row).map(|word| word::result(word).ok_or_else(|| unknown(word))).transpose()?;
        let build = Build {
            project: plan.project.clone(),
            branch: branch.own(row).unwrap_or_else(|| plan.branch.clone()),
            revision: revision.own(row).ok_or_else(|| missing("revision"))?,
            position,
            builder: builder.own(row).unwrap_or_else(|| plan.builder.clone()),
            number: number.get(row),
            result: BuildResult::Success,
            reason: None,
            worker: worker.own(row),
            environment: None,
            url: url.get(row).map(mirror::without_credentials),
            started_at: started_at.get(row),
            finished_at: finished_at.get(row),
            is_patch: false,
            patch_author_name: None,
            patch_author_email: None,
            is_failures_only: false,
            key,
        };
        Ok(Planned { build, result })
    };
    (0..batch.row_count()).map(planned).collect()
}

/// Returns the builds in the order of their positions.
///
/// # Errors
/// [`Error::Import`] where two have one key.
pub(super) fn sort(select: &'static str, mut builds: Vec<Planned>) -> Result<Vec<Planned>> {
    let mut seen = HashSet::new();
    if let Some(twice) = builds.iter().find(|planned| !seen.insert(planned.key())) {
        let why = if select == ROWS.name { ", its rows say different things of the build" } else { "" };
        let reason = format!("the key `{}` stands twice{why}", twice.key());
        return Err(Error::Import { select, reason });
    }
    builds.sort_by(|a, b| {
        let order = |planned: &Planned| (planned.build.position, planned.build.started_at, planned.build.number);
        order(a).cmp(&order(b)).then_with(|| a.key().cmp(b.key()))
    });
    Ok(builds)
}
