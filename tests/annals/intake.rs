//! Uploads to the real server: acknowledged is durable whatever is killed, visible at once, and counted once.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::world::{annals, ask, binary};

const QUERY: &str = "/api/v1/ingest?project=p&revision=r&builder=unit&position=1";

/// A server of a store; it is killed when this is dropped.
pub(crate) struct Server {
    child: Child,
    address: String,
}

impl Server {
    pub(crate) fn start(store: &Path, more: &[&str]) -> Self {
        let mut command = binary(store, &[&["serve", "--listen", "127.0.0.1:0"], more].concat());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        let mut talk = BufReader::new(child.stderr.take().unwrap());
        talk.read_line(&mut line).unwrap();
        // What it says later must have somewhere to go.
        std::thread::spawn(move || std::io::copy(&mut talk, &mut std::io::sink()));
        let address = line.trim().strip_prefix("listening on http://").unwrap_or_else(|| panic!("{line}")).to_owned();
        Self { child, address }
    }

    fn post(&self, path: &str, headers: &[&str], body: &[u8]) -> Option<(u16, Value)> {
        post(&self.address, path, headers, body)
    }

    /// Ends the server as an operator does.
    pub(crate) fn end(mut self) {
        let id = self.child.id().to_string();
        assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Posts a body; `None` if no whole answer came.
fn post(address: &str, path: &str, headers: &[&str], body: &[u8]) -> Option<(u16, Value)> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(60))).ok()?;
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {length}\r\n{headers}Connection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, serde_json::from_str(body).ok()?))
}

fn report(cases: usize) -> Vec<u8> {
    let case = |number: usize| format!("<testcase classname=\"a\" name=\"t{number}\"/>");
    let cases: String = (0..cases).map(case).collect();
    format!("<testsuite name=\"unit\">{cases}</testsuite>").into_bytes()
}

#[test]
fn what_was_acknowledged_survives_every_kill() {
    let folder = TempDir::new().unwrap();
    let store = folder.path();
    annals(store, &["problems"]).good();
    let body = report(50);
    let mut acknowledged = BTreeSet::new();
    for round in 0..6_u32 {
        let server = Server::start(store, &[]);
        let address = server.address.clone();
        let senders: Vec<_> = (0..4)
            .map(|sender| {
                let (address, body) = (address.clone(), body.clone());
                std::thread::spawn(move || {
                    let mut keys = Vec::new();
                    for number in 0.. {
                        let key = format!("{round}-{sender}-{number}");
                        let answer = post(&address, &format!("{QUERY}&key={key}"), &[], &body);
                        let Some((status, receipt)) = answer else { return keys };
                        assert!(status == 202 && receipt["outcome_count"] == 50, "{status} {receipt}");
                        keys.push(key);
                    }
                    keys
                })
            })
            .collect();
        std::thread::sleep(Duration::from_millis(u64::from(300 + 350 * round)));
        drop(server);
        acknowledged.extend(senders.into_iter().flat_map(|sender| sender.join().unwrap()));
    }
    assert!(acknowledged.len() > 20, "{}", acknowledged.len());
    // The next server takes the spool up, and commits what it has acknowledged when it is asked to end.
    let server = Server::start(store, &[]);
    assert_eq!(server.post(&format!("{QUERY}&key=last"), &[], &body).unwrap().0, 202);
    acknowledged.insert("last".to_owned());
    server.end();
    assert_eq!(std::fs::read_dir(store.join("spool")).unwrap().count(), 2, "the lock and the open builds");
    let keys = ask(store, "SELECT ingest_key FROM raw.build");
    let there: BTreeSet<String> = keys.iter().cloned().collect();
    assert_eq!(there.len(), keys.len(), "a build is there twice");
    assert!(acknowledged.is_subset(&there), "{:?}", acknowledged.difference(&there).take(5).collect::<Vec<_>>());
    let torn = "SELECT build_id FROM raw.outcome GROUP BY build_id HAVING count(*) <> 50";
    assert_eq!(ask(store, torn), Vec::<String>::new());
    annals(store, &["check"]).good();
}

