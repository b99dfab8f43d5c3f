//! Retention: old outcomes, texts and logs go, by rules; what is known of them stays.
//!
//! First the state remembers, per lane, up to which position and batch outcomes are let go: from then on they are no
//! facts any more, and whoever recomputes knowledge must leave the lane out and keep what was known of it
//! ([`Horizon`]). Then their rows go, file by file, as compaction rewrites files. Who is killed in between goes on at
//! the next time. Tallies, builds, steps and changes stay.
//!
//! Outcomes go by the age of their own build: a revision that is built again keeps what is new, wherever it stands.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::Int64Type;
use rusqlite::params;

use super::aged::{self, Aged};
use super::sorter::Keep;
use super::{Store, known, learn_messages, publish};
use crate::Result;
use crate::schema::{MEASURE, MESSAGE, OUTCOME, TABLES};

/// What is kept of some lanes, and how long. The first rule that fits a lane holds.
#[derive(Clone, Debug, Default)]
pub struct Rule {
    /// The project; all if it is empty. `*` stands for anything, here and below.
    pub project: String,
    /// The branch; all if it is empty.
    pub branch: String,
    /// The builder; all if it is empty.
    pub builder: String,
    /// How old outcomes become, counted from when their build began; for ever if there is nothing.
    pub outcomes: Option<Duration>,
    /// How old failure texts become; no older than their outcomes.
    pub texts: Option<Duration>,
    /// How old the logs of steps become.
    pub logs: Option<Duration>,
}

/// Up to where outcomes of a lane are let go: those that went stood at or before the position, and came in or before
/// the batch. Outcomes of younger builds may stand there still.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Horizon {
    /// The lane's project.
    pub project: String,
    /// The lane's branch.
    pub branch: String,
    /// The lane's builder.
    pub builder: String,
    /// The last position.
    pub position: i64,
    /// The last batch.
    pub batch: i64,
}

/// What goes, or went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retained {
    /// By lane: the horizon, and the builds and outcomes that go with it.
    pub lanes: Vec<(Horizon, usize, u64)>,
    /// Outcomes.
    pub outcome_count: u64,
    /// Failure texts.
    pub text_count: u64,
    /// Logs.
    pub log_count: u64,
    /// What all of it frees, bytes: outcomes and texts by their share of their tables, when vacuum comes.
    pub byte_count: u64,
}

/// What a run lets go.
struct Plan {
    report: Retained,
    /// Builds whose outcomes go.
    builds: HashSet<i64>,
    /// Builds that keep no text.
    unread: HashSet<i64>,
    texts: HashSet<i64>,
    logs: Vec<String>,
    /// The newest batch that is folded.
    folded: i64,
}

impl Store {
    /// Lets go what the rules say; with `is_dry` it only says what would go. `is_told` are failure texts that are told
    /// of elsewhere, as all batches up to `folded` tell it: they stay, and so do outcomes and texts of later batches.
    pub async fn retain(&self, rules: &[Rule], is_told: &HashSet<i64>, folded: i64, is_dry: bool) -> Result<Retained> {
        let _turn = self.turn().await?;
        let plan = self.plan(rules, is_told, folded).await?;
        if is_dry {
            return Ok(plan.report);
        }
        self.remember(&plan.report)?;
        for log in &plan.logs {
            // It may have gone with a run that was killed.
            let _ = std::fs::remove_file(self.log_folder().join(log));
        }
        for table in [OUTCOME.name, MEASURE.name] {
            self.drop_rows(table, "build_id", &plan.builds, plan.folded).await?;
        }
        self.drop_texts(&plan, is_told).await?;
        Ok(plan.report)
    }

