//! `annals upload` against servers that fail in every way that servers do.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::server::{Answer, Server};
use crate::world::Run;

const REPORT: &str = r#"<testsuite name="unit"><testcase classname="a" name="b"/></testsuite>"#;

/// A checkout with three commits and a report, on a machine of its own.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self { folder: TempDir::new().unwrap() };
        fs::create_dir_all(place.checkout().join("out/deep")).unwrap();
        fs::create_dir_all(place.home()).unwrap();
        place.git(&["init", "--quiet", "--initial-branch", "main", "."]);
        for number in 1..=3 {
            place.commit(number);
        }
        fs::write(place.checkout().join("out/deep/TEST-unit.xml"), REPORT).unwrap();
        place
    }

    fn commit(&self, number: u32) {
        fs::write(self.checkout().join("file"), number.to_string()).unwrap();
        self.git(&["add", "file"]);
        self.git(&["commit", "--quiet", "--message", &format!("change {number}")]);
    }

    fn checkout(&self) -> PathBuf {
        self.folder.path().join("engine")
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    fn git(&self, arguments: &[&str]) -> String {
        git(&self.checkout(), arguments)
    }

    /// Returns the files that wait in the queue.
    fn waiting(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.home().join(".cache/annals/upload")).into_iter().flatten().flatten();
        entries.map(|e| e.path()).filter(|path| path.extension().is_some_and(|e| e == "upload")).collect()
    }

    /// Returns `annals upload` in a folder, without the variables of the CI that runs this test.
    fn upload_in(&self, dir: &Path, server: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_annals"));
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", self.home());
        command.arg("upload").args(["--server", server]).args(arguments).current_dir(dir).stdin(Stdio::null());
        command
    }

    fn upload(&self, server: &str, arguments: &[&str]) -> Run {
        run(self.upload_in(&self.checkout(), server, &[&["--builder", "linux"], arguments].concat()))
    }
}

