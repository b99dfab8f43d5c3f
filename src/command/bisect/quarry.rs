//! What is hunted: problems with several changes against them, by the lane whose builds answer for them.

use std::collections::BTreeMap;

use annals_analytics::Session;
use annals_analytics::judge::hunt::Hunt;
use anyhow::{Result, bail};

use crate::cli;
use crate::command::{Rows, parameter, plain};

/// Problems of one builder and branch.
pub(super) struct Lane {
    pub project: String,
    pub branch: String,
    pub builder: String,
    pub quarries: Vec<Quarry>,
}

/// A problem whose culprit is to be found.
pub(super) struct Quarry {
    pub series_id: i64,
    pub opened_position: i64,
    pub good_revision: String,
    pub opened_revision: String,
    pub kind: String,
    pub suite: String,
    pub name: String,
    pub flake_rate: f64,
    /// How much it matters: problems of its incident, by the chance that a change is to blame.
    pub weight: f64,
    /// Suspicion by revision.
    pub suspicion: BTreeMap<String, f64>,
    /// Not there where its revisions are not in the repository.
    pub hunt: Option<Hunt>,
    /// Builds that said something of it.
    pub spent: u32,
    /// When the hunt begins: all of one round at once.
    pub begun_at: i64,
}

const SELECT: &str = "SELECT e.problem_id, e.project, e.branch, e.builder, e.series_id, e.opened_position, \
    e.good_revision, e.opened_revision, e.kind, e.suite, e.name, n.flake_rate, \
    n.sibling_count * (1.0 - n.probability) AS worth \
    FROM step.episode AS e \
    JOIN raw.range AS r \
        ON r.project = e.project AND r.good_revision = e.good_revision AND r.bad_revision = e.opened_revision \
    JOIN step.nobody AS n ON n.problem_id = e.problem_id";
/// What is left to be found out: open, several changes, and neither people nor an earlier hunt have said which it was.
const OPEN: &str = "LEFT JOIN (SELECT DISTINCT problem_id FROM step.confirmation WHERE rule = 'note') AS c \
        ON c.problem_id = e.problem_id \
    WHERE c.problem_id IS NULL AND e.state = 'open' AND r.change_count > 1 AND ($1 IS NULL OR e.project = $1)";
/// Hunts that ended because no build can tell more are not begun again by themselves.
const UNTRIED: &str = "AND NOT EXISTS (SELECT 1 FROM raw.bisection AS b WHERE b.finding = 'undecided' \
    AND b.series_id = e.series_id AND b.opened_position = e.opened_position AND b.good_revision = e.good_revision)";

/// Returns the problems that are asked for, or all open ones with several changes, most important lane first.
pub(super) async fn find(session: &Session, options: &cli::Bisect, is_automatic: bool) -> Result<Vec<Lane>> {
    let sql = question(options, is_automatic);
    let rows = Rows::ask(session, &sql, &[parameter(options.project.as_deref())]).await?.texts()?;
    let missing = options.problem.iter().find(|id| !rows.iter().any(|row| row[0] == **id));
    if let Some(id) = missing {
        bail!("there is no problem `{}` that began between two known revisions", plain(id));
    }
    let mut lanes: BTreeMap<[String; 3], Vec<Quarry>> = BTreeMap::new();
    let begun_at = chrono::Utc::now().timestamp_micros();
    for row in rows {
        let (place, quarry) = read(session, row, begun_at).await?;
        lanes.entry(place).or_default().push(quarry);
    }
    let lanes = lanes.into_iter();
    let mut lanes: Vec<Lane> =
        lanes.map(|([project, branch, builder], quarries)| Lane { project, branch, builder, quarries }).collect();
    let weight = |lane: &Lane| lane.quarries.iter().map(|quarry| quarry.weight).fold(0.0, f64::max);
    lanes.sort_by(|left, right| weight(right).total_cmp(&weight(left)));
    Ok(lanes)
}

/// Returns what the session is asked for.
fn question(options: &cli::Bisect, is_automatic: bool) -> String {
    let wanted = match options.all {
        true => format!("{OPEN} {}", if is_automatic { UNTRIED } else { "" }),
        false => {
            let ids: Vec<String> = options.problem.iter().map(|id| format!("'{}'", id.replace('\'', "''"))).collect();
            format!("WHERE e.problem_id IN ({}) AND ($1 IS NULL OR e.project = $1)", ids.join(", "))
        }
    };
    format!("{SELECT} {wanted} ORDER BY worth DESC, e.problem_id LIMIT {}", options.limit)
}

/// Reads a problem and its suspects; returns it behind project, branch and builder.
async fn read(session: &Session, row: Vec<String>, begun_at: i64) -> Result<([String; 3], Quarry)> {
    let [id, project, branch, builder, series, position, good, opened, kind, suite, name, rate, worth] =
        row.try_into().map_err(|_| anyhow::anyhow!("a problem has thirteen columns"))?;
    let quarry = Quarry {
        series_id: series.parse()?,
        opened_position: position.parse()?,
        good_revision: good,
        opened_revision: opened,
        kind,
        suite,
        name,
        flake_rate: rate.parse().unwrap_or(0.01),
        weight: worth.parse().unwrap_or(1.0),
        suspicion: suspicion(session, &id).await?,
        hunt: None,
        spent: 0,
        begun_at,
    };
    Ok(([project, branch, builder], quarry))
}

/// Returns the suspicion of each change against which a problem stands, by revision.
async fn suspicion(session: &Session, problem_id: &str) -> Result<BTreeMap<String, f64>> {
    let sql = "SELECT revision, suspicion FROM suspect WHERE problem_id = $1";
    let suspects = Rows::ask(session, sql, &[parameter(Some(problem_id))]).await?.texts()?;
    let read = |mut row: Vec<String>| {
        let share = row.pop().and_then(|text| text.parse().ok()).unwrap_or_default();
        (row.pop().unwrap_or_default(), share)
    };
    Ok(suspects.into_iter().map(read).collect())
}