    /// Returns up to where the outcomes of lanes are let go.
    pub fn horizons(&self) -> Result<Vec<Horizon>> {
        const ALL: &str = "SELECT project, branch, builder, position, batch FROM retention ORDER BY 1, 2, 3";
        self.state.read(|c| {
            let horizon = |row: &rusqlite::Row<'_>| {
                let (project, branch, builder) = (row.get(0)?, row.get(1)?, row.get(2)?);
                Ok(Horizon { project, branch, builder, position: row.get(3)?, batch: row.get(4)? })
            };
            c.prepare(ALL)?.query_map([], horizon)?.collect()
        })
    }

    /// Forgets that outcomes were let go: what is left counts as all that there was.
    pub fn forget_horizons(&self) -> Result<()> {
        self.state.write(|t| t.execute("DELETE FROM retention", []).map(drop))
    }

    async fn plan(&self, rules: &[Rule], is_told: &HashSet<i64>, folded: i64) -> Result<Plan> {
        let tables = self.newest_all().await?;
        let builds = aged::builds(&tables).await?;
        let now = chrono::Utc::now().timestamp_micros();
        let mut plan = Plan {
            report: Retained::default(),
            builds: HashSet::new(),
            unread: HashSet::new(),
            texts: HashSet::new(),
            logs: Vec::new(),
            folded,
        };
        let present = aged::outcome_counts(&tables).await?;
        let mut logged = HashSet::new();
        for (lane, builds) in by_lane(&builds) {
            let rule = rules.iter().find(|rule| rule.fits(lane));
            let cut = |age: Option<Duration>| age.map_or(i64::MIN, |age| now.saturating_sub(age.as_micros() as i64));
            let rule = rule.cloned().unwrap_or_default();
            plan.lane(lane, &builds, cut(rule.outcomes), &present);
            let is_old = |build: &Aged| build.at < cut(rule.texts) && build.batch <= folded;
            let is_unread = |build: &&&Aged| is_old(build) || plan.builds.contains(&build.build_id);
            plan.unread.extend(builds.iter().filter(is_unread).map(|build| build.build_id));
            logged.extend(builds.iter().filter(|build| build.at < cut(rule.logs)).map(|build| build.build_id));
        }
        if !rules.is_empty() {
            plan.texts = aged::texts(&tables, &plan.unread, is_told, folded).await?;
        }
        let logs = aged::logs(&tables, &logged).await?;
        plan.weigh(self, logs).await?;
        Ok(plan)
    }

    /// Writes the horizons down, before any row goes.
    fn remember(&self, report: &Retained) -> Result<()> {
        const PUT: &str = "INSERT INTO retention VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO UPDATE SET \
            batch = max(batch, excluded.batch), position = max(position, excluded.position), \
            outcome_count = outcome_count + excluded.outcome_count, dropped_at = excluded.dropped_at";
        let now = chrono::Utc::now().timestamp_micros();
        self.state.write(|t| {
            for (horizon, _, outcomes) in &report.lanes {
                let Horizon { project, branch, builder, position, batch } = horizon;
                t.execute(PUT, params![project, branch, builder, batch, position, *outcomes as i64, now])?;
            }
            Ok(())
        })
    }

    /// Rewrites the files that may hold rows of `ids` that came up to a batch.
    async fn drop_rows(&self, table: &str, column: &'static str, ids: &HashSet<i64>, batch: i64) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let index = TABLES.iter().position(|known| known.name == table).expect("it is a table");
        for file in self.newest(index).await?.files()?.into_iter().filter(|file| file.batches.0 <= batch) {
            let facts = self.newest(index).await?;
            if facts.holds(&file, column, ids.clone()).await? {
                self.rewrite(index, &facts, &[file], Some(keep(column, ids.clone(), batch))).await?;
            }
        }
        Ok(())
    }

    /// Lets texts go: a failure that says the same again brings its text again.
    ///
    /// Nothing is committed meanwhile, as a batch leaves out the texts that are known. There are few of them.
    async fn drop_texts(&self, plan: &Plan, is_told: &HashSet<i64>) -> Result<()> {
        if plan.texts.is_empty() {
            return Ok(());
        }
        let index = TABLES.iter().position(|known| known.name == MESSAGE.name).expect("it is a table");
        let mut writer = self.writer.lock().await;
        let _lock = super::lock(&self.root).await?;
        self.recover(&mut writer).await?;
        for facts in writer.iter_mut() {
            facts.refresh().await?;
        }
        let texts = aged::texts(&writer, &plan.unread, is_told, plan.folded).await?;
        for file in writer[index].files()? {
            let keep = keep("message_id", texts.clone(), plan.folded);
            let written = writer[index].merge(std::slice::from_ref(&file), Some(keep)).await?;
            writer[index].replace(&[file], written, true).await?;
        }
        // What is known is what is there, also after a run that was killed.
        let (ids, batch) = (known::message_ids(&writer).await?, self.publication()?.batch);
        self.state.write(|t| {
            learn_messages(t, &ids)?;
            publish(t, batch, &writer)
        })
    }
}

