//! What a change says by its files and its message.

use std::collections::HashSet;

use super::words::{Word, Words};

/// Stems that say nothing; the folder above stands for the file.
const GENERAL: &[&str] = &["mod", "__init__", "init", "index", "lib", "main"];
/// Stems after which no test is named.
const MEANINGLESS: &[&str] = &["test", "tests", "util", "utils", "common", "base", "types", "src"];
/// Names of files that list dependencies.
const DEPENDENCIES: &[&str] = &[
    "cargo.lock",
    "cargo.toml",
    "package.json",
    "package-lock.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "poetry.lock",
    "uv.lock",
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "go.mod",
    "go.sum",
    "requirements.txt",
    "pom.xml",
    "gemfile.lock",
];
/// Types of Conventional Commits, and first words of subjects, of changes that shall not change what the program does.
const HOUSEKEEPING: &[&str] = &[
    "docs",
    "doc",
    "chore",
    "style",
    "ci",
    "build",
    "test",
    "tests",
    "typo",
    "format",
    "lint",
    "clippy",
    "fmt",
    "release",
    "changelog",
];

/// A change as the repository tells it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    pub(crate) revision: String,
    pub(crate) parents: Vec<String>,
    pub(crate) author: String,
    pub(crate) is_bot: bool,
    pub(crate) subject: String,
    pub(crate) message: String,
    /// None at all of a change with so many files that it would match everything.
    pub(crate) files: Vec<File>,
    /// How many files it touches.
    pub(crate) file_count: i64,
}

/// A file that a change touches.
#[derive(Clone, Debug, Default)]
pub(crate) struct File {
    pub(crate) path: String,
    /// Lines added and removed, by the change itself and by what a merge brought in; `None` where they are not known.
    pub(crate) lines: Option<[i64; 2]>,
    /// The identifiers in these lines, with spaces between them.
    pub(crate) identifiers: String,
}

/// A file with code.
#[derive(Debug)]
pub(crate) struct Code {
    pub(crate) path: String,
    pub(crate) stem: String,
    pub(crate) words: Vec<Word>,
}

/// What a change says.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) told: Told,
    pub(crate) code: Vec<Code>,
    /// The stems of its test files.
    pub(crate) test_stems: Vec<String>,
    /// Lower-case names of all its files.
    pub(crate) names: HashSet<String>,
    pub(crate) paths: Vec<Word>,
    pub(crate) subject: Vec<Word>,
    pub(crate) body: Vec<Word>,
    /// The identifiers in its lines of code, and their words.
    pub(crate) identifiers: Vec<Word>,
    pub(crate) line_words: Vec<Word>,
    /// Lines of code, by itself and by what a merge brought in.
    pub(crate) lines: Option<[i64; 2]>,
    pub(crate) is_dependency: bool,
    pub(crate) is_bump: bool,
    pub(crate) is_revert: bool,
    pub(crate) is_housekeeping: bool,
    pub(crate) is_breaking: bool,
}

/// What git writes before the revision that a change takes back.
pub(crate) const TAKES_BACK: &str = "This reverts commit ";

impl Change {
    pub(crate) fn new(mut told: Told, words: &mut Words) -> Self {
        let all: Vec<String> = told.files.iter().map(|file| file.path.to_lowercase()).collect();
        let (mut code, mut lines, mut identifiers) = (Vec::new(), Some([0, 0]), String::new());
        for (file, lower) in told.files.iter_mut().zip(&all) {
            let told = std::mem::take(&mut file.identifiers);
            if is_dependency(lower) || is_beside(lower) {
                continue;
            }
            code.push(Code { path: file.path.clone(), stem: stem(lower), words: words.of(&file.path) });
            lines = lines.zip(file.lines).map(|(sum, lines)| [sum[0] + lines[0], sum[1] + lines[1]]);
            identifiers.extend([&told, " "]);
        }
        let body = told.message.strip_prefix(&told.subject).unwrap_or(&told.message);
        let title = title(&told, body);
        let subject = title.to_lowercase();
        let (kind, is_marked) = conventional(&subject);
        Self {
            test_stems: all
                .iter()
                .filter(|path| is_test(path))
                .map(|path| stem(path))
                .filter(|s| is_telling(s))
                .collect(),
            names: all.iter().map(|path| name(path).to_owned()).collect(),
            paths: words.of(&told.files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>().join(" ")),
            subject: words.of(&[&told.subject, title].join(" ")),
            body: words.of(body),
            identifiers: words.identifiers(&identifiers),
            line_words: words.of(&identifiers),
            lines,
            is_dependency: all.iter().any(|path| is_dependency(path)),
            is_bump: subject
                .split(|c: char| !c.is_alphabetic())
                .any(|word| matches!(word, "bump" | "bumps" | "upgrade")),
            is_revert: subject.starts_with("revert"),
            is_housekeeping: HOUSEKEEPING.contains(&kind),
            is_breaking: is_marked || told.message.contains("BREAKING CHANGE"),
            code,
            told,
        }
    }

    /// Returns the revision that the message says is taken back.
    pub(crate) fn takes_back(&self) -> Option<&str> {
        let (_, rest) = self.told.message.split_once(TAKES_BACK)?;
        rest.split(|c: char| !c.is_ascii_alphanumeric()).next().filter(|revision| !revision.is_empty())
    }
}

