//! SQL from other programs: the real clients on the real server.
//!
//! Python comes from `make setup`, or from `ANNALS_CLIENTS`; psql from the system. Without them these tests are skipped,
//! unless all are wanted.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::skip::skip;
use crate::world::{annals, binary, copy, demo};

/// A server of a copy of the demonstration; it is killed when this is dropped.
struct Server {
    child: Child,
    http: String,
    postgres: String,
    flight: String,
    store: tempfile::TempDir,
}

impl Server {
    fn start() -> Self {
        Self::of(copy(&demo().store))
    }

    fn of(store: tempfile::TempDir) -> Self {
        let wires = ["serve", "--listen", "127.0.0.1:0", "--postgres", "127.0.0.1:0", "--flight", "127.0.0.1:0"];
        let mut child = binary(store.path(), &wires).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut talk = BufReader::new(child.stderr.take().unwrap());
        let mut address = |before: &str, after: &str| {
            let mut line = String::new();
            talk.read_line(&mut line).unwrap();
            let rest = line.trim().strip_prefix(before).unwrap_or_else(|| panic!("{line}"));
            rest.trim_end_matches(after).to_owned()
        };
        let http = address("listening on http://", "");
        let port = |address: String| address.rsplit(':').next().unwrap().to_owned();
        let postgres = port(address("listening on postgres://", "/annals"));
        let flight = port(address("listening on grpc://", ""));
        std::thread::spawn(move || std::io::copy(&mut talk, &mut std::io::sink()));
        Self { child, http, postgres, flight, store }
    }

