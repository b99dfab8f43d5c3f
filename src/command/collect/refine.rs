//! `annals collect --refine`: of a long history, builds what lies between different verdicts, until no change is unknown.
//!
//! Few revisions are built first (`--every`). Where a test passes at one and fails at the next, or the other way round,
//! the revision between them is built at which the sum of suspicions passes one half, as when one culprit is hunted; and
//! so on, for all tests at once.

use std::collections::{BTreeMap, BTreeSet};

use annals_analytics::judge::hunt::Hunt;
use annals_analytics::{Session, Warehouse};
use annals_collector::CancellationFlag;
use annals_collector::history::{Picked, Revision, Selection};
use anyhow::Result;
use datafusion::common::ScalarValue;
use tokio::runtime::Handle;

use super::{Job, build, mirror};
use crate::command::{Rows, parameter};

/// So many gaps are looked at in one round, those first that most tests share.
const GAPS: usize = 64;

/// Where tests change their verdict: between which positions of which builder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Gap {
    builder: String,
    low: i64,
    high: i64,
}

/// Builds until no gap is left or the budget is spent; returns whether it was interrupted.
pub(super) async fn run(warehouse: &Warehouse, job: &Job, budget: usize, flag: &CancellationFlag) -> Result<bool> {
    let history = mirror(warehouse, &job.project, None)?;
    let whole = Selection { branch: job.selection.branch.clone(), ..Selection::default() };
    let Picked { branch, revisions } = history.select(&whole)?;
    let line: BTreeMap<i64, Revision> = revisions.into_iter().map(|revision| (revision.position, revision)).collect();
    let (mut asked, mut built) = (BTreeSet::new(), 0);
    while built < budget && !flag.is_cancelled() {
        let session = warehouse.session().await?;
        let mut wanted: BTreeMap<String, BTreeMap<i64, Revision>> = BTreeMap::new();
        let mut count = 0;
        for gap in gaps(&session, &job.project, &branch).await? {
            let Some(position) = between(&session, job, &branch, &gap, &line, &asked).await? else { continue };
            if count == job.jobs.max(1) * 4 || built + count == budget {
                break;
            }
            if let Some(revision) = line.get(&position).filter(|_| asked.insert((gap.builder.clone(), position))) {
                wanted.entry(gap.builder).or_default().insert(position, revision.clone());
                count += 1;
            }
        }
        if wanted.is_empty() {
            break;
        }
        let handle = Handle::current();
        for (name, revisions) in wanted {
            let builders: Vec<_> = job.builders.iter().filter(|builder| builder.name == name).cloned().collect();
            let picked = Picked { branch: branch.clone(), revisions: revisions.into_values().collect() };
            let run = || build(warehouse, job, &history, &picked, &builders, flag, &handle);
            built += tokio::task::block_in_place(run)?.built;
        }
    }
    anstream::eprintln!("refined by {built} builds");
    Ok(flag.is_cancelled())
}

async fn gaps(session: &Session, project: &str, branch: &str) -> Result<Vec<Gap>> {
    let sql = format!(
        "SELECT builder, low, high FROM ( \
            SELECT builder, verdict, first_position AS high, lag(last_position) OVER history AS low, \
                lag(verdict) OVER history AS verdict_before \
            FROM raw.streak WHERE project = $1 AND branch = $2 AND verdict IN ('pass', 'fail') \
            WINDOW history AS (PARTITION BY series_id ORDER BY first_position)) \
         WHERE verdict <> verdict_before AND high > low + 1 GROUP BY builder, low, high \
         ORDER BY count(*) DESC, builder, low, high LIMIT {GAPS}"
    );
    let rows = Rows::ask(session, &sql, &[parameter(Some(project)), parameter(Some(branch))]).await?.texts()?;
    let gap = |row: &Vec<String>| {
        let [builder, low, high] = &row[..] else { return None };
        Some(Gap { builder: builder.clone(), low: low.parse().ok()?, high: high.parse().ok()? })
    };
    Ok(rows.iter().filter_map(gap).collect())
}

/// Returns the position in a gap that tells most and was not asked about, if there is one.
async fn between(
    session: &Session,
    job: &Job,
    branch: &str,
    gap: &Gap,
    line: &BTreeMap<i64, Revision>,
    asked: &BTreeSet<(String, i64)>,
) -> Result<Option<i64>> {
    if !job.builders.iter().any(|builder| builder.name == gap.builder) {
        return Ok(None);
    }
    let suspects = "SELECT s.revision, avg(s.suspicion) AS suspicion FROM suspect AS s \
        JOIN step.episode AS e ON e.problem_id = s.problem_id \
        WHERE e.project = $1 AND e.branch = $2 AND e.builder = $3 AND e.good_position = $4 AND e.opened_position = $5 \
        GROUP BY s.revision";
    let parameters = [
        parameter(Some(&job.project)),
        parameter(Some(branch)),
        parameter(Some(&gap.builder)),
        ScalarValue::Int64(Some(gap.low)),
        ScalarValue::Int64(Some(gap.high)),
    ];
    let rows = Rows::ask(session, suspects, &parameters).await?.texts()?;
    let suspicion: BTreeMap<&str, f64> =
        rows.iter().filter_map(|row| Some((row[0].as_str(), row[1].parse().ok()?))).collect();
    let inside: Vec<&Revision> = line.range(gap.low + 1..=gap.high).map(|(_, revision)| revision).collect();
    let positions: Vec<i64> = inside.iter().map(|revision| revision.position).collect();
    let even = 1.0 / positions.len().max(1) as f64;
    let shares: Vec<f64> = match suspicion.is_empty() {
        true => vec![even; positions.len()],
        false => inside.iter().map(|revision| suspicion.get(revision.id.as_str()).copied().unwrap_or(0.0)).collect(),
    };
    let mut hunt = Hunt::new(gap.low, positions, &shares, 0.0, 0.999);
    hunt.observe(gap.low, false);
    hunt.observe(gap.high, true);
    hunt.mute(gap.low);
    hunt.mute(gap.high);
    for position in gap.low + 1..gap.high {
        if asked.contains(&(gap.builder.clone(), position)) {
            hunt.mute(position);
        }
    }
    Ok(hunt.next(1).first().copied().filter(|position| (gap.low + 1..gap.high).contains(position)))
}