/// Returns what a change calls itself: a merge that a site made names a branch in its subject, and its title comes below.
fn title<'a>(told: &'a Told, body: &'a str) -> &'a str {
    let is_site = told.parents.len() > 1 && told.subject.starts_with("Merge ");
    let below = body.lines().map(str::trim).find(|line| is_site && !line.is_empty());
    below.unwrap_or(&told.subject)
}

/// Returns the first word of a subject, which is its type where it has one, and whether `!` marks it as breaking.
fn conventional(subject: &str) -> (&str, bool) {
    let word = subject.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let rest = &subject[word.len()..];
    let rest = match rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        Some((_, rest)) => rest,
        None => rest,
    };
    (word, rest.trim_start_matches('!').starts_with(':') && rest.starts_with('!'))
}

/// Returns whether a stem is one after which tests are named.
pub(crate) fn is_telling(stem: &str) -> bool {
    stem.len() > 3 && !GENERAL.contains(&stem) && !MEANINGLESS.contains(&stem)
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn stem(path: &str) -> String {
    let of = |name: &str| name.split('.').next().unwrap_or(name).to_owned();
    let mut parts = path.rsplit('/');
    let own = of(parts.next().unwrap_or(path));
    match parts.next() {
        Some(folder) if GENERAL.contains(&own.as_str()) => of(folder),
        _ => own,
    }
}

fn is_dependency(path: &str) -> bool {
    DEPENDENCIES.contains(&name(path)) || (name(path).starts_with("requirements") && path.ends_with(".txt"))
}

/// Whether a file is documentation, a test, or the CI's: code that the program does not run.
fn is_beside(path: &str) -> bool {
    let name = name(path);
    let ends = [".md", ".rst", ".adoc", ".txt", ".png", ".svg", ".jpg", ".gitignore"];
    let names =
        ["license", "authors", "changelog", "readme", "makefile", "dockerfile", "tox.ini", ".pre-commit", "appveyor"];
    ends.iter().any(|end| path.ends_with(end))
        || lies_in(path, &["doc", "docs", ".github", ".circleci", ".gitlab"])
        || names.iter().any(|begin| name.starts_with(begin))
        || is_test(path)
}

/// Whether a file holds tests, by its folder or its name.
fn is_test(path: &str) -> bool {
    let name = name(path);
    let stem = name.split('.').next().unwrap_or(name);
    lies_in(path, &["test", "tests", "testing", "spec", "__tests__"])
        || name.starts_with("test_")
        || [".test.", ".spec."].iter().any(|part| name.contains(part))
        || stem.ends_with("_test")
        || stem.ends_with("_tests")
}

fn lies_in(path: &str, folders: &[&str]) -> bool {
    path.split('/').rev().skip(1).any(|folder| folders.contains(&folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(subject: &str, paths: &[&str]) -> Change {
        let file = |path: &&str| File { path: (*path).to_owned(), lines: Some([3, 1]), ..File::default() };
        let files = paths.iter().map(file).collect();
        Change::new(Told { subject: subject.into(), files, ..Told::default() }, &mut Words::default())
    }

    #[test]
    fn a_subject_tells_what_kind_of_change_it_is() {
        assert!(change("fix(presto)!: keep digests", &[]).is_breaking);
        assert!(change("Feat!: x", &[]).is_breaking);
        assert!(!change("fix: wow!", &[]).is_breaking);
        assert!(change("chore(deps): bump serde", &[]).is_housekeeping);
        assert!(change("chore(deps): bump serde", &[]).is_bump);
        assert!(change("Revert \"x\"", &[]).is_revert);
    }

    #[test]
    fn a_merge_is_called_after_what_it_merges() {
        let mut words = Words::default();
        let mut merge = |parents: &[&str], message: &str| {
            let (subject, parents) = (message.lines().next().unwrap().to_owned(), parents.iter().map(|p| (*p).into()));
            let told = Told { subject, parents: parents.collect(), message: message.into(), ..Told::default() };
            Change::new(told, &mut words)
        };
        let site = merge(&["a", "b"], "Merge pull request #7 from ada/patch\n\nfeat!: bump the lexer\n\nmore");
        let plain = merge(&["a"], "Merge two tables\n\nfeat!: bump the lexer\n");
        assert!(site.is_breaking && site.is_bump && !plain.is_breaking && !plain.is_bump);
        assert!(words.of("lexer patch").iter().all(|word| site.subject.contains(word)));
        assert!(!plain.subject.contains(&words.of("lexer")[0]));
    }

    #[test]
    fn code_is_what_the_program_runs() {
        let mixed = change("x", &["src/a/mod.rs", "tests/test_a.py", "README.md", "Cargo.lock", "src/lexer.rs"]);
        assert_eq!(mixed.code.iter().map(|code| code.stem.as_str()).collect::<Vec<_>>(), ["a", "lexer"]);
        assert_eq!((mixed.lines, mixed.is_dependency), (Some([6, 2]), true));
        assert!(change("x", &["doc/lexer.md", "src/lexer_test.go"]).code.is_empty());
    }
}
