//! The demonstration: the warehouse finds what its repository does not tell, and every command works on it.

use tempfile::TempDir;

use crate::world::{annals, ask, configuration, copy, demo};

/// Returns state, origin, guilty and the subject of the first bad change of a test's problems on a builder.
fn problems(suite_and_name: &str, builder: &str) -> Vec<String> {
    let sql = format!(
        "SELECT p.state, p.origin, coalesce(p.guilty, 'nobody'), c.subject FROM problem_guilty AS p \
         LEFT JOIN raw.change AS c ON c.project = p.project AND c.revision = p.opened_revision \
         WHERE suite || '.' || name LIKE '{suite_and_name}' AND builder = '{builder}' ORDER BY p.opened_position"
    );
    ask(&demo().store, &sql)
}

#[test]
fn the_planted_breakages_are_found() {
    assert_eq!(
        problems("%text.test_pad_left", "sh-posix"),
        ["resolved,regression,Jonas Weber,text: pad without a loop"]
    );
    let gcd = problems("%number.test_gcd", "sh-posix");
    assert!(gcd.iter().any(|row| row.contains("regression,Ines Okafor")), "{gcd:?}");
    let unique = problems("%list.test_unique_keeps_the_order", "sh-posix");
    assert!(unique.last().is_some_and(|row| row.starts_with("open,regression,Jonas Weber")), "{unique:?}");
    let wrap = problems("%text.test_wrap_cuts_long_words", "sh-posix");
    assert!(wrap.len() == 1 && wrap[0].starts_with("open,born_failing,nobody"), "{wrap:?}");
    let step = problems("%.test", "sh-posix");
    assert!(step.iter().any(|row| row.contains("Tomás Ferreira")), "{step:?}");
}

#[test]
fn what_breaks_on_one_builder_is_a_problem_there_only() {
    let name = "%decimal.test_what_is_written_is_read";
    assert_eq!((problems(name, "sh-posix").len(), problems(name, "locale-de").len()), (0, 1));
}

#[test]
fn the_demonstration_tells_what_it_found() {
    let told = &demo().told;
    for text in ["builds of", "test_unique_keeps_the_order", "through Jonas Weber", "failing since its first run"] {
        assert!(told.contains(text), "{text}: {told}");
    }
}

#[test]
fn a_second_collection_runs_nothing() {
    let store = copy(&demo().store);
    let config = configuration(store.path());
    let repository = demo().store.join("repository");
    let run = annals(store.path(), &["collect", &repository.to_string_lossy(), "--config", &config]);
    assert_eq!(run.code, Some(0), "{}", run.err);
    assert!(run.err.contains(": 0 builds run"), "{}", run.err);
}

#[test]
fn a_rebuild_knows_the_same() {
    let store = copy(&demo().store);
    let problems = || ask(store.path(), "SELECT problem_id, state, guilty FROM problem_guilty ORDER BY problem_id");
    let before = problems();
    annals(store.path(), &["check"]).good();
    annals(store.path(), &["rebuild"]).good();
    assert_eq!(problems(), before);
    annals(store.path(), &["compact"]).good();
    assert_eq!(problems(), before);
    annals(store.path(), &["check"]).good();
}

/// Runs the command on the demonstration and returns its output, which must hold `texts`.
fn says(arguments: &[&str], texts: &[&str]) {
    let out = annals(&demo().store, arguments).good();
    for text in texts {
        assert!(out.contains(text), "{arguments:?} does not say `{text}`: {out}");
    }
}

#[test]
fn questions_are_answered() {
    says(&["problems"], &["test_unique_keeps_the_order", "through Jonas Weber (1 of"]);
    says(&["problems", "--state", "all", "--person", "ines", "--longest", "--origin", "regression"], &["test_gcd"]);
    says(&["blame", "test_unique_keeps_the_order"], &["guilty", "Jonas Weber", "last good"]);
    says(&["blame", "test_wrap_cuts_long_words"], &["failing since its first run"]);
    says(&["history", "test_gcd", "--builder", "sh-posix"], &["pass", "fail"]);
    says(&["mail", "--since", "10000", "--dry-run"], &["Subject: ", "jonas@pocket.example"]);
    says(&["completions", "bash"], &["complete", "annals"]);
    says(&["sql", "SELECT 1 AS one, NULL AS nothing"], &["| one |", "| 1"]);
    says(&["sql", "SELECT 1 AS one", "-f", "json"], &[r#"[{"one":1}]"#]);
    says(&["sql", "SELECT 1 AS one", "-f", "ndjson"], &[r#"{"one":1}"#]);
    says(&["sql", "SELECT 1 AS one", "-f", "csv"], &["one\n1"]);
    says(&["sql", "SELECT 1 AS one", "-f", "markdown"], &["| one |"]);
    says(&["sql", "SELECT 1 AS one", "-f", "html"], &["<th", ">one<"]);
}

#[test]
fn a_view_is_written_in_every_format() {
    let folder = TempDir::new().unwrap();
    let beginnings: [(&str, &[u8]); 8] = [
        ("csv", b"incident_id,"),
        ("xlsx", b"PK"),
        ("html", b"<!"),
        ("md", b""),
        ("json", b"[{"),
        ("ndjson", b"{"),
        ("parquet", b"PAR1"),
        ("arrow", &[0xff, 0xff, 0xff, 0xff]),
    ];
    for (extension, beginning) in beginnings {
        let path = folder.path().join(format!("incident.{extension}"));
        annals(&demo().store, &["export", "incident", "--output", &path.to_string_lossy()]).good();
        let bytes = std::fs::read(&path).unwrap();
        assert!(bytes.len() > 100 && bytes.starts_with(beginning), "{extension}");
    }
    let filter = ["export", "problem", "--format", "ndjson", "--where", "state=open", "--where", "builder=sh-posix"];
    let rows = annals(&demo().store, &filter).good();
    // One test of the story fails by chance, now and then at the newest revision.
    let certain = rows.lines().filter(|row| !row.contains("test_two_draws_differ"));
    assert!(certain.count() == 2 && rows.lines().all(|row| row.contains(r#""state":"open""#)), "{rows}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), beginnings.len(), "nothing else is left there");
}

#[test]
fn addresses_do_not_leave() {
    for view in ["test_history", "author_change", "blamelist", "build_summary"] {
        let csv = annals(&demo().store, &["export", view]).good();
        assert!(!csv.contains("@pocket.example"), "{view}");
    }
}
