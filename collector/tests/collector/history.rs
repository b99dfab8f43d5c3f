//! Revisions and changes as they are read.

use annals_collector::history::Selection;

use crate::world::{World, file, revision};

const MAIL: &[u8] = b"Ada Lovelace <ada@example.org> <countess@home.example>\n";

#[test]
fn people_are_named_by_the_mailmap_of_the_tip_and_times_are_utc() {
    let mut world = World::new();
    let first =
        world.commit_as(("ada", "countess@home.example"), "main", "first\n\nwith a body", &[], &[("a", b"1\n")]);
    let tip = world.commit("main", "map", &[first], &[("a", b"1\n"), (".mailmap", MAIL)]);
    let changes = world.changes(tip);
    let change = &changes["first"];
    assert_eq!((change.author_name.as_str(), change.author_email.as_str()), ("Ada Lovelace", "ada@example.org"));
    assert_eq!(change.committer_name, "Robot");
    assert_eq!(change.authored_at, 1_700_000_060_000_000);
    assert_eq!(change.committed_at, 1_700_000_090_000_000);
    assert_eq!(change.message, "first\n\nwith a body");
    assert_eq!(changes["map"].parents, [first.to_string()]);
}

#[test]
fn files_have_kind_and_lines() {
    let mut world = World::new();
    let long: String = (0..50).map(|n| format!("line {n}\n")).collect();
    let moved = long.replace("line 7\n", "line seven\nand more\n");
    let first =
        world.commit("main", "first", &[], &[("old.txt", long.as_bytes()), ("gone", b"a\nb\n"), ("x.bin", b"\0\x01")]);
    let second = world.commit("main", "second", &[first], &[("new.txt", moved.as_bytes()), ("x.bin", b"\0\x02")]);
    let changes = world.changes(second);
    let added = file(&changes["first"], "gone");
    assert_eq!((added.kind.as_str(), added.lines_added, added.lines_removed), ("added", Some(2), Some(0)));
    let renamed = file(&changes["second"], "new.txt");
    assert_eq!((renamed.kind.as_str(), renamed.old_path.as_deref()), ("renamed", Some("old.txt")));
    assert_eq!((renamed.lines_added, renamed.lines_removed), (Some(2), Some(1)));
    assert_eq!(renamed.identifiers.as_deref().unwrap(), ["line", "seven", "and", "more"]);
    let gone = file(&changes["second"], "gone");
    assert_eq!((gone.kind.as_str(), gone.lines_removed), ("deleted", Some(2)));
    let binary = file(&changes["second"], "x.bin");
    assert_eq!((binary.kind.as_str(), binary.lines_added, binary.lines_removed), ("modified", None, None));
    assert_eq!(binary.identifiers, None);
}

#[test]
fn a_merge_counts_what_it_brought_in_apart_from_what_is_its_own() {
    let mut world = World::new();
    let base = world.commit("main", "base", &[], &[("a", b"1\n2\n3\n4\n5\n"), ("b", b"b\n")]);
    let ours = world.commit("main", "ours", &[base], &[("a", b"ours\n1\n2\n3\n4\n5\n"), ("b", b"b\n")]);
    let theirs =
        world.commit("side", "theirs", &[base], &[("a", b"1\n2\n3\n4\n5\ntheirs\n"), ("b", b"b\n"), ("c", b"c\nc\n")]);
    let merged: &[u8] = b"ours\n1\n2\nown\n4\n5\ntheirs\n";
    let merge = world.commit("main", "merge", &[ours, theirs], &[("a", merged), ("b", b"b\n"), ("c", b"c\nc\n")]);
    let changes = world.changes(merge);
    let both = file(&changes["merge"], "a");
    assert_eq!((both.lines_added, both.merge_lines_added), (Some(1), 1), "`own` is own, `theirs` came in");
    assert_eq!((both.lines_removed, both.merge_lines_removed), (Some(1), 0), "`3` is in both parents");
    let brought = file(&changes["merge"], "c");
    assert_eq!((brought.lines_added, brought.merge_lines_added), (Some(0), 2));
    assert_eq!(changes["merge"].files.len(), 2, "what is as in the first parent is not touched");
    assert_eq!(file(&changes["theirs"], "c").merge_lines_added, 0);
}

