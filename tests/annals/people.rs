//! People: who is who, whose the suites are.

use crate::world::{annals, ask, copy, demo};

#[test]
fn people_have_teams_and_are_joined() {
    let store = copy(&demo().store);
    let store = store.path();
    let authors = ask(store, "SELECT author FROM author_total WHERE change_count > 0 ORDER BY author LIMIT 2");
    let [one, two] = &authors[..] else { panic!("{authors:?}") };
    let changes = |whose: &str| {
        let sql = format!("SELECT sum(change_count + merge_count) FROM {whose}");
        ask(store, &sql).concat().parse::<i64>().unwrap()
    };
    let both = changes(&format!("author_total WHERE author IN ('{one}', '{two}')"));
    annals(store, &["person", "team", one, "core"]).good();
    let alone = changes("team_stats WHERE team = 'core'");
    assert!(alone > 0 && alone < both, "{alone} of {both}");
    annals(store, &["person", "join", one, two]).good();
    assert_eq!(changes("team_stats WHERE team = 'core'"), both);
    let list = annals(store, &["person", "list", one]).good();
    assert!(list.contains("team core") && list.contains(two.as_str()), "{list}");
    let address = list.lines().find(|line| line.trim().starts_with(two.as_str())).unwrap();
    let address = address.split(['<', '>']).nth(1).unwrap();
    annals(store, &["person", "part", address]).good();
    assert_eq!(changes("team_stats WHERE team = 'core'"), alone);
    for wrong in
        [&["person", "team", "Nobody At All", "x"][..], &["person", "join", one, one], &["person", "part", one]]
    {
        assert_eq!(annals(store, wrong).code, Some(1), "{wrong:?}");
    }
}

#[test]
fn owners_are_responsible() {
    let store = copy(&demo().store);
    let store = store.path();
    let rows = ask(store, "SELECT project, suite FROM problem WHERE kind = 'test' ORDER BY problem_id LIMIT 1");
    let (project, suite) = rows[0].split_once(',').unwrap();
    annals(store, &["owner", "add", project, suite, "sheriff@example.org"]).good();
    assert!(annals(store, &["owner", "list"]).good().contains("sheriff"));
    assert_eq!(annals(store, &["owner", "add", project, suite, "sheriff@example.org"]).code, Some(1));
    let owned = format!(
        "SELECT count(*) > 0 FROM responsible AS r JOIN problem AS p ON p.problem_id = r.problem_id \
        WHERE r.why = 'owner' AND r.author LIKE 'sheriff%' AND p.suite = '{suite}'"
    );
    assert_eq!(ask(store, &owned), ["true"]);
    annals(store, &["owner", "remove", project, suite, "sheriff@example.org"]).good();
    assert_eq!(ask(store, &owned), ["false"]);
}