fn git(dir: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", "/nowhere").current_dir(dir);
    let people = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];
    let output = command.args(people).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn run(mut command: Command) -> Run {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Run { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// Returns an address that nobody listens at, and the way to begin.
fn closed() -> (String, std::net::SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (format!("http://{address}"), address)
}

#[test]
fn a_build_travels_with_its_reports_and_the_changes_that_the_server_lacks() {
    let (place, server) = (Place::new(), Server::new(&[]));
    let mut command = place.upload_in(&place.checkout(), &server.address, &["out/**/*.xml", "--builder", "linux"]);
    let told = run({
        command.env("ANNALS_TOKEN", "sesame");
        command
    });
    assert!(told.code == Some(0) && told.err.contains("1 outcomes, 3 new changes") && told.out.is_empty(), "{told:?}");
    assert!(!told.err.contains("sesame"));
    let upload = &server.uploads()[0];
    assert_eq!((upload.lines["authorization"].as_str(), upload.path.as_str()), ("Bearer sesame", "/api/v1/ingest"));
    assert_eq!(upload.reports, [("out/deep/TEST-unit.xml".to_owned(), REPORT.to_owned())]);
    let head = &upload.head;
    assert_eq!((head.project.as_str(), head.branch.as_str(), head.builder.as_str()), ("engine", "main", "linux"));
    assert_eq!((head.revision.clone(), head.position), (place.git(&["rev-parse", "HEAD"]), Some(2)));
    let subjects: Vec<&str> = upload.changes.iter().map(|change| change.subject.as_str()).collect();
    assert_eq!(subjects, ["change 1", "change 2", "change 3"]);
    assert_eq!(upload.changes[2].parents, [upload.changes[1].revision.clone()]);
    assert_eq!(upload.changes[2].files[0].path, "file");
    // The second time only what is new travels.
    place.commit(4);
    place.upload(&server.address, &["--wait"]);
    let upload = &server.uploads()[1];
    assert_eq!((upload.changes.len(), upload.path.as_str()), (1, "/api/v1/ingest?wait=true"));
    assert!(place.waiting().is_empty());
}

#[test]
fn a_long_history_is_asked_for_in_chunks_until_one_is_known() {
    let (place, server) = (Place::new(), Server::new(&[]));
    let commits: String = (0..1300)
        .map(|number| {
            let from = if number == 0 { "from refs/heads/main^0\n" } else { "" };
            format!("commit refs/heads/main\ncommitter Ada <a@x> {} +0000\ndata 1\nx\n{from}", 2_000_000_000 + number)
        })
        .collect();
    fs::write(place.folder.path().join("stream"), commits).unwrap();
    let mut import = Command::new("git");
    let stream = fs::File::open(place.folder.path().join("stream")).unwrap();
    import.args(["fast-import", "--quiet"]).current_dir(place.checkout()).stdin(stream);
    assert!(import.status().unwrap().success());
    assert!(place.upload(&server.address, &[]).err.contains("1303 new changes"));
    // 100, 1,000 and the rest.
    assert_eq!(server.questions(), 3);
    place.commit(4);
    let told = place.upload(&server.address, &["--key", "next"]);
    assert!(told.err.contains(" 1 new changes"), "{told:?}");
    assert_eq!(server.questions(), 5);
    assert!(place.upload(&server.address, &["--key", "again"]).err.contains(" 0 new changes"));
    assert_eq!((server.questions(), server.uploads()[2].head.position), (6, Some(1303)));
}

#[test]
fn a_busy_server_is_asked_again_when_it_says() {
    let busy = Answer::Status(503, "Retry-After: 1\r\n", "");
    let (place, server) = (Place::new(), Server::new(&[busy, Answer::Status(429, "Retry-After: 0\r\n", ""), busy]));
    let told = place.upload(&server.address, &[]);
    assert!(told.err.contains("sent, 1 outcomes"), "{told:?}");
    let at: Vec<Instant> = server.uploads().iter().map(|upload| upload.at).collect();
    assert_eq!(at.len(), 4);
    let second = Duration::from_secs(1);
    assert!(at[1] - at[0] >= second && at[2] - at[1] < second && at[3] - at[2] >= second, "{at:?}");
}

#[test]
fn a_server_that_says_no_is_not_asked_again() {
    let no = r#"{"title": "Unprocessable", "detail": "out/a.xml:3: the end is missing", "status": 422}"#;
    let (place, server) = (Place::new(), Server::new(&[Answer::Status(422, "", no), Answer::Status(422, "", no)]));
    let told = place.upload(&server.address, &[]);
    assert!(told.code == Some(0) && told.err.contains("(422): out/a.xml:3: the end is missing"), "{told:?}");
    assert_eq!(place.upload(&server.address, &["--strict"]).code, Some(1));
    assert_eq!((server.uploads().len(), place.waiting().len()), (2, 0));
    let moved = Server::new(&[Answer::Status(308, "Location: https://x:y@new.example.org/\r\n", "")]);
    let told = place.upload(&moved.address, &[]);
    assert!(told.err.contains("it has moved to https://new.example.org/"), "{told:?}");
    // It says nothing of the upload, so that is kept.
    assert_eq!(place.waiting().len(), 1);
}

#[test]
fn a_large_upload_is_not_sent_to_who_does_not_want_it() {
    let (place, server) = (Place::new(), Server::new(&[Answer::Early(413)]));
    let hash = |number: u64| std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), number);
    let cases: String = (0..150_000).map(|number| format!("<testcase name=\"{:016x}\"/>", hash(number))).collect();
    fs::write(place.checkout().join("TEST-large.xml"), format!("<testsuite name=\"s\">{cases}</testsuite>")).unwrap();
    let told = place.upload(&server.address, &[]);
    assert!(told.err.contains("the server refuses it (413)") && server.uploads().is_empty(), "{told:?}");
    assert!(place.upload(&server.address, &[]).err.contains("sent, 1 outcomes"));
}

#[test]
fn an_expired_token_loses_no_results_and_is_never_shown() {
    let (place, server) = (Place::new(), Server::new(&[Answer::Status(401, "", "expired")]));
    let told = place.upload(&server.address, &["--token", "sesame-1"]);
    assert!(told.code == Some(0) && told.err.contains("does not accept the token (401): expired"), "{told:?}");
    let kept = fs::read(&place.waiting()[0]).unwrap();
    assert!(!told.err.contains("sesame") && !String::from_utf8_lossy(&kept).contains("sesame"));
    let told = place.upload(&server.address, &["--flush", "--token", "sesame-2"]);
    assert!(told.err.contains("sent, 1 outcomes") && place.waiting().is_empty(), "{told:?}");
}

