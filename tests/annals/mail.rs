//! Mail: nobody is told twice, whoever was told hears of the end, and to have mail makes nothing new.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::intake::Server;
use crate::world::{copy, demo};

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
