//! A world and what the oracle knows of it, as the raw tables of a session.

use std::collections::BTreeMap;
use std::sync::Arc;

use annals_analytics::session::RawTables;
use annals_data::setting::SETTINGS;
use annals_data::{id, schema};
use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::json::ReaderBuilder;
use datafusion::catalog::MemTable;
use serde_json::{Value, json};

use crate::oracle::{self, Range, Streak};
use crate::world::{BuildFacts, World, email, is_failure};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Columns of the tables that are no facts; `?` where null is allowed.
const KNOWLEDGE: &[(&str, &str)] = &[
    (
        "streak",
        "series_id:int test_id:int project:text branch:text builder:text kind:text suite:text name:text verdict:text \
         first_position:int last_position:int first_revision:text last_revision:text first_build_id:int \
         last_build_id:int first_at:time? last_at:time? position_count:int outcome_count:int failed_count:int \
         message_id:int? is_head:flag",
    ),
    ("excluded_build", "build_id:int rule:text detail:text?"),
    ("range", "range_id:int project:text good_revision:text bad_revision:text change_count:int is_complete:flag"),
    ("range_change", "range_id:int revision:text ordinal:int"),
    (
        "range_history",
        "series_id:int bad_position:int good_position:int good_revision:text bad_revision:text recorded_at:time",
    ),
    ("person", "person_id:int name:text team:text? is_bot:flag"),
    ("identity", "identity_id:int person_id:int name:text"),
    ("module_owner", "project:text pattern:text person_id:int"),
    (
        "note",
        "note_id:int series_id:int first_position:int kind:text person_id:int? text:text until:time? noted_at:time",
    ),
    ("subscription", "person_id:int project:text pattern:text"),
    (
        "bisection",
        "bisection_id:int series_id:int opened_position:int good_revision:text is_automatic:flag finding:text \
         revision:text? suspect_count:int build_count:int plain_build_count:int round_build_count:int begun_at:time \
         ended_at:time",
    ),
    ("learnt_weight", "project:text evidence:text weight:number rule_version:int learnt_at:time"),
    ("setting", "name:text value:number unit:text doc:text"),
];

/// Returns the raw tables of a world; `history` is what its ranges were over time.
pub(crate) fn raw(world: &World, history: &[(Range, i64)]) -> Result<RawTables, Error> {
    let streaks = oracle::streaks(world);
    let mut rows: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    rows.insert("change", world.changes.iter().map(change).collect());
    rows.insert("build", world.builds.iter().enumerate().map(build).collect());
    rows.insert("step", Vec::new());
    rows.insert("outcome", world.builds.iter().enumerate().flat_map(outcomes).collect());
    rows.insert("tally", world.builds.iter().flat_map(|facts| tallies(world, facts)).collect());
    rows.insert("message", messages(world));
    rows.insert("streak", streaks.iter().map(streak).collect());
    rows.insert("excluded_build", world.builds.iter().filter_map(|facts| excluded(world, facts)).collect());
    rows.insert("range_history", history.iter().map(|(range, at)| range_history(range, *at)).collect());
    rows.extend(ranges(world, &oracle::ranges(&streaks).into_iter().collect::<Vec<_>>()));
    rows.extend(people(world));
    rows.insert("note", world.notes.iter().enumerate().map(note).collect());
    let setting = |s: &annals_data::setting::Setting| json!({"name": s.name, "value": world.settings[s.name], "unit": s.unit, "doc": s.doc});
    rows.insert("setting", SETTINGS.iter().map(setting).collect());
    let facts = schema::TABLES.into_iter().map(|table| (table.name, table.arrow()));
    let knowledge = KNOWLEDGE.iter().map(|(name, columns)| (*name, knowledge_schema(columns)));
    let mut tables = RawTables::new();
    for (name, schema) in facts.chain(knowledge) {
        let rows = rows.remove(name).unwrap_or_default();
        let table = MemTable::try_new(schema.clone(), vec![vec![batch(schema, &rows)?]])?;
        tables.insert(name.into(), Arc::new(table));
    }
    Ok(tables)
}