#[test]
fn what_cannot_be_delivered_comes_with_the_next_upload() {
    let place = Place::new();
    let (address, socket) = closed();
    let told = place.upload(&address, &["--timeout", "1", "--strict", "--key", "first"]);
    assert!(told.code == Some(1) && told.err.contains("kept in"), "{told:?}");
    let elsewhere = closed().0;
    place.upload(&elsewhere, &["--timeout", "1", "--key", "elsewhere"]);
    assert_eq!(place.waiting().len(), 2);
    let server = Server::at(&TcpListener::bind(socket).unwrap(), &[]);
    let told = place.upload(&address, &["--strict", "--key", "second"]);
    assert_eq!(told.code, Some(0), "{told:?}");
    let keys: Vec<_> = server.uploads().into_iter().map(|upload| upload.head.key.unwrap()).collect();
    assert_eq!(keys, ["second", "first"]);
    // What is meant for another server is no business of this one.
    assert_eq!(place.waiting().len(), 1);
}

#[test]
fn a_torn_answer_is_asked_for_again_and_counts_once() {
    let (place, server) = (Place::new(), Server::new(&[Answer::Torn]));
    let told = place.upload(&server.address, &[]);
    assert!(told.err.contains("the server has it already"), "{told:?}");
    assert_eq!((server.uploads().len(), server.keys().len(), place.waiting().len()), (2, 1, 0));
}

#[test]
fn a_silent_server_does_not_hold_up_a_build() {
    let (place, server) = (Place::new(), Server::new(&[Answer::Silence]));
    let begun = Instant::now();
    let told = place.upload(&server.address, &["--timeout", "1"]);
    assert!(told.code == Some(0) && begun.elapsed() < Duration::from_secs(10), "{told:?}");
    assert_eq!(place.waiting().len(), 1);
}

#[test]
fn a_killed_upload_is_sent_by_the_next_one_once() {
    let (place, server) = (Place::new(), Server::new(&[Answer::Silence]));
    let arguments = ["--builder", "linux", "--key", "killed"];
    let mut command = place.upload_in(&place.checkout(), &server.address, &arguments);
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    server.await_uploads(1);
    // While it lives, nobody else sends what it holds.
    let told = place.upload(&server.address, &["--flush"]);
    assert_eq!((told.code, server.uploads().len()), (Some(0), 1), "{told:?}");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(place.waiting().len(), 1);
    let told = place.upload(&server.address, &["--flush"]);
    assert!(told.err.contains("sent, 1 outcomes") && place.waiting().is_empty(), "{told:?}");
    assert_eq!(server.keys().into_iter().collect::<Vec<_>>(), ["killed"]);
}

#[test]
fn whenever_it_is_killed_nothing_is_torn_and_nothing_counts_twice() {
    let (place, server) = (Place::new(), Server::new(&[]));
    for number in 0..25 {
        let key = format!("build-{number}");
        let mut command = place.upload_in(&place.checkout(), &server.address, &["--builder", "linux", "--key", &key]);
        let mut child = command.stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(4 * number));
        child.kill().unwrap();
        child.wait().unwrap();
        let kept = place.waiting().len();
        let told = place.upload(&server.address, &["--flush", "--strict"]);
        assert!(told.code == Some(0) && !told.err.contains("removed"), "{told:?}");
        // What was durable is there; who was killed before that has acknowledged nothing.
        assert!(place.waiting().is_empty() && (kept == 0 || server.keys().contains(&key)), "{told:?}");
        // The build runs again.
        assert_eq!(place.upload(&server.address, &["--key", &key, "--strict"]).code, Some(0));
    }
    assert_eq!(server.keys().len(), 25);
}

