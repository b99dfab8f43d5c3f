//! The fixture model: a small history told line by line, as rows that a collector would have brought.
//!
//! A story is a list of facts, one per line; the clock advances by an hour per change, from Monday 2024-01-01 00:00:
//!
//! ```text
//! person Ada team core                        a person; every author is one without being declared
//! bot renovate                                a person who is a robot
//! alias ada@home of Ada                       a second identity of a person
//! owner Ada of core%                          owner of the suites that are like the pattern
//! subscriber Sam of core%                     somebody who wants to hear of such suites
//! branch topic from a2                        a branch that begins at a revision
//! change a1 by Ada touches src/parse.sh:+3-1  a commit on main's tip (`on topic`: on that branch; `says "…"`)
//! change a1 by Ada touches src/parse.sh#one,two  the lines that it changes hold these identifiers
//! merge m1 of f1 by Ada                       a merge of f1 into the tip (`brings path:+3-1`: its merged lines)
//! wait 24                                     hours pass
//! build a1 linux parse=pass core/print=fail "expected 3, got 4"
//! note mute by Ada on linux parse at a2 "known" (`until 5`: hours from now)
//! setting vanish_after 3
//! ```
//!
//! A build's tests are `suite/name=outcome` (`unit` is the suite unless one is given), several attempts after commas
//! (`parse=fail,pass`), a duration in milliseconds after `@` (`pass@120`), several tests by numbers (`t1..12=pass`),
//! and the failing text in quotes behind. `step:compile=fail` is a step, `suite:core=error` the suite `core` as a whole.
//! `on BRANCH`, `try NAME`, `result WORD`, `number N`, `worker NAME` and `failures-only` say more about the build; its
//! result follows from its tests unless given.
//!
//! What follows from the facts (streaks, ranges) is not here: see [`crate::oracle`].

use std::collections::BTreeMap;

use annals_data::id;
use annals_data::row::{Build, BuildResult, Change, File, Kind, Outcome, SUITE, Status};
use annals_data::setting::SETTINGS;

/// Microseconds of an hour.
pub(crate) const HOUR: i64 = 3_600_000_000;
/// 2024-01-01 00:00 UTC, a Monday.
const BEGIN: i64 = 1_704_067_200_000_000;
const MINUTE: i64 = HOUR / 60;
const PROJECT: &str = "demo";

/// What went wrong in a story's line.
pub(crate) type Fault = String;

/// A history and what people say about it.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) changes: Vec<Change>,
    pub(crate) builds: Vec<BuildFacts>,
    pub(crate) people: Vec<Person>,
    pub(crate) aliases: BTreeMap<String, String>,
    pub(crate) owners: Vec<(String, String)>,
    pub(crate) subscribers: Vec<(String, String)>,
    pub(crate) notes: Vec<Note>,
    pub(crate) settings: BTreeMap<String, f64>,
    tips: BTreeMap<String, String>,
    pub(crate) now: i64,
}

/// A build with its outcomes, in the order of their arrival.
#[derive(Clone, Debug)]
pub(crate) struct BuildFacts {
    pub(crate) build: Build,
    pub(crate) outcomes: Vec<Outcome>,
}

impl BuildFacts {
    /// Returns it as a store takes it in.
    pub(crate) fn facts(&self) -> annals_data::store::BuildFacts {
        let (build, outcomes) = (self.build.clone(), self.outcomes.clone().into());
        annals_data::store::BuildFacts { build, steps: Vec::new(), outcomes }
    }
}

/// A person of the state database.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) team: Option<String>,
    pub(crate) is_bot: bool,
}

/// A note of the state database.
#[derive(Clone, Debug)]
pub(crate) struct Note {
    pub(crate) series_id: i64,
    pub(crate) first_position: i64,
    pub(crate) kind: String,
    pub(crate) person: Option<String>,
    pub(crate) text: String,
    pub(crate) until: Option<i64>,
    pub(crate) noted_at: i64,
}

impl Default for World {
    fn default() -> Self {
        Self {
            changes: Vec::new(),
            builds: Vec::new(),
            people: Vec::new(),
            aliases: BTreeMap::new(),
            owners: Vec::new(),
            subscribers: Vec::new(),
            notes: Vec::new(),
            settings: SETTINGS.iter().map(|s| (s.name.to_string(), s.default)).collect(),
            tips: BTreeMap::new(),
            now: BEGIN,
        }
    }
}

