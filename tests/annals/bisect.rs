//! Culprits found by builds, on a small real repository: two tests broke, a third failed once by chance.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::intake::Server;
use crate::world::{annals, ask};

/// From these commits on the tests fail.
const OTHER: usize = 9;
const STEADY: usize = 23;
const COMMITS: usize = 41;

/// A repository whose every commit has its number in a file, and a builder that judges by it.
struct Place {
    folder: TempDir,
    revisions: Vec<String>,
}

impl Place {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let source = folder.path().join("source");
        fs::create_dir(&source).unwrap();
        git(&source, &["init", "-q", "-b", "main"]);
        let revisions = (0..COMMITS).map(|number| {
            fs::write(source.join("number"), number.to_string()).unwrap();
            git(&source, &["add", "."]);
            git(&source, &["commit", "-q", "-m", &format!("change number {number}")]);
            git(&source, &["rev-parse", "HEAD"])
        });
        let revisions = revisions.collect();
        let place = Self { folder, revisions };
        place.configure();
        place
    }

    fn configure(&self) {
        let script = self.folder.path().join("run.sh");
        // The newest revision's third test fails once, in whichever build comes first.
        fs::write(
            &script,
            format!(
                "n=$(cat number); seen={}/seen; wild=ok\n\
                 if [ $n = {} ] && ! [ -e $seen ]; then touch $seen; wild='not ok'; fi\n\
                 echo 1..3\n\
                 if [ $n -ge {OTHER} ]; then echo 'not ok 1 - other'; else echo 'ok 1 - other'; fi\n\
                 if [ $n -ge {STEADY} ]; then echo 'not ok 2 - steady'; else echo 'ok 2 - steady'; fi\n\
                 echo \"$wild 3 - wild\"\n",
                self.folder.path().display(),
                COMMITS - 1
            ),
        )
        .unwrap();
        let step = format!("command = \"sh {} > report.tap\"\nreports = [\"report.tap\"]\n", script.display());
        let configuration = format!("[[builder]]\nname = \"linux\"\n[[builder.step]]\nname = \"test\"\n{step}");
        fs::write(self.config(), configuration).unwrap();
    }

    /// Lets hunts begin by themselves.
    fn hunt_daily(&self, builds: u32) {
        self.configure();
        let text = fs::read_to_string(self.config()).unwrap();
        fs::write(self.config(), format!("{text}\n[bisect]\nbuilds_per_day = {builds}\n")).unwrap();
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("annals.toml")
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    fn run(&self, arguments: &[&str]) -> (String, String) {
        let config = self.config();
        let all = [arguments, &["--config", config.to_str().unwrap()]].concat();
        let run = annals(&self.store(), &all);
        assert_eq!(run.code, Some(0), "{arguments:?}: {}{}", run.out, run.err);
        (run.out, run.err)
    }

    fn collect(&self, more: &[&str]) -> (String, String) {
        let source = self.folder.path().join("source");
        self.run(&[&["collect", source.to_str().unwrap(), "--project", "p", "--jobs", "2"], more].concat())
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

#[test]
fn culprits_are_found_and_verified_and_chance_is_told_from_them() {
    let place = Place::new();
    place.collect(&["--every", "10"]);
    assert_eq!(ask(&place.store(), "SELECT name FROM problem ORDER BY name"), ["other", "steady", "wild"]);
    let (told, cost) = place.run(&["bisect", "--all", "--jobs", "1"]);
    for culprit in [OTHER, STEADY] {
        let line = format!("{} broke it", &place.revisions[culprit][..10]);
        assert!(told.contains(&line), "{line}: {told}");
    }
    assert!(told.contains("nobody: it passed where it had failed"), "{told}");
    let builds: u32 = cost.split_whitespace().next().unwrap().parse().unwrap();
    assert!(builds <= 24, "{told}{cost}");
    // What was verified decides: the culprit has all the suspicion, and where nobody is to blame nobody has any.
    let confirmed = "SELECT p.name, s.revision, s.suspicion FROM suspect AS s JOIN problem AS p \
        ON p.problem_id = s.problem_id WHERE s.suspicion > 0 ORDER BY p.name";
    let expected = [("other", OTHER), ("steady", STEADY)].map(|(name, at)| format!("{name},{},1", place.revisions[at]));
    assert_eq!(ask(&place.store(), confirmed), expected);
    // Builds are facts: the blamelists are one change long now, and a second hunt has nothing to do.
    let lists = "SELECT name, change_count FROM problem WHERE name <> 'wild' ORDER BY name";
    assert_eq!(ask(&place.store(), lists), ["other,1", "steady,1"]);
    assert!(place.run(&["bisect", "--all"]).1.contains("no open problem"));
    assert_eq!(annals(&place.store(), &["check"]).code, Some(0));
}

#[test]
fn hunts_begin_by_themselves_and_keep_within_their_budget() {
    let place = Place::new();
    place.hunt_daily(4);
    // All builds of one round are of one lane, so the largest number of a round is what it cost.
    let spent = "SELECT coalesce(sum(n), 0) FROM (SELECT max(round_build_count) AS n FROM bisection GROUP BY begun_at)";
    let (told, _) = place.collect(&["--every", "10"]);
    assert!(told.contains("not decided"), "{told}");
    assert_eq!(ask(&place.store(), spent), ["4"]);
    assert_eq!(ask(&place.store(), "SELECT DISTINCT is_automatic FROM bisection"), ["true"]);
    place.collect(&["--every", "10"]);
    assert_eq!(ask(&place.store(), spent), ["4"], "the day's builds are used up");
    place.hunt_daily(60);
    let (told, _) = place.collect(&["--every", "10"]);
    for culprit in [OTHER, STEADY] {
        assert!(told.contains(&format!("{} broke it", &place.revisions[culprit][..10])), "{told}");
    }
    let found = "SELECT name, finding, revision, build_count > plain_build_count FROM bisection \
        WHERE finding = 'culprit' ORDER BY name";
    let expected = [("other", OTHER), ("steady", STEADY)];
    let expected = expected.map(|(name, at)| format!("{name},culprit,{},true", place.revisions[at]));
    assert_eq!(ask(&place.store(), found), expected);
    let before = ask(&place.store(), spent);
    place.collect(&["--every", "10"]);
    assert_eq!(ask(&place.store(), spent), before, "what is decided is not hunted again");
}

#[test]
fn a_server_hunts_what_is_open() {
    let place = Place::new();
    place.collect(&["--every", "10"]);
    place.hunt_daily(60);
    let server = Server::start(&place.store(), &["--config", place.config().to_str().unwrap()]);
    let begun = Instant::now();
    let found = "SELECT name FROM bisection WHERE finding = 'culprit' AND is_automatic ORDER BY name";
    while ask(&place.store(), found) != ["other", "steady"] {
        assert!(begun.elapsed() < Duration::from_secs(300), "{:?}", ask(&place.store(), "SELECT * FROM bisection"));
        std::thread::sleep(Duration::from_secs(1));
    }
    server.end();
    let lists = "SELECT name, opened_revision, change_count FROM problem WHERE name <> 'wild' ORDER BY name";
    let expected = [("other", OTHER), ("steady", STEADY)];
    let expected = expected.map(|(name, at)| format!("{name},{},1", place.revisions[at]));
    assert_eq!(ask(&place.store(), lists), expected);
    assert_eq!(annals(&place.store(), &["check"]).code, Some(0));
}

#[test]
fn a_budget_is_kept_and_what_is_not_asked_for_well_is_refused() {
    let place = Place::new();
    place.collect(&["--every", "20"]);
    let steady = ask(&place.store(), "SELECT problem_id FROM problem WHERE name = 'steady'").concat();
    let (told, cost) = place.run(&["bisect", &steady, "--budget", "2", "--jobs", "1"]);
    assert!(told.contains("not decided") && cost.contains("2 builds"), "{told}{cost}");
    assert_eq!(ask(&place.store(), "SELECT count(*) FROM raw.note"), ["0"]);
    let config = place.config();
    let config = ["--config", config.to_str().unwrap()];
    let nothing = annals(&place.store(), &[&["bisect"], &config[..]].concat());
    assert!(nothing.code == Some(1) && nothing.err.contains("say which problem"), "{}", nothing.err);
    let unknown = annals(&place.store(), &[&["bisect", "no-such"], &config[..]].concat());
    assert!(unknown.code == Some(1) && unknown.err.contains("`no-such`"), "{}", unknown.err);
}

#[test]
fn a_long_history_is_refined_where_verdicts_differ() {
    let place = Place::new();
    let (_, told) = place.collect(&["--every", "20", "--refine"]);
    assert!(told.contains("refined by"), "{told}");
    let gaps = "SELECT name, good_position, opened_position FROM step.episode WHERE name <> 'wild' ORDER BY name";
    assert_eq!(ask(&place.store(), gaps), ["other,8,9", "steady,22,23"]);
    let built: usize = ask(&place.store(), "SELECT count(*) FROM raw.build").concat().parse().unwrap();
    assert!(built <= 20, "{built} of {COMMITS}");
}