    /// Runs a script of `tests/annals/wire` to its end.
    fn script(&self, name: &str, arguments: &[&str]) {
        let Some(python) = python() else { return };
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/annals/wire").join(name);
        let output = Command::new(python).arg(script).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Runs psql; returns what it prints and whether all went well.
    fn psql(&self, more: &str, commands: &[&str]) -> Option<(bool, String)> {
        let target = format!("host=127.0.0.1 port={} dbname=annals {more}", self.postgres);
        let mut command = Command::new("psql");
        command.args(["-X", "-v", "ON_ERROR_STOP=1", "-P", "pager=off", &target]);
        commands.iter().for_each(|text| {
            command.args(["-c", text]);
        });
        match command.env_remove("PGPASSWORD").env("PGCONNECT_TIMEOUT", "30").output() {
            Ok(output) => {
                let text = [output.stdout, output.stderr].concat();
                Some((output.status.success(), String::from_utf8_lossy(&text).into_owned()))
            }
            Err(_) => {
                skip("there is no psql");
                None
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the Python that has the clients; without it the test is skipped.
fn python() -> Option<PathBuf> {
    let cached = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache/annals/clients/bin/python"));
    let python = std::env::var_os("ANNALS_CLIENTS").map(PathBuf::from).or_else(cached);
    let imports =
        "import psycopg, asyncpg, sqlalchemy, pandas, polars, adbc_driver_flightsql, duckdb, mcp, pytz, schemathesis";
    let has_clients = |python: &PathBuf| {
        let status = Command::new(python).args(["-c", imports]).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    };
    let python = python.filter(has_clients);
    if python.is_none() {
        skip("there is no Python with the clients");
    }
    python
}

#[test]
fn drivers_bind_copy_stream_cancel_and_look_around() {
    let server = Server::start();
    server.script("clients.py", &[&server.postgres]);
}

#[test]
fn java_programs_look_around_and_bind() {
    if Command::new("javac").arg("-version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
        // Nothing installs Java, only its driver where it is.
        return eprintln!("skipped: there is no Java");
    }
    let driver = Path::new("/usr/share/java/postgresql.jar");
    if !driver.is_file() {
        return skip("there is no JDBC driver");
    }
    let server = Server::start();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/annals/wire/Jdbc.java");
    let output = Command::new("java").arg("-cp").arg(driver).arg(script).arg(&server.postgres).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn assistants_ask_by_their_own_client() {
    let server = Server::start();
    server.script("assistant.py", &[&server.http, env!("CARGO_BIN_EXE_annals"), server.store.path().to_str().unwrap()]);
}

#[test]
fn the_interface_is_as_it_is_described() {
    let server = Server::start();
    let Some(python) = python() else { return };
    // Every operation by examples, edge cases and chance; what a reader's token is for is tried without one.
    let output = Command::new(python.with_file_name("schemathesis"))
        .args(["run", &format!("http://{}/api/openapi.json", server.http), "--seed", "1", "--max-examples", "5"])
        .args(["--phases", "examples,coverage,fuzzing", "--checks", "all", "--suppress-health-check", "all"])
        // SQL and reports are languages: that a text is one is nothing that a schema says.
        .args(["--exclude-checks", "positive_data_acceptance"])
        // Python 3.11 loses count of its own recursion where two threads parse.
        .args(["--request-timeout", "60", "--workers", "1", "--warnings", "off", "--continue-on-failure"])
        .current_dir(server.store.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn all_views_run_in_duckdb() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let tables = folder.path().to_str().unwrap();
    let printed = annals(server.store.path(), &["views", "--dialect", "duckdb", "--files", "--tables", tables]).good();
    let file = folder.path().join("views.sql");
    std::fs::write(&file, printed).unwrap();
    server.script("views.py", &[file.to_str().unwrap(), &server.http]);
}

#[test]
fn readers_keep_queries_of_their_own() {
    let store = copy(&demo().store);
    let token = |name: &str| annals(store.path(), &["reader", "create", name]).good().trim().to_owned();
    let (ada, bob) = (token("ada"), token("bob"));
    let server = Server::of(store);
    let address = format!("http://{}/api/query/mine", server.http);
    let say = |method: &str, token: &str, body: &str| {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let bearer = format!("Bearer {token}");
        let answer = match method {
            "PUT" => agent.put(&address).header("authorization", bearer).content_type("text/plain").send(body),
            "DELETE" => agent.delete(&address).header("authorization", bearer).call(),
            _ => agent.get(&address).header("authorization", bearer).call(),
        };
        let mut answer = answer.unwrap();
        (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
    };
    let (status, text) = say("PUT", &ada, "-- Mine\n-- Parameter: n integer = 2\nSELECT $n + 1 AS n");
    assert!(status == 200 && text.contains("\"owner\":\"ada\""), "{status} {text}");
    let (status, text) = say("GET", &bob, "");
    assert!(status == 200 && text.contains("\"rows\":[[3]]"), "{status} {text}");
    assert_eq!(say("PUT", &bob, "SELECT 1").0, 403);
    assert_eq!(say("DELETE", &bob, "").0, 403);
    for (text, says) in
        [("DROP TABLE problem", "not allowed"), ("SELECT nope FROM problem", "nope"), ("SELEC", "SELEC")]
    {
        let (status, told) = say("PUT", &ada, text);
        assert!(status == 400 && told.contains(says), "{text}: {status} {told}");
    }
    assert_eq!(say("DELETE", &ada, "").0, 204);
    assert_eq!(say("GET", &ada, "").0, 404);
}

#[test]
fn columns_fly_into_pandas_and_polars() {
    let server = Server::start();
    server.script("flight.py", &[&server.flight]);
}

#[test]
fn no_way_leads_out() {
    let store = copy(&demo().store);
    std::fs::write(store.path().join("annals.toml"), "[sql.query]\ntime_s = 2\n").unwrap();
    let server = Server::of(store);
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret.csv"), "a,b\n1,2\n").unwrap();
    let folder = outside.path().join("empty");
    std::fs::create_dir(&folder).unwrap();
    let before = annals(server.store.path(), &["check"]);
    server.script("ways_out.py", &[&server.http, &server.postgres, &server.flight, folder.to_str().unwrap()]);
    assert_eq!(annals(server.store.path(), &["check"]).code, before.code);
}

#[test]
fn a_table_has_its_number_in_every_version() {
    let numbers = || Server::start().psql("user=me", &["SELECT relname, oid FROM pg_class ORDER BY relname, oid"]);
    let (Some(first), Some(second)) = (numbers(), numbers()) else { return };
    assert!(first.0 && first.1.contains("problem"), "{}", first.1);
    assert_eq!(first, second);
}

#[test]
fn psql_looks_around() {
    let server = Server::start();
    let whole = [
        "\\d",
        "\\dt raw.*",
        "\\dv",
        "\\dn",
        "\\l",
        "\\d problem",
        "\\d raw.change",
        "\\d+",
        "\\dT",
        "\\dT+ timestamptz",
        "\\dd",
        "\\dL",
        "\\dp",
        "\\df",
        "\\df+ wilson_low",
        "\\sv problem",
        "\\sv step.episode",
        "\\dx+",
        "\\di",
        "\\dX",
        "\\dAp",
        "\\db+",
        "\\dconfig+ *",
        "\\des+",
        "\\deu",
        "\\dF",
        "\\dFd",
        "\\dFp",
        "\\dFt",
        "\\dg+",
        "\\dL+",
        "\\dn+",
        "\\do =",
        "\\dO",
        "\\drds",
        "\\dt+",
        "\\du+",
        "\\dv+ mart.*",
        "\\dp problem",
        "\\l+",
        "\\sf wilson_low",
        "\\sf+ mart.blamelist",
        "\\conninfo",
    ];
    for command in whole {
        let Some((is_good, text)) = server.psql("user=me", &[command]) else { return };
        assert!(is_good, "{command}: {text}");
    }
    let (_, text) = server.psql("user=me", &["\\d problem"]).unwrap();
    assert!(text.contains("View \"mart.problem\"") && text.contains("timestamp with time zone"), "{text}");
    let (_, text) = server.psql("user=me", &["\\dt"]).unwrap();
    assert!(text.contains(" raw ") && text.contains(" note "), "{text}");
    let (_, text) = server.psql("user=me", &["\\dv"]).unwrap();
    assert!(text.contains(" mart ") && text.contains(" blamelist "), "{text}");
    let (_, text) = server.psql("user=me", &["\\df"]).unwrap();
    assert!(text.contains("wilson_low") && text.contains("count, total"), "{text}");
    let (_, text) = server.psql("user=me", &["\\sv problem"]).unwrap();
    assert!(text.contains("CREATE OR REPLACE VIEW mart.problem") && text.contains("Grain:"), "{text}");
    let (_, text) = server.psql("user=me", &["\\sf wilson_low"]).unwrap();
    assert!(text.contains("FUNCTION mart.wilson_low(count, total)") && text.contains("z = 1.959964"), "{text}");
    let (_, text) = server
        .psql(
            "user=me",
            &["SELECT pg_typeof('2026-01-01T02:00:00+02:00'::timestamptz), 1, 1, to_char(DATE '2026-03-01', 'YYYY/MM')"],
        )
        .unwrap();
    assert!(text.contains("timestamp with time zone") && text.contains("2026/03"), "{text}");
    let (_, text) = server
        .psql(
            "user=me",
            &["SELECT named_struct('a', NULL, 'b', ''), [named_struct('c', 1.50)], 9223372036854775807::numeric"],
        )
        .unwrap();
    assert!(text.contains(" (,\"\") ") && text.contains("9223372036854775807.0000000000"), "{text}");
    let told = [
        "SELECT current_user || session_user || user",
        "SELECT definition FROM pg_views WHERE schemaname = 'mart' AND viewname = 'problem'",
        "SELECT has_table_privilege('mart.problem', 'select') AND NOT has_table_privilege('mart.problem', 'insert, update')",
    ];
    let (_, text) = server.psql("user=me", &told).unwrap();
    assert!(text.contains(" mememe\n") && text.contains("Grain:") && text.contains(" t\n"), "{text}");
    let (_, text) = server.psql("user=me", &["\\d raw.change"]).unwrap();
    assert!(text.contains("author_name") && !text.contains("author_email"), "{text}");
    let (_, text) = server.psql("user=me", &["\\x", "SELECT 1 AS one"]).unwrap();
    assert!(text.contains("-[ RECORD 1 ]"), "{text}");
    let file = server.store.path().join("copied.csv");
    let copied = format!("\\copy (SELECT name, state FROM problem ORDER BY name) TO '{}' CSV HEADER", file.display());
    let (is_good, text) = server.psql("user=me", &[&copied]).unwrap();
    assert!(is_good && text.starts_with("COPY "), "{text}");
    assert!(std::fs::read_to_string(file).unwrap().starts_with("name,state\n"));
}

#[test]
fn tools_ask_what_they_ask() {
    let server = Server::start();
    let text = include_str!("wire/introspection.sql");
    let asked: Vec<&str> = text.split(";\n").map(str::trim).filter(|query| query.contains("-- from: ")).collect();
    assert!(asked.len() >= 20, "{}", asked.len());
    let mut failed = Vec::new();
    for query in asked {
        let Some((is_good, text)) = server.psql("user=me", &[query]) else { return };
        if !is_good {
            failed.push(format!("{query}\n{text}"));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

#[test]
fn readers_prove_themselves_and_see_what_they_may() {
    let store = copy(&demo().store);
    let token = |arguments: &[&str]| annals(store.path(), arguments).good().trim().to_owned();
    let guest = token(&["reader", "create", "guest"]);
    let lead = token(&["reader", "create", "lead", "--private"]);
    let server = Server::of(store);
    let Some((is_good, text)) = server.psql("user=me", &["SELECT 1"]) else { return };
    assert!(!is_good && text.contains("password"), "nobody comes in without a token any more: {text}");
    let ask = |user: &str, password: &str, query: &str| {
        server.psql(&format!("user={user} password={password} sslmode=require"), &[query]).unwrap()
    };
    assert!(ask("guest", &guest, "SELECT 1").0);
    for plain in ["sslmode=disable", "sslmode=allow", "sslmode=require channel_binding=disable"] {
        let (is_good, text) = server.psql(&format!("user=guest password={guest} {plain}"), &["SELECT 1"]).unwrap();
        assert!(is_good, "{plain}: {text}");
    }
    for mode in ["disable", "prefer", "require"] {
        let (is_good, text) = server.psql(&format!("user=guest password=x sslmode={mode}"), &["SELECT 1"]).unwrap();
        let is_told = text.contains("authentication failed for user \"guest\"");
        assert!(!is_good && is_told && !text.contains("PLUS"), "{mode}: {text}");
    }
    for (user, password) in [("guest", lead.as_str()), ("guest", "x"), ("nobody", &guest), ("lead", &guest)] {
        let (is_good, text) = ask(user, password, "SELECT 1");
        assert!(!is_good && text.contains("authentication failed"), "{user}: {text}");
    }
    assert!(!ask("guest", &guest, "SELECT author_email FROM raw.change").0);
    let (is_good, text) = ask("lead", &lead, "SELECT count(author_email) FROM raw.change");
    assert!(is_good, "{text}");
    server.script("flight.py", &[&server.flight, "guest", &guest]);
    server.script("flight.py", &[&server.flight, "lead", &lead]);
    let curl = |token: &str| {
        let mut command = Command::new("curl");
        let address = format!("http://{}/api/sql?q=SELECT+author_email+FROM+raw.change+LIMIT+1", server.http);
        let output = command.args(["-s", "-H", &format!("Authorization: Bearer {token}"), &address]).output();
        output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
    };
    if let (Ok(guest), Ok(lead)) = (curl(&guest), curl(&lead)) {
        assert!(guest.contains("No field named") && lead.contains("\"row_count\":1"), "{guest} {lead}");
    }
    annals(server.store.path(), &["reader", "revoke", "lead"]).good();
    assert!(!ask("lead", &lead, "SELECT 1").0, "revoked at once");
}

#[test]
fn each_reader_has_bounds_of_their_own() {
    let store = copy(&demo().store);
    let token = |arguments: &[&str]| annals(store.path(), arguments).good().trim().to_owned();
    let grafana = token(&["reader", "create", "grafana"]);
    let lead = token(&["reader", "create", "lead", "--private"]);
    let configuration = "[sql.role.private]\ntime_s = 2\n[sql.reader.grafana]\nrows = 7\nmemory_bytes = 4000000\n";
    std::fs::write(store.path().join("annals.toml"), configuration).unwrap();
    let server = Server::of(store);
    server.script("bounds.py", &[&server.http, &server.postgres, &server.flight, &grafana, &lead]);
}
