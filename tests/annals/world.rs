//! Folders, stores and runs of the binary.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

/// What a run of the binary gave.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    /// Returns the output of a run that must have ended well.
    pub(crate) fn good(self) -> String {
        assert_eq!(self.code, Some(0), "{}{}", self.out, self.err);
        self.out
    }
}

/// Returns the binary on a store, in a folder without any configuration.
pub(crate) fn binary(store: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_annals"));
    for variable in ["ANNALS_CONFIG", "ANNALS_STORE", "ANNALS_LOG", "XDG_CONFIG_HOME"] {
        command.env_remove(variable);
    }
    std::fs::create_dir_all(store).unwrap();
    command.args(arguments).arg("--store").arg(store).current_dir(store).env("HOME", store).stdin(Stdio::null());
    command
}

/// Runs the binary to its end.
pub(crate) fn annals(store: &Path, arguments: &[&str]) -> Run {
    let output = binary(store, arguments).output().unwrap();
    Run {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Asks by SQL; returns the rows as lines of CSV, without the head.
pub(crate) fn ask(store: &Path, sql: &str) -> Vec<String> {
    let csv = annals(store, &["sql", sql, "--format", "csv"]).good();
    csv.lines().skip(1).map(str::to_owned).collect()
}

/// The demonstration's store, and what was told when it was built.
pub(crate) struct Demo {
    pub(crate) store: PathBuf,
    pub(crate) told: String,
}

/// Builds the demonstration, once.
pub(crate) fn demo() -> &'static Demo {
    static DEMO: OnceLock<Demo> = OnceLock::new();
    DEMO.get_or_init(|| {
        let store = Path::new(env!("CARGO_TARGET_TMPDIR")).join("demo");
        let _ = std::fs::remove_dir_all(&store);
        let told = annals(&store, &["demo", "--no-serve"]).good();
        Demo { store, told }
    })
}

/// Returns a copy of a store.
pub(crate) fn copy(store: &Path) -> TempDir {
    let folder = TempDir::new().unwrap();
    let status = Command::new("cp").arg("-a").arg(store.join(".")).arg(folder.path()).status().unwrap();
    assert!(status.success());
    folder
}

/// Writes the demonstration's configuration into a folder; returns its path.
pub(crate) fn configuration(folder: &Path) -> String {
    let path = folder.join("pocket.toml");
    std::fs::write(&path, annals_collector::demo::CONFIGURATION).unwrap();
    path.to_string_lossy().into_owned()
}
