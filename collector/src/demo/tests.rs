//! Tests of the demonstration's repository: its history, and its suite as the shell runs it at some revisions.

use std::collections::BTreeSet;
use std::process::Command;

use annals_data::row::Status;
use git2::{Commit, Mailmap};
use tempfile::TempDir;

use super::*;
use crate::report;

/// The newest commit; it changes with any text or moment of the story.
const HEAD: &str = "b389882caf0899ae69b0fd60493df95c8cbd5b4a";

fn written() -> (TempDir, Repository) {
    let dir = TempDir::new().unwrap();
    write(dir.path()).unwrap();
    let repository = Repository::open(dir.path()).unwrap();
    (dir, repository)
}

/// Returns the commits of the first-parent line, oldest first.
fn line(repository: &Repository) -> Vec<Commit<'_>> {
    let mut line = vec![repository.head().unwrap().peel_to_commit().unwrap()];
    while let Ok(parent) = line.last().unwrap().parent(0) {
        line.push(parent);
    }
    line.reverse();
    line
}

fn subject<'c>(commit: &'c Commit) -> &'c str {
    commit.summary().unwrap().unwrap()
}

/// Runs the suite at the commit with a subject; returns the exit status and the tests that failed in every attempt.
fn failures(repository: &Repository, wanted: &str, locale: &str) -> (i32, Option<BTreeSet<String>>) {
    let commit = line(repository).into_iter().find(|commit| subject(commit) == wanted).unwrap();
    let dir = TempDir::new().unwrap();
    let mut checkout = CheckoutBuilder::new();
    checkout.target_dir(dir.path()).force().update_index(false);
    repository.checkout_tree(commit.as_object(), Some(&mut checkout)).unwrap();
    let mut sh = Command::new("sh");
    let status = sh.args(["run-tests.sh", "report.xml"]).env("POCKET_LOCALE", locale).current_dir(dir.path());
    let status = status.output().unwrap().status.code().unwrap();
    let failed = std::fs::read(dir.path().join("report.xml")).ok().map(|bytes| {
        let cases = report::read("report.xml", &bytes).unwrap().cases;
        let named = |status| cases.iter().filter(move |case| case.status == status).map(|case| case.name.clone());
        let passed: BTreeSet<String> = named(Status::Passed).collect();
        named(Status::Failed).filter(|name| !passed.contains(name) && name != "test_two_draws_differ").collect()
    });
    (status, failed)
}

#[test]
fn the_history_is_the_same_everywhere() {
    let (_dir, repository) = written();
    let line = line(&repository);
    assert_eq!(line.last().unwrap().id().to_string(), HEAD);
    assert_eq!(line.len(), 81);
    let merges: Vec<&str> = line.iter().filter(|commit| commit.parent_count() == 2).map(subject).collect();
    assert_eq!(
        merges,
        ["bases", "roman", "replace-text", "ordinals", "rows"].map(|branch| format!("Merge branch '{branch}'"))
    );
    assert!(line.windows(2).all(|pair| pair[0].time() < pair[1].time()), "time goes on");
    let days = (line.last().unwrap().time().seconds() - line[0].time().seconds()) / 86_400;
    assert!((35..42).contains(&days), "{days} days");
}

#[test]
fn six_people_wrote_it() {
    let (dir, repository) = written();
    let mut walk = repository.revwalk().unwrap();
    walk.push_head().unwrap();
    let commits: Vec<Commit> = walk.map(|id| repository.find_commit(id.unwrap()).unwrap()).collect();
    assert_eq!(commits.len(), 92);
    let mailmap = Mailmap::from_buffer(&std::fs::read_to_string(dir.path().join(".mailmap")).unwrap()).unwrap();
    let raw: BTreeSet<_> = commits.iter().map(|commit| commit.author().email().unwrap().to_owned()).collect();
    let joined: BTreeSet<_> =
        commits.iter().map(|c| c.author_with_mailmap(&mailmap).unwrap().name().unwrap().to_owned()).collect();
    assert_eq!((raw.len(), joined.len()), (7, 6), "{joined:?}");
    let reverted =
        line(&repository).into_iter().find(|commit| commit.message().unwrap().contains("This reverts commit"));
    let message = reverted.as_ref().unwrap().message().unwrap();
    let id = message.rsplit(' ').next().unwrap().trim_end_matches('.');
    assert_eq!(subject(&repository.find_commit(id.parse().unwrap()).unwrap()), "path: normalise in two replacements");
}

#[test]
fn the_suite_runs_wherever_its_libraries_parse() {
    let (_dir, repository) = written();
    let names = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
    let at = |wanted, locale| failures(&repository, wanted, locale);
    assert_eq!(at("text: pad to a width", "C"), (0, names(&[])));
    assert_eq!(at("text: pad without a loop", "C"), (0, names(&["test_pad_left"])));
    let (status, report) = at("list: join keeps empty items apart", "C");
    assert!(status > 0 && report.is_none(), "{status} {report:?}");
    let decimals = "decimal: read without starting processes";
    assert_eq!(at(decimals, "C"), (0, names(&["test_days_of_february", "test_gcd"])));
    assert_eq!(at(decimals, "de"), (0, names(&["test_days_of_february", "test_gcd", "test_what_is_written_is_read"])));
    assert_eq!(at("Release 0.7.0", "de"), (0, names(&["test_unique_keeps_the_order", "test_wrap_cuts_long_words"])));
}

#[test]
fn the_configuration_names_two_builders() {
    let configuration: toml::Table = CONFIGURATION.parse().unwrap();
    let names: Vec<_> =
        configuration["builder"].as_array().unwrap().iter().map(|b| b["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["sh-posix", "locale-de"]);
}

#[test]
fn a_repository_is_never_overwritten() {
    let (dir, _) = written();
    assert!(matches!(write(dir.path()), Err(Error::Git { .. })));
}
