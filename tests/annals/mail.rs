//! Mail: nobody is told twice, whoever was told hears of the end, and to have mail makes nothing new.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::intake::Server;
use crate::world::{annals, copy, demo};

/// Writes a configuration with a mail server that never answers; returns its path.
fn configuration(store: &Path) -> PathBuf {
    let path = store.join("annals.toml");
    let text = "[mail]\nsmtp = 'smtp://127.0.0.1:1'\nfrom = 'Annals <annals@example.org>'\n";
    std::fs::write(&path, text).unwrap();
    path
}

fn number(store: &Path, sql: &str) -> i64 {
    let state = Connection::open(store.join("state.sqlite")).unwrap();
    state.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn a_server_at_rest_makes_no_versions() {
    let store = copy(&demo().store);
    let store = store.path();
    let server = Server::start(store, &["--config", configuration(store).to_str().unwrap()]);
    let begun = Instant::now();
    while number(store, "SELECT count(*) FROM mail_since") == 0 {
        assert!(begun.elapsed() < Duration::from_secs(120), "no mail was looked for");
        std::thread::sleep(Duration::from_millis(200));
    }
    let revision = || number(store, "SELECT number FROM revision");
    let before = revision();
    // Mail is looked for several times meanwhile.
    std::thread::sleep(Duration::from_secs(10));
    assert_eq!(revision(), before);
    server.end();
}

#[test]
fn a_message_that_cannot_be_read_keeps_no_other_from_being_sent() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path();
    let config = configuration(store);
    let mail = || annals(store, &["mail", "--config", config.to_str().unwrap()]);
    assert_eq!(mail().code, Some(0));
    let state = Connection::open(store.join("state.sqlite")).unwrap();
    state.execute("INSERT INTO person (person_id, name) VALUES (1, 'Ada')", []).unwrap();
    let message =
        r#"{"to_name":"Ada","to_address":"ada@example.org","subject":"s","text":"t","html":"h","headers":[]}"#;
    for (incident, message) in [("torn", "{"), ("whole", message)] {
        let sql = "INSERT INTO outbox (kind, incident_id, person_id, subject, message, evidence, written_at) \
            VALUES ('opened', ?1, 1, ?1, ?2, '', 0)";
        state.execute(sql, [incident, message]).unwrap();
    }
    let run = mail();
    assert!(run.code == Some(1) && run.err.contains("2 mails could not be delivered"), "{}", run.err);
    assert!(run.err.contains("given up: to Ada, `torn`: the outbox holds no message"), "{}", run.err);
    assert_eq!(number(store, "SELECT count(*) FROM outbox WHERE given_up_at IS NULL"), 1);
}
