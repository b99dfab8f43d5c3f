//! The views against stories: every `.slt` under `view/` and `rule/`, and the promises that each view file makes.
//!
//! `ANNALS_BLESS=1 cargo test -p annals-analytics` writes the answers into the files; read the difference before
//! committing it. `ANNALS_SLT=problem` runs the files whose path holds that text.

#![allow(clippy::unwrap_used, reason = "a test may stop at what is wrong")]

mod door;
mod let_go;
mod maintained;
mod oracle;
mod shown;
mod story;
mod tables;
mod tidy;
mod world;

use std::path::{Path, PathBuf};

use sqllogictest::{Runner, default_column_validator, default_normalizer, default_validator};

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "slt"));
    files.sort();
    files
}

fn run(file: &Path) -> Result<(), String> {
    let mut runner = Runner::new(|| async { story::Teller::new() });
    if std::env::var_os("ANNALS_BLESS").is_some() {
        let update =
            runner.update_test_file(file, "  ", default_validator, default_normalizer, default_column_validator);
        return futures::executor::block_on(update).map_err(|error| error.to_string());
    }
    runner.run_file(file).map_err(|error| error.to_string())
}

fn run_all(folder: &str) {
    let wanted = std::env::var("ANNALS_SLT").unwrap_or_default();
    let all = files(folder);
    let failures: Vec<String> =
        all.iter().filter(|file| file.to_string_lossy().contains(&wanted)).filter_map(|file| run(file).err()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn every_view_tells_its_story() {
    run_all("view");
}

#[test]
fn every_rule_tells_its_story() {
    run_all("rule");
}