impl World {
    /// Adds the facts of a story.
    pub(crate) fn tell(&mut self, story: &str) -> Result<(), Fault> {
        for line in story.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            self.fact(line).map_err(|fault| format!("`{line}`: {fault}"))?;
        }
        Ok(())
    }

    fn fact(&mut self, line: &str) -> Result<(), Fault> {
        let mut words = Words::new(line)?;
        match words.next()?.as_str() {
            "person" => {
                let (name, mut more) = (words.next()?, words.options(&["team"])?);
                self.people.push(Person { name, team: more.remove("team"), is_bot: false });
            }
            "bot" => self.people.push(Person { name: words.next()?, team: None, is_bot: true }),
            "alias" => {
                let (name, person) = (words.next()?, words.after("of")?);
                self.aliases.insert(name, person);
            }
            "owner" => {
                let (name, pattern) = (words.next()?, words.after("of")?);
                self.owners.push((name, pattern));
            }
            "subscriber" => {
                let (name, pattern) = (words.next()?, words.after("of")?);
                self.subscribers.push((name, pattern));
            }
            "branch" => {
                let (name, tip) = (words.next()?, words.after("from")?);
                self.tips.insert(name, tip);
            }
            "wait" => self.now += HOUR * number(&words.next()?)?,
            "setting" => {
                let name = words.next()?;
                let value = self.settings.get_mut(&name).ok_or("no such setting")?;
                *value = words.next()?.parse().map_err(|_| "no number")?;
            }
            "change" => self.change(&mut words, None)?,
            "merge" => self.change(&mut words, Some(()))?,
            "build" => self.build(words)?,
            "note" => self.note(words)?,
            verb => return Err(format!("no such fact: {verb}")),
        }
        Ok(())
    }

    fn change(&mut self, words: &mut Words, merge: Option<()>) -> Result<(), Fault> {
        let revision = words.next()?;
        let merged = merge.map(|()| words.after("of")).transpose()?;
        let author = words.after("by")?;
        let mut change = Change {
            project: PROJECT.into(),
            subject: format!("{} {revision}", if merged.is_some() { "merge" } else { "change" }),
            author_email: email(&author),
            committer_name: author.clone(),
            committer_email: email(&author),
            author_name: author,
            ..Change::default()
        };
        let mut branch = "main".to_string();
        let mut brings = false;
        while let Some(word) = words.peek() {
            match word.as_str() {
                "on" => branch = words.after("on")?,
                "says" => change.subject = words.after("says")?,
                "touches" => (brings, _) = (false, words.next()?),
                "brings" => (brings, _) = (true, words.next()?),
                _ => change.files.push(file(&words.next()?, brings)?),
            }
        }
        change.message = change.subject.clone();
        change.subject = change.subject.lines().next().unwrap_or_default().to_string();
        change.parents = self.tips.get(&branch).cloned().into_iter().chain(merged).collect();
        (change.authored_at, change.committed_at) = (self.now, self.now);
        self.now += HOUR;
        self.tips.insert(branch, revision.clone());
        self.changes.push(Change { revision, ..change });
        Ok(())
    }

    fn build(&mut self, mut words: Words) -> Result<(), Fault> {
        let (revision, builder) = (words.next()?, words.next()?);
        let position = self.position(&revision);
        let committed_at = self.find(&revision).map_or(self.now, |change| change.committed_at);
        let mut build = Build {
            key: format!("{revision} {builder} {}", self.builds.len()),
            project: PROJECT.into(),
            branch: "main".into(),
            revision,
            position,
            builder,
            number: None,
            result: BuildResult::Success,
            reason: None,
            worker: Some("w1".into()),
            environment: None,
            url: None,
            started_at: Some(committed_at + 10 * MINUTE),
            finished_at: Some(committed_at + 15 * MINUTE),
            is_patch: false,
            patch_author_name: None,
            patch_author_email: None,
            is_failures_only: false,
        };
        let (mut outcomes, mut result) = (Vec::new(), None);
        while let Some(word) = words.peek() {
            match word.as_str() {
                "on" => build.branch = words.after("on")?,
                "result" => result = Some(build_result(&words.after("result")?)?),
                "worker" => build.worker = Some(words.after("worker")?),
                "number" => build.number = Some(number(&words.after("number")?)?),
                "failures-only" => (build.is_failures_only, _) = (true, words.next()?),
                "try" => {
                    let name = words.after("try")?;
                    (build.is_patch, build.patch_author_email) = (true, Some(email(&name)));
                    build.patch_author_name = Some(name);
                }
                _ => {
                    let test = words.next()?;
                    outcomes.extend(attempts(&test, words.quoted())?);
                }
            }
        }
        let is_red = outcomes.iter().any(|o: &Outcome| is_failure(o.status));
        build.result = result.unwrap_or(if is_red { BuildResult::Failure } else { BuildResult::Success });
        self.builds.push(BuildFacts { build, outcomes });
        Ok(())
    }

    fn note(&mut self, mut words: Words) -> Result<(), Fault> {
        let kind = words.next()?;
        let person = if words.peek().is_some_and(|word| word == "by") { Some(words.after("by")?) } else { None };
        let builder = words.after("on")?;
        let (kind_of_test, suite, name) = test_name(&words.next()?);
        let revision = words.after("at")?;
        let text = words.quoted().unwrap_or_default();
        let until = words.options(&["until"])?.remove("until").map(|hours| number(&hours)).transpose()?;
        let test_id = id::test_id(PROJECT, kind_of_test.as_str(), &suite, &name);
        self.notes.push(Note {
            series_id: id::series_id(test_id, "main", &builder),
            first_position: self.position(&revision),
            kind,
            person,
            text,
            until: until.map(|hours| self.now + hours * HOUR),
            noted_at: self.now,
        });
        self.now += MINUTE;
        Ok(())
    }

    /// Returns the change of a revision; `None` for one that the repository does not have.
    pub(crate) fn find(&self, revision: &str) -> Option<&Change> {
        self.changes.iter().find(|change| change.revision == revision)
    }

    /// Returns the revision's place in its first-parent line, from 1; 1 for an unknown revision.
    pub(crate) fn position(&self, revision: &str) -> i64 {
        let mut line = std::iter::successors(self.find(revision), |change| self.find(change.parents.first()?));
        1.max(line.by_ref().count() as i64)
    }
}