#[test]
fn two_processes_send_each_upload_once() {
    let place = Place::new();
    let (address, socket) = closed();
    for number in 0..6 {
        place.upload(&address, &["--timeout", "0", "--key", &format!("build-{number}")]);
    }
    assert_eq!(place.waiting().len(), 6);
    let server = Server::at(&TcpListener::bind(socket).unwrap(), &[]);
    let flush = || place.upload_in(&place.checkout(), &address, &["--flush"]).stderr(Stdio::null()).spawn().unwrap();
    for mut child in [flush(), flush()] {
        assert!(child.wait().unwrap().success());
    }
    let keys: Vec<_> = server.uploads().into_iter().map(|upload| upload.head.key.unwrap()).collect();
    assert_eq!(keys, (0..6).map(|number| format!("build-{number}")).collect::<Vec<_>>());
    assert!(place.waiting().is_empty());
}

#[test]
fn a_report_that_nobody_understands_is_left_out_and_named() {
    let (place, server) = (Place::new(), Server::new(&[]));
    fs::write(place.checkout().join("out/torn.xml"), &REPORT[..40]).unwrap();
    fs::write(place.checkout().join("out/notes.txt"), "no report").unwrap();
    let told = place.upload(&server.address, &["out"]);
    assert!(told.code == Some(0) && told.err.contains("not sent: out/torn.xml:1:"), "{told:?}");
    assert!(!told.err.contains("notes.txt"), "{told:?}");
    assert_eq!(server.uploads()[0].reports.len(), 1);
    let told = place.upload(&server.address, &["out", "--strict"]);
    assert_eq!((told.code, server.uploads().len()), (Some(1), 2), "{told:?}");
    let told = place.upload(&server.address, &["absent.xml", "out/deep/*.xml", "--strict"]);
    assert!(told.code == Some(1) && told.err.contains("absent.xml: there is no such file"), "{told:?}");
    let told = place.upload(&server.address, &["out/notes.txt"]);
    assert!(told.code == Some(0) && told.err.contains("there is no report to send"), "{told:?}");
    // Without a word the source's own fixtures are none.
    fs::remove_file(place.checkout().join("out/torn.xml")).unwrap();
    fs::write(place.checkout().join("test-fixture.xml"), REPORT).unwrap();
    place.git(&["add", "test-fixture.xml"]);
    assert!(place.upload(&server.address, &["--key", "own"]).err.contains("sent"));
    let uploads = server.uploads();
    let names: Vec<_> = uploads[uploads.len() - 1].reports.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["out/deep/TEST-unit.xml"]);
}

#[test]
fn a_stream_is_passed_on_and_sent() {
    let (place, server) = (Place::new(), Server::new(&[]));
    let mut command = place.upload_in(&place.checkout(), &server.address, &["-", "--tee", "--builder", "linux"]);
    let report = fs::File::open(place.checkout().join("out/deep/TEST-unit.xml")).unwrap();
    let told = run({
        command.stdin(report);
        command
    });
    assert_eq!((told.code, told.out.as_str()), (Some(0), REPORT), "{told:?}");
    assert_eq!(server.uploads()[0].reports, [("standard input".to_owned(), REPORT.to_owned())]);
}

#[test]
fn a_ci_says_what_the_options_do_not() {
    let (place, server) = (Place::new(), Server::new(&[]));
    let job = |more: &[&str], index: &str| {
        let mut command = place.upload_in(&place.checkout(), &server.address, more);
        command.envs([("GITLAB_CI", "true"), ("CI_PIPELINE_ID", "77"), ("CI_JOB_ID", index), ("CI_NODE_TOTAL", "2")]);
        command.env("CI_JOB_NAME", format!("unit {index}/2")).env("CI_NODE_INDEX", index);
        run(command)
    };
    for index in ["1", "2"] {
        job(&["--part", "auto"], index);
    }
    job(&["--final"], "2");
    job(&["--branch", "next"], "1");
    let heads: Vec<_> = server.uploads().into_iter().map(|upload| upload.head).collect();
    let told = |index: usize| (heads[index].key.as_deref(), heads[index].part.as_deref(), heads[index].is_final);
    assert_eq!(told(0), (Some("gitlab/77/unit"), Some("1"), false));
    assert_eq!(told(1), (Some("gitlab/77/unit"), Some("2"), false));
    assert_eq!(told(2), (Some("gitlab/77/unit"), None, true));
    assert!(heads[3].key.as_deref().unwrap().starts_with("gitlab/77/unit/1/1/"), "{heads:?}");
    assert_eq!((heads[3].branch.as_str(), heads[3].builder.as_str()), ("next", "unit"));
    assert!(server.uploads()[2].reports.is_empty() && server.questions() > 0);
}