#[test]
fn an_upload_is_seen_at_once_and_open_builds_wait_for_their_parts() {
    let folder = TempDir::new().unwrap();
    let store = folder.path();
    let server = Server::start(store, &[]);
    let count = |server: &Server| {
        let sql = r#"{"sql": "SELECT count(*) AS n FROM raw.build"}"#;
        let answer = server.post("/api/sql?format=json", &["Content-Type: application/json"], sql.as_bytes());
        answer.unwrap().1["rows"].to_string()
    };
    assert_eq!(count(&server), "[[0]]");
    let begun_at = Instant::now();
    let (status, receipt) = server.post(&format!("{QUERY}&wait=true&key=k"), &[], &report(10)).unwrap();
    assert_eq!((status, &receipt["is_replay"]), (201, &Value::Bool(false)));
    assert_eq!(count(&server), "[[1]]");
    assert!(begun_at.elapsed() < Duration::from_secs(20), "{:?}", begun_at.elapsed());
    let part = |server: &Server, part: &str, more: &str| {
        server.post(&format!("{QUERY}&wait=true&key=sharded&part={part}{more}"), &[], &report(3)).unwrap()
    };
    assert_eq!(part(&server, "1", "").1["is_open"], Value::Bool(true));
    drop(server);
    let server = Server::start(store, &[]);
    let (status, receipt) = part(&server, "2", "&is_final=true");
    assert_eq!((status, &receipt["outcome_count"]), (201, &Value::from(6)), "{receipt}");
    server.end();
    assert_eq!(ask(store, "SELECT ingest_key, outcome_count FROM raw.build ORDER BY 1"), ["k,10", "sharded,6"]);
}

#[test]
fn tokens_are_made_shown_once_and_revoked() {
    let folder = TempDir::new().unwrap();
    let store = folder.path();
    let token = annals(store, &["token", "create", "--project", "p", "--expires", "90d", "--name", "ci"]).good();
    let token = token.trim();
    let listed = annals(store, &["token", "list"]).good();
    assert!(listed.contains("never used") && listed.contains("ci") && !listed.contains(token), "{listed}");
    let server = Server::start(store, &[]);
    let send = |path: &str| {
        let authorization = format!("Authorization: Bearer {token}");
        server.post(path, &[&authorization], &report(1)).unwrap().0
    };
    assert_eq!(server.post(QUERY, &[], &report(1)).unwrap().0, 401);
    assert_eq!(send(QUERY), 202);
    assert_eq!(send(&QUERY.replace("project=p", "project=q")), 403);
    annals(store, &["token", "revoke", "1"]).good();
    assert_eq!(send(QUERY), 401);
    assert_eq!(annals(store, &["token", "revoke", "1"]).code, Some(1));
    assert_eq!(annals(store, &["token", "create", "--expires", "yesterday"]).code, Some(1));
    assert!(annals(store, &["token", "list"]).good().contains("revoked"));
}

#[test]
fn a_doctor_explains_what_is_read_and_what_is_not() {
    let folder = TempDir::new().unwrap();
    let store = folder.path();
    std::fs::write(store.join("good.xml"), report(3)).unwrap();
    std::fs::write(store.join("torn.xml"), &report(3)[..60]).unwrap();
    let good = annals(store, &["doctor", "good.xml"]).good();
    assert!(good.contains("as junit") && good.contains("3 outcomes: 3 passed"), "{good}");
    let both = annals(store, &["doctor", "--json", "good.xml", "torn.xml", "absent.xml"]);
    let lines: Vec<Value> = both.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        (both.code, &lines[0]["statuses"]["passed"], &lines[1]["line"]),
        (Some(1), &Value::from(3), &Value::from(1))
    );
    assert!(lines[2]["reason"].as_str().unwrap().contains("No such file"), "{lines:?}");
    assert!(!store.join("state.sqlite").exists(), "a store was made");
}