#[test]
fn known_changes_are_left_out_and_parents_come_first() {
    let mut world = World::new();
    let ids = world.line(2500);
    let known = ids[9].to_string();
    let (mut order, mut batches) = (Vec::new(), 0);
    let mut each = |batch: annals_collector::history::Batch| -> annals_collector::Result<()> {
        batches += 1;
        assert_eq!(batch.total, 2499);
        order.extend(batch.changes.into_iter().map(|change| change.revision));
        Ok(())
    };
    let tip = ids.last().unwrap().to_string();
    world.history().changes("demo", &[tip], &|id| id == known, &mut each).unwrap();
    let expected: Vec<String> = ids.iter().map(|id| id.to_string()).filter(|id| *id != known).collect();
    assert_eq!(order, expected);
    assert_eq!(batches, 3);
}

#[test]
fn an_error_of_the_receiver_ends_the_reading() {
    let mut world = World::new();
    let tip = world.line(1500).last().unwrap().to_string();
    let mut calls = 0;
    let result = world.history().changes("demo", &[tip], &|_| false, &mut |_| {
        calls += 1;
        Err(annals_collector::Error::Cancelled)
    });
    assert!(matches!(result, Err(annals_collector::Error::Cancelled)));
    assert_eq!(calls, 1);
}

#[test]
fn positions_count_first_parents_and_do_not_depend_on_the_selection() {
    let mut world = World::new();
    let root = world.commit("main", "root", &[], &[("a", b"0")]);
    let side = world.commit("side", "side", &[root], &[("a", b"s")]);
    let side2 = world.commit("side", "side 2", &[side], &[("a", b"t")]);
    let one = world.commit("main", "one", &[root], &[("a", b"1")]);
    let merge = world.commit("main", "merge", &[one, side2], &[("a", b"m")]);
    let tip = world.commit("main", "tip", &[merge], &[("a", b"2")]);
    let all = world.pick(&Selection::default());
    assert_eq!(all.branch, "main");
    assert_eq!(all.revisions, [revision(root, 0), revision(one, 1), revision(merge, 2), revision(tip, 3)]);
    let last = Selection { last: Some(2), ..Selection::default() };
    assert_eq!(world.pick(&last).revisions, [revision(merge, 2), revision(tip, 3)]);
    let range = Selection { range: Some(format!("{side2}..main")), ..Selection::default() };
    assert_eq!(world.pick(&range).revisions, [revision(one, 1), revision(merge, 2), revision(tip, 3)]);
    let range = Selection { range: Some(format!("{one}..{merge}")), all_parents: true, ..Selection::default() };
    let mut graph = world.pick(&range).revisions;
    assert_eq!(graph.pop(), Some(revision(merge, 2)));
    assert_eq!(graph, [revision(side, 1), revision(side2, 2)]);
    assert_eq!(world.history().position(&tip.to_string()).unwrap(), 3);
}

#[test]
fn every_nth_keeps_its_choice_while_the_branch_grows() {
    let mut world = World::new();
    let mut ids = world.line(12);
    let selection = Selection { every: 5, ..Selection::default() };
    let positions = |world: &World| world.pick(&selection).revisions.iter().map(|r| r.position).collect::<Vec<_>>();
    assert_eq!(positions(&world), [0, 5, 10, 11]);
    ids.push(world.commit("main", "more", &[ids[11]], &[]));
    assert_eq!(positions(&world), [0, 5, 10, 12]);
    let bounded = |selection| world.pick(&selection).revisions.iter().map(|r| r.position).collect::<Vec<_>>();
    assert_eq!(bounded(Selection { last: Some(10), ..selection.clone() }), [3, 5, 10, 12]);
    let range = Some(format!("{}..{}", ids[6], ids[10]));
    assert_eq!(bounded(Selection { range, ..selection.clone() }), [7, 10]);
}

#[test]
fn what_is_not_there_is_named() {
    let mut world = World::new();
    world.line(1);
    let error = |selection: Selection| world.history().select(&selection).unwrap_err().to_string();
    let branch = error(Selection { branch: Some("nowhere".to_owned()), ..Selection::default() });
    assert!(branch.starts_with("there is no branch `nowhere` in "), "{branch}");
    let range = |range: &str| error(Selection { range: Some(range.to_owned()), ..Selection::default() });
    assert!(range("v1..main").starts_with("there is no revision `v1` in "));
    assert_eq!(range("main"), "`main` is no choice of revisions: a range is written `A..B`");
    assert_eq!(range("a...b"), "`a...b` is no choice of revisions: a range has two dots");
}