/// Returns whether the outcome counts as a failure.
pub(crate) fn is_failure(status: Status) -> bool {
    matches!(status, Status::Failed | Status::Errored | Status::Xpassed)
}

/// Returns the address that an author's name stands for.
pub(crate) fn email(name: &str) -> String {
    format!("{}@example.org", name.to_lowercase())
}

fn number(word: &str) -> Result<i64, Fault> {
    word.parse().map_err(|_| format!("`{word}` is no number"))
}

fn build_result(word: &str) -> Result<BuildResult, Fault> {
    use BuildResult::{Cancelled, Exception, Failure, Retry, Skipped, Success, Warnings};
    let all = [Cancelled, Retry, Exception, Failure, Warnings, Success, Skipped];
    all.into_iter().find(|result| result.as_str() == word).ok_or_else(|| format!("no such result: {word}"))
}

/// Reads `path` or `path:+3-1`, and behind a `#` the identifiers in its lines.
fn file(word: &str, brings: bool) -> Result<File, Fault> {
    let mut parts = word.split('#');
    let word = parts.next().unwrap_or_default();
    let identifiers = parts.next().map(|list| list.split(',').map(str::to_owned).collect());
    let (path, lines) = word.split_once(":+").unwrap_or((word, "1-0"));
    let (added, removed) = lines.split_once('-').ok_or("lines are written +3-1")?;
    let (added, removed) = (number(added)?, number(removed)?);
    let file = File { path: path.into(), kind: "modified".into(), identifiers, ..File::default() };
    Ok(if brings {
        File {
            lines_added: Some(0),
            lines_removed: Some(0),
            merge_lines_added: added,
            merge_lines_removed: removed,
            ..file
        }
    } else {
        File { lines_added: Some(added), lines_removed: Some(removed), ..file }
    })
}