#[test]
fn a_request_is_a_patch_of_its_author() {
    let (place, server) = (Place::new(), Server::new(&[]));
    fs::write(place.checkout().join(".mailmap"), "Ada Lovelace <ada@acme.example> <ada@example.org>").unwrap();
    place.git(&["add", ".mailmap"]);
    place.git(&["commit", "--quiet", "--message", "names"]);
    let mut command = place.upload_in(&place.checkout(), &server.address, &[]);
    command.envs([("TRAVIS", "true"), ("TRAVIS_PULL_REQUEST", "12"), ("TRAVIS_BRANCH", "next")]);
    run(command);
    let head = &server.uploads()[0].head;
    assert_eq!(head.patch_author, Some(("Ada Lovelace".to_owned(), "ada@acme.example".to_owned())));
    assert_eq!((head.branch.as_str(), head.environment["pull_request"].as_str()), ("next", "12"));
}

#[test]
fn a_shallow_checkout_is_completed_beside_itself() {
    let (place, server) = (Place::new(), Server::new(&[]));
    place.git(&["config", "uploadpack.allowFilter", "true"]);
    place.git(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
    let clone = place.folder.path().join("clone");
    let source = format!("file://{}", place.checkout().display());
    git(place.folder.path(), &["clone", "--quiet", "--depth", "1", &source, "clone"]);
    fs::write(clone.join("TEST-unit.xml"), REPORT).unwrap();
    // Only the checkout's own configuration leads to the remote.
    let alias = "https://git.example.invalid/acme/engine.git";
    git(&clone, &["remote", "set-url", "origin", alias]);
    git(&clone, &["config", &format!("url.{source}.insteadOf"), alias]);
    let upload =
        |more: &[&str]| run(place.upload_in(&clone, &server.address, &[&["--builder", "linux"], more].concat()));
    let told = upload(&["--fetch", "0"]);
    assert!(told.err.contains("the checkout is shallow"), "{told:?}");
    let told = upload(&[]);
    assert!(told.code == Some(0) && !told.err.contains("shallow"), "{told:?}");
    let uploads = server.uploads();
    assert_eq!((uploads[0].head.position, uploads[0].head.is_shallow, uploads[0].changes.len()), (None, true, 1));
    assert_eq!((uploads[1].head.position, uploads[1].head.is_shallow), (Some(2), false));
    // The oldest first; the newest came with the first upload.
    let subjects: Vec<&str> = uploads[1].changes.iter().map(|change| change.subject.as_str()).collect();
    assert_eq!(subjects, ["change 1", "change 2"]);
    assert_eq!(git(&clone, &["rev-list", "--count", "HEAD"]), "1");
    // The cache is enough when the remote is gone; without both the server must know.
    fs::rename(place.checkout(), place.folder.path().join("gone")).unwrap();
    assert!(!upload(&[]).err.contains("shallow"));
    fs::remove_dir_all(place.home().join(".cache/annals/history")).unwrap();
    let told = upload(&[]);
    assert!(told.code == Some(0) && told.err.contains("the checkout is shallow, and git says:"), "{told:?}");
}

#[test]
fn a_dry_run_says_it_all_and_asks_nobody() {
    let (place, server) = (Place::new(), Server::new(&[]));
    let told = place.upload(&server.address, &["--dry-run"]);
    let said = told.out.contains("\"position\": 2") && told.out.contains("out/deep/TEST-unit.xml");
    assert!(told.code == Some(0) && said && told.err.contains("nothing was sent"), "{told:?}");
    assert_eq!((server.uploads().len(), server.questions(), place.waiting().len()), (0, 0, 0));
    // What is wrong in a configuration that is not needed fails no build.
    fs::write(place.checkout().join("annals.toml"), "nonsense = [").unwrap();
    // Without a server, as in a fork that has no secrets, a build goes on.
    let told = place.upload("", &[]);
    assert!(told.code == Some(0) && told.err.contains("no server is named"), "{told:?}");
}
