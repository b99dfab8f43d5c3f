//! What is said of windows, thresholds and tests to come, on the demonstration's store.

use crate::world::{annals, ask, copy, demo};

#[test]
fn thresholds_are_listed_and_may_be_tried() {
    let store = copy(&demo().store);
    let store = store.path();
    let listed = annals(store, &["rules"]).good();
    assert!(listed.contains("guilty_threshold") && listed.contains("vanish_after"), "{listed}");
    let before = ask(store, "SELECT count(*) FROM guilty");
    let tried = annals(store, &["rules", "--dry-run", "guilty_threshold=0.9999"]).good();
    // Two are guilty of what was reverted: of that no threshold is asked.
    assert!(tried.contains(&format!("guilty people: {} now, 2 then", before[0])), "{tried}");
    let folded =
        annals(store, &["rules", "--dry-run", "mass_failure_count=1", "--dry-run", "mass_failure_ratio=0.01"]).good();
    assert!(folded.contains("builds that give no verdict"), "{folded}");
    assert_eq!(ask(store, "SELECT count(*) FROM guilty"), before, "nothing of the store changes");
    let same = annals(store, &["rules", "--dry-run", "guilty_threshold=0.9"]);
    assert!(same.code == Some(0) && same.err.contains("nothing would change"), "{}{}", same.out, same.err);
    for wrong in ["guilty", "no_such=1", "guilty_threshold=nan", "guilty_threshold=high", "guilty_threshold=7"] {
        assert_eq!(annals(store, &["rules", "--dry-run", wrong]).code, Some(1), "{wrong}");
    }
}

#[test]
fn people_say_what_belongs_together_and_who_it_was() {
    let store = copy(&demo().store);
    let store = store.path();
    let two = ask(
        store,
        "SELECT main_problem_id, incident_id FROM incident WHERE change_count > 0 ORDER BY opened_position LIMIT 2",
    );
    let [first, second] = &two.iter().map(|row| row.split_once(',').unwrap()).collect::<Vec<_>>()[..] else {
        panic!("{two:?}")
    };
    let count = "SELECT count(*) FROM incident";
    let before: usize = ask(store, count).concat().parse().unwrap();
    annals(store, &["note", first.0, "joins", second.1]).good();
    let merged =
        format!("SELECT DISTINCT incident_id FROM problem WHERE problem_id IN ('{}', '{}')", first.0, second.0);
    assert_eq!(ask(store, &merged), [second.1]);
    assert_eq!(ask(store, count), [(before - 1).to_string()]);
    annals(store, &["note", first.0, "joins", first.0]).good();
    assert_eq!(ask(store, count), [before.to_string()], "the newest note holds");
    annals(store, &["note", first.0, "broken-by", "nobody the disk was full"]).good();
    let guilty = format!("SELECT count(*) FROM guilty WHERE problem_id = '{}'", first.0);
    assert_eq!(ask(store, &guilty), ["0"]);
    for wrong in [
        &["note", "no-such", "mute"][..],
        &["note", first.0, "joins"],
        &["note", first.0, "joins", "no-such"],
        &["note", first.0, "assign", "--person", "Nobody At All"],
        &["note", first.0, "broken-by"],
        &["note", first.0, "broken-by", "deadbeefdeadbeef"],
        &["problems", "--builder", "no-such"],
    ] {
        assert_eq!(annals(store, wrong).code, Some(1), "{wrong:?}");
    }
}

#[test]
fn windows_are_compared_and_windows_that_are_none_refused() {
    let store = copy(&demo().store);
    let store = store.path();
    let compared = annals(store, &["compare", "--all"]);
    assert!(compared.code == Some(0) && compared.err.contains("tests compared"), "{}", compared.err);
    let builders = annals(store, &["compare", "builder=sh-posix", "builder=locale-de"]);
    assert!(builders.code == Some(0), "{}", builders.err);
    let wrong = annals(store, &["compare", "yesterday", "today"]);
    assert!(wrong.code == Some(1) && wrong.err.contains("`yesterday`"), "{}", wrong.err);
}

#[test]
fn tests_are_put_in_order_for_a_change() {
    let store = copy(&demo().store);
    let store = store.path();
    let order = annals(store, &["rerun", "--limit", "5"]).good();
    assert_eq!(order.lines().count(), 5, "{order}");
    assert!(order.lines().all(|line| line.split('\t').count() == 3), "{order}");
    let unknown = annals(store, &["rerun", "0123456789"]);
    assert!(unknown.code == Some(1) && unknown.err.contains("0123456789"), "{}", unknown.err);
}