fn test_name(word: &str) -> (Kind, String, String) {
    if let Some(step) = word.strip_prefix("step:") {
        return (Kind::Step, String::new(), step.into());
    }
    if let Some(suite) = word.strip_prefix("suite:") {
        return (Kind::Suite, suite.into(), SUITE.into());
    }
    let (suite, name) = word.rsplit_once('/').unwrap_or(("unit", word));
    (Kind::Test, suite.into(), name.into())
}

/// Reads `suite/name=fail,pass@120`, of one test or of `t1..12`.
fn attempts(word: &str, message: Option<String>) -> Result<Vec<Outcome>, Fault> {
    let (test, words) = word.split_once('=').ok_or_else(|| format!("`{word}` is no test=outcome"))?;
    let mut outcomes = Vec::new();
    for test in numbered(test)? {
        let (kind, suite, name) = test_name(&test);
        for (index, word) in words.split(',').enumerate() {
            let (word, duration) = word.split_once('@').map_or((word, None), |(word, ms)| (word, Some(ms)));
            let (status, error_kind) = status(word)?;
            outcomes.push(Outcome {
                kind,
                attempt: index as i64 + 1,
                error_kind: error_kind.map(String::from),
                duration_us: duration.map(number).transpose()?.map(|ms| ms * 1000),
                message: message.clone().filter(|_| is_failure(status)),
                ..Outcome::new(&suite, &name, status)
            });
        }
    }
    Ok(outcomes)
}

fn numbered(test: &str) -> Result<Vec<String>, Fault> {
    let Some((head, last)) = test.split_once("..") else { return Ok(vec![test.into()]) };
    let stem = head.trim_end_matches(|c: char| c.is_ascii_digit());
    Ok((number(&head[stem.len()..])?..=number(last)?).map(|n| format!("{stem}{n}")).collect())
}

fn status(word: &str) -> Result<(Status, Option<&'static str>), Fault> {
    Ok(match word {
        "pass" => (Status::Passed, None),
        "fail" => (Status::Failed, None),
        "error" => (Status::Errored, None),
        "crash" => (Status::Errored, Some("crashed")),
        "timeout" => (Status::Errored, Some("timed_out")),
        "skip" => (Status::Skipped, None),
        "xfail" => (Status::Xfailed, None),
        "xpass" => (Status::Xpassed, None),
        _ => return Err(format!("no such outcome: {word}")),
    })
}

/// The words of a line; a quoted text is one word that knows its quotes.
struct Words(std::iter::Peekable<std::vec::IntoIter<String>>);

impl Words {
    fn new(line: &str) -> Result<Self, Fault> {
        let mut words = Vec::new();
        for (index, part) in line.split('"').enumerate() {
            if index % 2 == 1 {
                words.push(format!("\"{}", part.replace("\\n", "\n")));
            } else {
                words.extend(part.split_whitespace().map(String::from));
            }
        }
        if line.matches('"').count() % 2 == 1 {
            return Err("a quote is missing".into());
        }
        Ok(Self(words.into_iter().peekable()))
    }

    fn peek(&mut self) -> Option<String> {
        self.0.peek().cloned()
    }

    fn next(&mut self) -> Result<String, Fault> {
        self.0.next().map(|word| word.trim_start_matches('"').to_string()).ok_or_else(|| "something is missing".into())
    }

    /// Takes the keyword and the word after it.
    fn after(&mut self, keyword: &str) -> Result<String, Fault> {
        match self.next()? {
            word if word == keyword => self.next(),
            word => Err(format!("`{keyword}` expected, not `{word}`")),
        }
    }

    /// Takes a quoted text if one comes next.
    fn quoted(&mut self) -> Option<String> {
        self.0.next_if(|word| word.starts_with('"')).map(|word| word[1..].to_string())
    }

    /// Takes the rest of the line as keywords with a word each.
    fn options(&mut self, keywords: &[&str]) -> Result<BTreeMap<String, String>, Fault> {
        let mut options = BTreeMap::new();
        while self.peek().is_some() {
            let keyword = self.next()?;
            if !keywords.contains(&keyword.as_str()) {
                return Err(format!("`{keyword}` is not known here"));
            }
            options.insert(keyword, self.next()?);
        }
        Ok(options)
    }
}
