//! Mirrors: copied once, updated, refused with one line.

use std::fs;
use std::path::Path;
use std::process::Command;

use annals_collector::history::Selection;
use annals_collector::mirror::{Mirror, project_name, without_credentials};

use crate::world::World;

#[test]
fn a_mirror_follows_its_source() {
    let mut world = World::new();
    let ids = world.line(2);
    let source = world.source().to_string_lossy().into_owned();
    let dir = world.path("cache/mirror.git");
    let mirror = Mirror::open_or_clone(&source, &dir).unwrap();
    assert_eq!(mirror.history().select(&Selection::default()).unwrap().revisions.len(), 2);
    let id = world.commit("trunk", "more", &[ids[1]], &[]);
    world.repository.set_head("refs/heads/trunk").unwrap();
    world.repository.find_reference("refs/heads/main").unwrap().delete().unwrap();
    let mirror = Mirror::open_or_clone(&source, &dir).unwrap();
    let picked = mirror.history().select(&Selection::default()).unwrap();
    assert_eq!(picked.branch, "trunk", "the default branch was renamed");
    assert_eq!(picked.revisions.last().unwrap().id, id.to_string());
    assert!(!mirror.history().is_shallow().unwrap());
}

#[test]
fn a_repository_that_moved_is_followed() {
    let mut world = World::new();
    let ids = world.line(2);
    let (source, moved) = (world.source(), world.path("moved"));
    let dir = world.path("cache/mirror.git");
    let open = |source: &Path| Mirror::open_or_clone(&source.to_string_lossy(), &dir).unwrap();
    assert_eq!(open(&source).moved_from(), None);
    let id = world.commit("main", "more", &[ids[1]], &[]);
    fs::rename(&source, &moved).unwrap();
    let mirror = open(&moved);
    let picked = mirror.history().select(&Selection::default()).unwrap();
    assert_eq!(picked.revisions.last().unwrap().id, id.to_string());
    assert_eq!(mirror.moved_from(), source.to_str());
    assert_eq!(open(&moved.join(".")).moved_from(), None);
}

#[test]
fn another_repository_of_the_same_name_is_refused() {
    let (mut world, mut other) = (World::new(), World::new());
    world.line(2);
    other.commit("main", "something else", &[], &[("else", b"x")]);
    let source = world.source().to_string_lossy().into_owned();
    let elsewhere = other.source().to_string_lossy().into_owned();
    let dir = world.path("cache/mirror.git");
    Mirror::open_or_clone(&source, &dir).unwrap();
    let error = Mirror::open_or_clone(&elsewhere, &dir).unwrap_err().to_string();
    let told = format!("cannot copy the repository `{elsewhere}`: it shares no commit with `{source}`");
    assert!(error.starts_with(&told), "{error}");
    let mirror = Mirror::open_or_clone(&source, &dir).unwrap();
    assert_eq!(mirror.history().select(&Selection::default()).unwrap().revisions.len(), 2, "the copy is as it was");
}

#[test]
fn a_source_that_is_not_there_leaves_nothing() {
    let world = World::new();
    let dir = world.path("cache/mirror.git");
    let error = Mirror::open_or_clone("/no/such/repository", &dir).unwrap_err().to_string();
    assert_eq!(
        error,
        "cannot copy the repository `/no/such/repository`: repository '/no/such/repository' does not exist"
    );
    let left: Vec<_> = fs::read_dir(world.path("cache")).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left, ["mirror.git.lock"]);
}

#[test]
fn a_source_is_never_an_option() {
    let world = World::new();
    let marker = world.path("marker");
    let source = format!("--upload-pack=touch {}", marker.display());
    let error = Mirror::open_or_clone(&source, &world.path("mirror.git")).unwrap_err().to_string();
    assert!(error.contains("does not exist"), "{error}");
    assert!(!marker.exists());
}

#[test]
fn a_shallow_source_is_told() {
    let mut world = World::new();
    let ids = world.line(3);
    let source = format!("file://{}", world.source().display());
    let shallow = world.path("shallow");
    let status = Command::new("git").args(["clone", "-q", "--depth=1", &source]).arg(&shallow).status().unwrap();
    assert!(status.success());
    let mirror = Mirror::open_or_clone(&shallow.to_string_lossy(), &world.path("mirror.git")).unwrap();
    assert!(mirror.history().is_shallow().unwrap());
    let mut changes = Vec::new();
    let mut each = |batch: annals_collector::history::Batch| -> annals_collector::Result<()> {
        changes.extend(batch.changes);
        Ok(())
    };
    mirror.history().changes("demo", &[ids[2].to_string()], &|_| false, &mut each).unwrap();
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].parents, [ids[1].to_string()], "the graph says that something is missing");
    assert!(changes[0].files.is_empty(), "nobody wrote the whole tree in that change");
}

#[test]
fn names_and_addresses_of_sources() {
    assert_eq!(project_name("https://example.org/group/thing.git/").as_deref(), Some("thing"));
    assert_eq!(project_name("git@example.org:thing.git").as_deref(), Some("thing"));
    assert_eq!(project_name("/srv/thing/.git").as_deref(), Some("thing"));
    assert_eq!(project_name("."), None);
    assert_eq!(without_credentials("https://me:pass@word@example.org/a@b"), "https://example.org/a@b");
    assert_eq!(without_credentials("git@example.org:a"), "git@example.org:a");
}