impl Plan {
    /// Finds the outcomes of a lane that go: those of builds that began before `cut`.
    fn lane(&mut self, lane: &(String, String, String), builds: &[&Aged], cut: i64, present: &HashMap<i64, u64>) {
        let old = builds.iter().filter(|build| build.at < cut && build.batch <= self.folded);
        let gone: Vec<_> = old.filter_map(|build| Some((build, *present.get(&build.build_id)?))).collect();
        let Some(position) = gone.iter().map(|(build, _)| build.position).max() else { return };
        let outcomes = gone.iter().map(|(_, count)| count).sum();
        let (project, branch, builder) = lane.clone();
        let horizon = Horizon { project, branch, builder, position, batch: self.folded };
        self.report.lanes.push((horizon, gone.len(), outcomes));
        self.report.outcome_count += outcomes;
        self.builds.extend(gone.into_iter().map(|(build, _)| build.build_id));
    }

    /// Finds what all of it frees.
    async fn weigh(&mut self, store: &Store, logs: Vec<String>) -> Result<()> {
        self.report.text_count = self.texts.len() as u64;
        for size in store.sizes().await? {
            let gone = match size.table {
                table if table == OUTCOME.name => self.report.outcome_count,
                table if table == MESSAGE.name => self.report.text_count,
                _ => 0,
            };
            self.report.byte_count += size.byte_count * gone / size.row_count.max(1);
        }
        let is_inside = |path: &String| {
            std::path::Path::new(path).components().all(|part| matches!(part, std::path::Component::Normal(_)))
        };
        for log in logs.into_iter().filter(is_inside) {
            let Ok(metadata) = std::fs::metadata(store.log_folder().join(&log)) else { continue };
            self.report.log_count += 1;
            self.report.byte_count += metadata.len();
            self.logs.push(log);
        }
        Ok(())
    }
}

impl Rule {
    fn fits(&self, (project, branch, builder): &(String, String, String)) -> bool {
        let parts = [(&self.project, project), (&self.branch, branch), (&self.builder, builder)];
        parts.into_iter().all(|(pattern, text)| pattern.is_empty() || matches(pattern, text))
    }
}

/// Returns whether a text is as a pattern says, in which `*` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(head) else { return false };
    let mut pieces: Vec<&str> = rest.split('*').collect();
    let last = pieces.pop().unwrap_or_default();
    for piece in pieces {
        let Some(at) = text.find(piece) else { return false };
        text = &text[at + piece.len()..];
    }
    text.ends_with(last)
}

fn by_lane(builds: &[Aged]) -> BTreeMap<&(String, String, String), Vec<&Aged>> {
    let mut lanes: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for build in builds {
        lanes.entry(&build.lane).or_default().push(build);
    }
    lanes
}

/// Returns what leaves out the rows of `ids` that came up to a batch.
fn keep(column: &'static str, ids: HashSet<i64>, batch: i64) -> Keep {
    Arc::new(move |rows: &RecordBatch| {
        let of = |name: &str| {
            let column = rows.column_by_name(name).expect("the schema has it");
            column.as_primitive::<Int64Type>().clone()
        };
        let (own, batches) = (of(column), of("batch"));
        let stays = |row: usize| batches.value(row) > batch || !ids.contains(&own.value(row));
        let stays: BooleanArray = (0..rows.num_rows()).map(|row| Some(stays(row))).collect();
        Ok(filter_record_batch(rows, &stays)?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, is_match) in [
            ("main", "main", true),
            ("main", "mainly", false),
            ("release/*", "release/1.0", true),
            ("*-asan", "linux-asan", true),
            ("*-asan", "linux-asan-2", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c", false),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, text), is_match, "{pattern} {text}");
        }
    }
}