fn knowledge_schema(columns: &str) -> SchemaRef {
    let fields = columns.split_whitespace().filter_map(|column| {
        let (name, kind) = column.split_once(':')?;
        let data_type = match kind.trim_end_matches('?') {
            "int" => DataType::Int64,
            "number" => DataType::Float64,
            "flag" => DataType::Boolean,
            "time" => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            _ => DataType::Utf8,
        };
        Some(Field::new(name, data_type, kind.ends_with('?')))
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn batch(schema: SchemaRef, rows: &[Value]) -> Result<RecordBatch, Error> {
    let mut decoder = ReaderBuilder::new(schema.clone()).with_batch_size(rows.len().max(1)).build_decoder()?;
    decoder.serialize(rows)?;
    Ok(decoder.flush()?.unwrap_or_else(|| RecordBatch::new_empty(schema)))
}

/// Adds members to a row that was made of a struct.
fn with(row: Value, more: Value) -> Value {
    let (Value::Object(mut row), Value::Object(more)) = (row, more) else { return Value::Null };
    row.extend(more);
    Value::Object(row)
}

fn change(change: &annals_data::row::Change) -> Value {
    let ids = json!({
        "batch": 1,
        "change_id": id::change_id(&change.project, &change.revision),
        "author_id": id::author_id(&change.author_name, &change.author_email),
        "committer_id": id::author_id(&change.committer_name, &change.committer_email),
    });
    with(serde_json::to_value(change).unwrap_or_default(), ids)
}

fn build_id(facts: &BuildFacts) -> i64 {
    id::build_id(&facts.build.project, &facts.build.key)
}

fn build((batch, facts): (usize, &BuildFacts)) -> Value {
    let count = |is: fn(&str) -> bool| {
        let tests = facts.outcomes.iter().filter(|o| o.kind != annals_data::row::Kind::Step);
        tests.filter(|o| is(o.status.as_str())).count()
    };
    let (decisive_test_count, failing_test_count) = oracle::test_counts(facts);
    let name = facts.build.patch_author_name.as_deref();
    let more = json!({
        "batch": batch,
        "build_id": build_id(facts),
        "patch_author_id": name.map(|name| id::author_id(name, &email(name))),
        "outcome_count": count(|_| true),
        "passed_count": count(|word| matches!(word, "passed" | "xfailed")),
        "failed_count": count(|word| matches!(word, "failed" | "errored" | "xpassed")),
        "skipped_count": count(|word| word == "skipped"),
        "decisive_test_count": decisive_test_count,
        "failing_test_count": failing_test_count,
        "ingest_key": facts.build.key,
        "ingested_at": 0,
    });
    with(serde_json::to_value(&facts.build).unwrap_or_default(), more)
}

/// Returns what a build adds to the day of its revision: a row for each outcome, as the rows of a day are added up.
fn tallies(world: &World, facts: &BuildFacts) -> Vec<Value> {
    const DAY: i64 = 86_400_000_000;
    let build = &facts.build;
    let change = world.changes.iter().find(|change| change.revision == build.revision);
    let at = change.map(|change| change.committed_at).or(build.started_at).unwrap_or_default();
    let tests = facts.outcomes.iter().filter(|o| o.kind != annals_data::row::Kind::Step && !build.is_patch);
    let row = |(number, outcome): (usize, &annals_data::row::Outcome)| {
        let count = |words: &[&str]| i64::from(words.contains(&outcome.status.as_str()));
        let is_timed = outcome.duration_us.is_some() && outcome.status.as_str() != "skipped";
        json!({
            "batch": 1,
            "suite_id": id::suite_id(&build.project, &outcome.suite),
            "lane_id": id::lane_id(&build.project, &build.branch, &build.builder),
            "day": at.div_euclid(DAY) * DAY,
            "project": build.project,
            "branch": build.branch,
            "builder": build.builder,
            "suite": outcome.suite,
            "build_count": i64::from(facts.outcomes.iter().take(number).all(|other| other.suite != outcome.suite)),
            "outcome_count": 1,
            "passed_count": count(&["passed", "xfailed"]),
            "failed_count": count(&["failed", "errored", "xpassed"]),
            "skipped_count": count(&["skipped"]),
            "timed_count": i64::from(is_timed),
            "duration_us": outcome.duration_us.filter(|_| is_timed).unwrap_or(0),
        })
    };
    tests.enumerate().map(row).collect()
}

fn outcomes((batch, facts): (usize, &BuildFacts)) -> Vec<Value> {
    let row = |outcome: &annals_data::row::Outcome| {
        let build = &facts.build;
        let test_id = id::test_id(&build.project, outcome.kind.as_str(), &outcome.suite, &outcome.name);
        let more = json!({
            "batch": batch,
            "series_id": id::series_id(test_id, &build.branch, &build.builder),
            "test_id": test_id,
            "build_id": build_id(facts),
            "position": build.position,
            "outcome": outcome.status.as_str(),
            "message_id": outcome.message.as_deref().map(id::message_id),
            "project": build.project, "branch": build.branch, "builder": build.builder,
        });
        with(serde_json::to_value(outcome).unwrap_or_default(), more)
    };
    facts.outcomes.iter().map(row).collect()
}

fn messages(world: &World) -> Vec<Value> {
    let failed = world.builds.iter().flat_map(|facts| &facts.outcomes).filter(|o| is_failure(o.status));
    let texts: std::collections::BTreeSet<&str> = failed.filter_map(|o| o.message.as_deref()).collect();
    let mask = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "N");
    let row =
        |text: &str| json!({"batch": 1, "message_id": id::message_id(text), "signature": mask(text), "text": text});
    texts.into_iter().map(row).collect()
}

fn streak(streak: &Streak) -> Value {
    let (series, first, last) = (&streak.series, &streak.first, &streak.last);
    json!({
        "series_id": series.series_id(), "test_id": series.test_id(), "project": series.project,
        "branch": series.branch, "builder": series.builder, "kind": series.kind, "suite": series.suite,
        "name": series.name, "verdict": streak.verdict, "first_position": first.position,
        "last_position": last.position, "first_revision": first.revision, "last_revision": last.revision,
        "first_build_id": first.build_id, "last_build_id": last.build_id, "first_at": first.at, "last_at": last.at,
        "position_count": streak.position_count, "outcome_count": streak.outcome_count,
        "failed_count": streak.failed_count, "message_id": streak.message.as_deref().map(id::message_id),
        "is_head": streak.is_head,
    })
}

fn excluded(world: &World, facts: &BuildFacts) -> Option<Value> {
    let (rule, detail) = oracle::exclusion(world, facts)?;
    Some(json!({"build_id": build_id(facts), "rule": rule, "detail": detail}))
}

fn range_history(range: &Range, recorded_at: i64) -> Value {
    json!({
        "series_id": range.series_id, "bad_position": range.bad_position, "good_position": range.good_position,
        "good_revision": range.good_revision, "bad_revision": range.bad_revision, "recorded_at": recorded_at,
    })
}

fn ranges(world: &World, ranges: &[Range]) -> [(&'static str, Vec<Value>); 2] {
    let (mut heads, mut changes) = (BTreeMap::new(), Vec::new());
    for range in ranges {
        let (good, bad) = (range.good_revision.as_str(), range.bad_revision.as_str());
        let range_id = id::id(&["range", "demo", good, bad]);
        let listed = oracle::blamelist(world, good, bad);
        let is_complete = world.find(good).is_some() && world.find(bad).is_some();
        let head = json!({
            "range_id": range_id, "project": "demo", "good_revision": good, "bad_revision": bad,
            "change_count": listed.len(), "is_complete": is_complete,
        });
        if heads.insert(range_id, head).is_none() {
            let row = |(index, revision)| json!({"range_id": range_id, "revision": revision, "ordinal": index + 1});
            changes.extend(listed.iter().enumerate().map(row));
        }
    }
    [("range", heads.into_values().collect()), ("range_change", changes)]
}

fn person_id(name: &str) -> i64 {
    id::id(&["person", name])
}

fn people(world: &World) -> [(&'static str, Vec<Value>); 4] {
    let mut people = BTreeMap::new();
    let mut identities = BTreeMap::new();
    for change in &world.changes {
        let name = world.aliases.get(&change.author_name).unwrap_or(&change.author_name);
        let identity_id = id::author_id(&change.author_name, &change.author_email);
        let identity = json!({"identity_id": identity_id, "person_id": person_id(name), "name": change.author_name});
        identities.insert(identity_id, identity);
        people.insert(name, json!({"person_id": person_id(name), "name": name, "team": null, "is_bot": false}));
    }
    for person in &world.people {
        let row = json!({
            "person_id": person_id(&person.name), "name": person.name, "team": person.team, "is_bot": person.is_bot,
        });
        people.insert(&person.name, row);
    }
    let tied = |(name, pattern): &(String, String)| json!({"project": "demo", "pattern": pattern, "person_id": person_id(name)});
    [
        ("person", people.into_values().collect()),
        ("identity", identities.into_values().collect()),
        ("module_owner", world.owners.iter().map(tied).collect()),
        ("subscription", world.subscribers.iter().map(tied).collect()),
    ]
}

fn note((index, note): (usize, &crate::world::Note)) -> Value {
    json!({
        "note_id": index + 1, "series_id": note.series_id, "first_position": note.first_position, "kind": note.kind,
        "person_id": note.person.as_deref().map(person_id), "text": note.text, "until": note.until,
        "noted_at": note.noted_at,
    })
}
