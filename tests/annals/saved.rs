//! Saved queries from the folder to the outbox: listed, asked, watched, and told of once per change.

use std::path::Path;

use crate::world::{annals, copy, demo};

/// Runs the binary with the configuration that lies in the store.
fn run(store: &Path, arguments: &[&str]) -> crate::world::Run {
    let config = store.join("annals.toml");
    annals(store, &[arguments, &["--config", config.to_str().unwrap()]].concat())
}

fn write(store: &Path, alert: &str) {
    let text = format!(
        "-- Open for some time\n-- Parameter: days double = 0: how many days\n-- Alert: {alert}\n-- Mail: team@example.org\n\
         SELECT name, age_days FROM problem WHERE state = 'open' AND age_days >= $days ORDER BY name\n"
    );
    std::fs::create_dir_all(store.join("queries")).unwrap();
    std::fs::write(store.join("queries/open_long.sql"), text).unwrap();
}

/// Returns kind and subject of all letters about queries.
fn letters(store: &Path) -> Vec<(String, String)> {
    let state = rusqlite::Connection::open(store.join("state.sqlite")).unwrap();
    let sql = "SELECT kind, subject FROM outbox WHERE incident_id LIKE 'query:%' ORDER BY outbox_id";
    let mut query = state.prepare(sql).unwrap();
    query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn a_query_is_listed_asked_and_watched() {
    let store = copy(&demo().store);
    let store = store.path();
    let queries = store.join("queries");
    let configuration = format!(
        "queries = '{}'\n[mail]\nsmtp = 'smtp://127.0.0.1:1'\nfrom = 'Annals <annals@example.org>'\n",
        queries.display()
    );
    std::fs::write(store.join("annals.toml"), configuration).unwrap();
    write(store, "rows > 0");
    let listed = run(store, &["query"]).good();
    assert!(listed.contains("open_long") && listed.contains("days=0") && listed.contains("alert rows > 0"), "{listed}");
    let open = run(store, &["query", "open_long", "--format", "csv"]).good().lines().count() - 1;
    assert!(open > 0);
    let none = run(store, &["query", "open_long", "-p", "days=1e9", "--format", "csv"]).good();
    assert_eq!(none.trim(), "name,age_days");
    let wrong = run(store, &["query", "open_long", "-p", "days=many"]);
    assert!(wrong.code == Some(1) && wrong.err.contains("`many` is no double"), "{}", wrong.err);
    assert!(run(store, &["query", "nothing"]).err.contains("there is no query `nothing`"));
    let file = store.join("open.parquet");
    run(store, &["query", "open_long", "-o", file.to_str().unwrap()]).good();
    assert!(std::fs::read(file).unwrap().starts_with(b"PAR1"));

    let told = |changed: &str| assert!(run(store, &["query", "--check"]).err.contains(changed));
    told("1 states changed");
    assert_eq!(letters(store), [("alert".to_owned(), "Open for some time (rows > 0)".to_owned())]);
    told("0 states changed");
    assert_eq!(letters(store).len(), 1, "a state is told once, however often it is looked at");
    write(store, "rows > 1000000");
    told("1 states changed");
    write(store, "rows > 0");
    told("1 states changed");
    let kinds: Vec<_> = letters(store).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["alert", "over", "alert"]);

    std::fs::write(queries.join("torn.sql"), "-- Torn\n-- Schedule: sometimes\nSELECT 1\n").unwrap();
    let listed = run(store, &["query"]);
    assert!(listed.out.contains("open_long") && listed.err.contains("`torn`, line 2"), "{}", listed.err);
}
