//! What a session lets nobody do, and what it must be able to do fast: bounds of SQL, parameters, push-down.

use annals_analytics::session::{self, Session};
use annals_analytics::view::View;
use datafusion::common::ScalarValue;

use crate::tables;
use crate::world::World;

fn told(story: &str, extra: &[View]) -> annals_analytics::Result<Session> {
    let mut world = World::default();
    world.tell(story).unwrap();
    runtime().block_on(session::build(&tables::raw(&world, &[]).unwrap(), extra, 7, std::sync::Arc::default()))
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn failure(session: &Session, sql: &str) -> String {
    match runtime().block_on(session.query(sql)) {
        Ok(_) => panic!("{sql} is allowed"),
        Err(error) => error.to_string(),
    }
}

fn site(name: &str, sql: &str) -> View {
    View::parse("mart", name, &format!("-- Title\n-- Grain: one row\n{sql}")).unwrap()
}

#[test]
fn nothing_can_be_written() {
    let session = told("", &[]).unwrap();
    let statements = [
        "CREATE TABLE mart.x AS SELECT 1",
        "CREATE EXTERNAL TABLE x STORED AS PARQUET LOCATION '/tmp/x'",
        "CREATE VIEW x AS SELECT 1",
        "DROP VIEW problem",
        "INSERT INTO raw.build SELECT * FROM raw.build",
        "COPY (SELECT 1) TO '/tmp/annals-x.csv'",
        "SET datafusion.execution.batch_size = 1",
        "SELECT 1; SELECT 2",
    ];
    for statement in statements {
        failure(&session, statement);
    }
    for path in ["'/etc/passwd'", "'file:///etc/passwd'"] {
        assert!(failure(&session, &format!("SELECT * FROM {path}")).contains("not found"));
    }
}

#[test]
fn plans_and_lists_may_be_read() {
    let session = told("", &[]).unwrap();
    for query in ["EXPLAIN SELECT name FROM problem", "SHOW TABLES", "SELECT name FROM system.view"] {
        let rows = runtime().block_on(async { session.query(query).await.unwrap().collect().await.unwrap() });
        assert!(rows.iter().any(|batch| batch.num_rows() > 0), "{query}");
    }
}

#[test]
fn addresses_cannot_be_reached() {
    let session = told("change a1 by Ada", &[]).unwrap();
    for query in ["SELECT author_email FROM raw.change", "SELECT patch_author_email FROM raw.build"] {
        assert!(failure(&session, query).contains("No field named"), "{query}");
    }
    let listed = "SELECT column_name FROM information_schema.columns WHERE column_name LIKE '%_email'";
    let rows = runtime().block_on(async { session.query(listed).await.unwrap().count().await.unwrap() });
    assert_eq!(rows, 0);
}

#[test]
fn parameters_are_values() {
    let session = told("change a1 by Ada\nchange a2 by Bob", &[]).unwrap();
    let count = runtime().block_on(async {
        let sql = "SELECT revision FROM author_change WHERE revision = $1 OR file_count > $2";
        let parameters = [ScalarValue::from("a2"), ScalarValue::from(5_i64)];
        session.query_with(sql, &parameters).await.unwrap().count().await.unwrap()
    });
    assert_eq!(count, 1);
    assert_eq!(session.version, 7);
}

#[test]
fn what_holds_once_only_is_asked_again() {
    let session = told("", &[]).unwrap();
    for sql in ["SELECT now()", "SELECT random()"] {
        let ask = || runtime().block_on(async { session.answer(sql, &[]).await.unwrap().1 });
        assert_ne!(ask(), ask(), "{sql}");
    }
}

#[test]
fn what_was_answered_before_is_not_asked_again() {
    let session = told("change a1 by Ada\nchange a2 by Bob", &[]).unwrap();
    let ask = |revision: &str| {
        let sql = "SELECT author FROM author_change WHERE revision = $1";
        runtime().block_on(async { session.answer(sql, &[ScalarValue::from(revision)]).await.unwrap().1 })
    };
    let (first, again, other) = (ask("a1"), ask("a1"), ask("a2"));
    assert_eq!(first, again);
    assert!(std::sync::Arc::ptr_eq(first[0].column(0), again[0].column(0)), "it is the same answer");
    assert_ne!(first, other);
}

#[test]
fn a_site_adds_views() {
    let extra = [site("mine_too", "SELECT name FROM mine"), site("mine", "SELECT name FROM mart.problem")];
    let session = told("", &extra).unwrap();
    runtime().block_on(session.query("SELECT name FROM mine_too")).unwrap();
}

#[test]
fn faulty_views_are_named() {
    let fault = |views: &[View]| told("", views).err().unwrap().to_string();
    let circle = [site("a", "SELECT name FROM b"), site("b", "SELECT name FROM a")];
    assert_eq!(fault(&circle), "these views read each other in a circle, or read one that does: mart.a, mart.b");
    assert!(fault(&[site("a", "SELECT name FROM nowhere")]).starts_with("view `mart.a`: "));
    assert!(fault(&[site("a", "SELECT FROM WHERE")]).starts_with("view `mart.a`: "));
    assert!(fault(&[site("a", "DROP TABLE raw.build")]).starts_with("view `mart.a`: "));
}

/// Filters on keys must reach the outcomes: a page about one test may not read them all.
#[test]
fn keys_reach_the_outcomes() {
    let session = told("change a1 by Ada\nbuild a1 linux x=pass", &[]).unwrap();
    let views = [
        ("test_history", &["test_id", "series_id", "build_id", "position"][..]),
        ("test_grid", &["test_id", "series_id", "position"]),
        ("revision_window", &["series_id"]),
        ("compare", &["test_id"]),
        ("slow_test", &["test_id"]),
        ("build_verdict", &["build_id", "series_id"]),
    ];
    for (view, keys) in views {
        let schema = if view == "build_verdict" { "step" } else { "mart" };
        for key in keys {
            assert_reaches(&session, &format!("SELECT name FROM {schema}.{view} WHERE {key} = 42"), key);
        }
        if view != "compare" && view != "build_verdict" {
            assert_reaches(&session, &format!("SELECT name FROM {view} WHERE project = '42'"), "project");
        }
    }
    let pair = "SELECT name FROM compare WHERE base_build_id = 42 AND build_id = 42";
    assert_reaches(&session, pair, "build_id");
}

fn assert_reaches(session: &Session, sql: &str, key: &str) {
    let plan = runtime().block_on(session.query(sql)).unwrap().into_optimized_plan().unwrap();
    let text = plan.display_indent().to_string();
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let mut scans = 0;
    for (index, line) in lines.iter().enumerate().filter(|(_, line)| line.starts_with("TableScan: outcome")) {
        scans += 1;
        let near = format!("{} {line}", lines[index - 1]);
        assert!(near.contains(&format!("outcome.{key} =")) && near.contains("42"), "{sql}\n{text}");
    }
    assert!(scans > 0, "{sql}\n{text}");
}

#[test]
fn a_column_is_told_what_it_is_made_of() {
    let query = "WITH late AS (SELECT name AS who, age_days AS days FROM problem WHERE state = 'open') \
        SELECT l.who, count(*) AS n, max(l.days) + (SELECT min(position) FROM raw.build) AS mix \
        FROM late l JOIN raw.person p ON p.name = l.who GROUP BY l.who";
    let session = told("", &[site("mine", query)]).unwrap();
    let lineage = |sql: &str| -> Vec<String> {
        let rows = runtime().block_on(async { session.query(sql).await.unwrap().collect().await.unwrap() });
        let text = arrow::util::pretty::pretty_format_batches(&rows).unwrap().to_string();
        let cells =
            |line: &str| line.split('|').map(str::trim).filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join(" ");
        text.lines().skip(3).filter(|line| line.starts_with('|')).map(cells).collect()
    };
    let mine = "SELECT coalesce(name, '*'), reads_layer, reads, coalesce(reads_name, '*') FROM system.lineage \
        WHERE \"view\" = 'mine' ORDER BY 1, 2, 3, 4";
    let made_of = ["* mart problem *", "* raw build *", "* raw person *"];
    let made_of = [&made_of[..], &["mix mart problem age_days", "mix raw build position", "who mart problem name"]];
    let made_of = made_of.concat();
    assert_eq!(lineage(mine), made_of);
    let silent = "SELECT DISTINCT c.layer, c.\"view\" FROM system.column c JOIN system.view v ON v.layer = c.layer AND v.name = c.\"view\" \
        WHERE NOT EXISTS (SELECT 1 FROM system.lineage l WHERE l.layer = c.layer AND l.\"view\" = c.\"view\" AND l.name IS NOT NULL) \
        ORDER BY 1, 2";
    // What functions give is computed from no column.
    assert_eq!(lineage(silent), ["mart tests_to_rerun"], "views of which no column is known");
}
