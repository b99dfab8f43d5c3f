//! Bad input: one line that says what is wrong, the documented exit status, and nothing half done.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::world::{Run, annals, ask, configuration, copy, demo};

const REPORT: &str = r#"<testsuite name="unit"><testcase classname="a" name="b"/></testsuite>"#;

/// Checks that a run was refused with one line that holds `text`.
fn refused(run: &Run, code: i32, text: &str) {
    let is_one_line = run.err.trim_end().lines().count() == 1;
    assert!(run.code == Some(code) && run.out.is_empty() && is_one_line && run.err.contains(text), "{text}: {run:?}");
}

/// Ingests files with everything else given.
fn ingest(store: &Path, files: &[&str]) -> Run {
    let origin = ["--project", "p", "--branch", "main", "--revision", "r1", "--position", "1", "--builder", "linux"];
    annals(store, &[&["ingest"], files, &origin].concat())
}

#[test]
fn a_report_comes_in_whole_or_not_at_all() {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("good.xml", REPORT);
    write("torn.xml", &REPORT[..REPORT.len() - 20]);
    write("text.xml", "no report at all");
    for bad in ["torn.xml", "text.xml", "absent.xml"] {
        refused(&ingest(folder.path(), &["good.xml", bad]), 1, bad);
    }
    let counts = "SELECT build_count, outcome_count FROM store_overview";
    assert_eq!(ask(folder.path(), counts), ["0,0"]);
    ingest(folder.path(), &["good.xml"]).good();
    let again = ingest(folder.path(), &["good.xml"]);
    assert!(again.err.contains("nothing was changed"), "{again:?}");
    assert_eq!(ask(folder.path(), counts), ["1,1"]);
}

#[test]
fn a_repository_that_moved_is_told() {
    let folder = TempDir::new().unwrap();
    let config = configuration(folder.path());
    let [here, there] = [(); 2].map(|()| copy(&demo().store.join("repository")));
    let collect = |from: &TempDir| {
        let arguments =
            ["collect", from.path().to_str().unwrap(), "--project", "p", "--config", &config, "--last", "1"];
        annals(folder.path(), &arguments)
    };
    assert!(!collect(&here).err.contains("so far"));
    let moved = collect(&there);
    let told = format!("p: collected from `{}` so far, now from `{}`", here.path().display(), there.path().display());
    assert!(moved.err.contains(&told), "{moved:?}");
    assert!(!collect(&there).err.contains("so far"));
}

#[test]
fn what_is_not_there_is_named() {
    let folder = TempDir::new().unwrap();
    let (store, config) = (folder.path(), configuration(folder.path()));
    let repository = demo().store.join("repository").to_string_lossy().into_owned();
    let collect = |more: &[&str]| annals(store, &[&["collect"], more, &["--config", &config]].concat());
    refused(&collect(&["/nowhere/at-all"]), 1, "/nowhere/at-all");
    refused(&collect(&[&repository, "--branch", "absent"]), 1, "`absent`");
    refused(&collect(&[&repository, "--range", "absent..main"]), 1, "absent");
    refused(&collect(&[&repository, "--builder", "absent"]), 1, "`absent`");
    refused(&annals(store, &["collect", &repository]), 1, "no builder");
    refused(&annals(store, &["export", "absent"]), 1, "`absent`");
    refused(&annals(store, &["export", "incident", "--where", "absent=1"]), 1, "absent");
    refused(&annals(store, &["export", "incident", "--format", "absent"]), 1, "absent");
    refused(&annals(store, &["sql", "SELECT absent FROM problem"]), 1, "absent");
    refused(&annals(store, &["sql", "SELEC 1"]), 1, "SELEC");
    refused(&annals(store, &["sql", "DROP TABLE problem"]), 1, "");
    refused(&annals(store, &["blame", "absent"]), 1, "`absent`");
    refused(&annals(store, &["mail", "--since", "absent", "--dry-run"]), 1, "`absent`");
    refused(&annals(store, &["mail"]), 1, "no mail server");
    refused(&annals(store, &["retain"]), 1, "everything is kept");
    let counts = "SELECT build_count, change_count FROM store_overview";
    assert_eq!(ask(store, counts), ["0,0"]);
}

#[test]
fn a_faulty_configuration_is_named_by_file_and_line() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("annals.toml");
    let faults = [
        ("project = \"p\"\nnonsense = 1\n", "annals.toml:2: unknown field `nonsense`"),
        ("project = \"p\"\nlisten = 7\n", "annals.toml:2: "),
        ("[setting]\nnonsense = 1\n", "no setting `nonsense`"),
        ("[[builder]]\nname = \"b\"\nstep = []\n", "builder `b`: it has no `step`"),
        ("project = \n", "annals.toml:1: "),
        ("[intake]\nnonsense = 1\n", "annals.toml:2: unknown field `nonsense`"),
        ("[intake]\nratio = 0\n", "lets nothing in"),
        ("[hook]\ngithub = \"short\"\n", "less than 8 characters"),
        ("[[retention]]\noutcomes = \"90\"\n", "`90` is no length of time"),
        ("[[retention]]\nnonsense = 1\n", "annals.toml:2: unknown field `nonsense`"),
        ("vacuum = \"soon\"\n", "`soon` is no length of time"),
    ];
    for (text, fault) in faults {
        std::fs::write(&path, text).unwrap();
        refused(&annals(folder.path(), &["problems"]), 2, fault);
    }
    assert!(!folder.path().join("state.sqlite").exists(), "a store was made");
    std::fs::remove_file(&path).unwrap();
    refused(&annals(folder.path(), &["problems", "--config", "absent.toml"]), 2, "absent.toml");
    assert_eq!(annals(folder.path(), &["no-such-command"]).code, Some(2));
}

#[test]
fn a_store_of_a_newer_version_is_refused() {
    for file in ["state.sqlite", "knowledge.sqlite"] {
        let folder = TempDir::new().unwrap();
        annals(folder.path(), &["problems"]).good();
        let connection = rusqlite::Connection::open(folder.path().join(file)).unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        drop(connection);
        for command in [&["problems"][..], &["check"], &["rebuild"], &["sql", "SELECT 1"]] {
            refused(&annals(folder.path(), command), 1, file);
        }
    }
}

#[test]
fn a_port_in_use_is_named() {
    let folder = TempDir::new().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    refused(&annals(folder.path(), &["serve", "--listen", &address]), 1, &address);
    refused(&annals(folder.path(), &["demo", "--listen", &address]), 1, &address);
    assert!(!folder.path().join("state.sqlite").exists(), "a store was made");
}

#[test]
fn a_store_that_is_not_there_is_no_all_clear() {
    let folder = tempfile::tempdir().unwrap();
    for command in [&["problems"][..], &["check"], &["sql", "SELECT 1"]] {
        let mut binary = Command::new(env!("CARGO_BIN_EXE_annals"));
        let output = binary.args(command).args(["--store", "mistyped"]).current_dir(folder.path()).output().unwrap();
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && err.contains("there is no store at mistyped"), "{command:?}: {err}");
    }
    assert!(!folder.path().join("mistyped").exists());
    assert_eq!(annals(folder.path(), &["problems", "--state", "opn"]).code, Some(2));
}
