//! Mail: nobody is told twice, whoever was told hears of the end, and to have mail makes nothing new.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::intake::Server;
use crate::world::{annals, ask, copy, demo};

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

/// Ingests a build of several tests, of which one is as it is told.
fn build(store: &Path, position: i64, is_good: bool) {
    let others: String = (0..9).map(|n| format!("<testcase classname='core' name='t{n}'/>")).collect();
    let failure = if is_good { "" } else { "<failure message='wrong'/>" };
    let report = format!(
        "<testsuite name='unit'>{others}<testcase classname='core' name='odd'>{failure}</testcase></testsuite>"
    );
    std::fs::write(store.join("report.xml"), report).unwrap();
    let origin = format!("--project p --branch main --revision r{position} --position {position} --builder linux");
    annals(store, &["ingest", "report.xml"].into_iter().chain(origin.split(' ')).collect::<Vec<_>>()).good();
}

#[test]
fn whoever_was_told_is_not_told_again_when_the_range_narrows_and_hears_of_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path();
    let config = configuration(store);
    let letters = || {
        annals(store, &["mail", "--config", config.to_str().unwrap()]);
        let state = Connection::open(store.join("state.sqlite")).unwrap();
        let mut letters = state.prepare("SELECT kind, incident_id, message FROM outbox ORDER BY outbox_id").unwrap();
        let letter = |row: &rusqlite::Row<'_>| Ok([row.get(0)?, row.get(1)?, row.get(2)?]);
        letters.query_map([], letter).unwrap().collect::<Result<Vec<[String; 3]>, _>>().unwrap()
    };
    build(store, 1, true);
    build(store, 9, false);
    Connection::open(store.join("state.sqlite"))
        .unwrap()
        .execute_batch(
            "INSERT INTO person (person_id, name, is_bot) VALUES (7, 'Olga', 0); \
             INSERT INTO identity (identity_id, person_id, name, email) VALUES (7, 7, 'Olga', 'olga@example.org'); \
             INSERT INTO module_owner (project, pattern, person_id) VALUES ('p', '%', 7); \
             UPDATE revision SET number = number + 1;",
        )
        .unwrap();
    let told = letters();
    assert_eq!(
        told.iter().map(|[kind, incident, _]| (kind.as_str(), incident.as_str())).collect::<Vec<_>>(),
        [("opened", "p~main~1-9")]
    );
    build(store, 5, true);
    build(store, 7, false);
    assert_eq!(ask(store, "SELECT incident_id FROM incident"), ["p~main~5-7"]);
    assert_eq!(letters(), told, "it is the same incident");
    build(store, 10, true);
    let ended = letters();
    assert_eq!((ended.len(), &ended[1][..2]), (2, &["resolved".to_owned(), "p~main~1-9".to_owned()][..]));
    assert!(ended[1][2].contains("<incident-p~main~1-9@example.org>"), "{}", ended[1][2]);
    assert_eq!(letters(), ended, "and once only");
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

#[test]
fn settings_by_which_no_mail_can_be_sent_are_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("annals.toml");
    for (smtp, from, reason) in [
        ("mail.example.org", "annals@example.org", "mail.example.org"),
        ("ftp://mail.example.org", "annals@example.org", "ftp://mail.example.org"),
        ("smtp://127.0.0.1:1", "Annals", "Annals"),
    ] {
        std::fs::write(&config, format!("[mail]\nsmtp = '{smtp}'\nfrom = '{from}'\n")).unwrap();
        let words = ["serve", "--listen", "127.0.0.1:0", "--config", config.to_str().unwrap()];
        let answer = annals(folder.path(), &words);
        assert_eq!(answer.code, Some(1), "{}{}", answer.out, answer.err);
        assert!(answer.err.contains("[mail]") && answer.err.contains(reason), "{}", answer.err);
    }
}
