//! The promises that hold for the tree as a whole: heads of files, views with their tests, and documents that stay true.
//!
//! It only reads files and links no part of Annals, so that it is quick. `ANNALS_BLESS=1 cargo test --test tidy` writes
//! what is generated from the heads of views and report formats: the table in the README, `docs/views.md` and
//! `docs/formats.md`. What needs a session
//! (are all columns of a view documented?) is tested in `analytics/tests/tidy.rs`.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Between these lines the README's table of views is generated.
const TABLE: [&str; 2] = ["<!-- views: generated from the heads of the view files -->", "<!-- views: end -->"];

/// Files that are not the project's own words: reports as tools wrote them, and the demonstration's repository.
const FOREIGN: [&str; 2] = ["collector/tests/fixtures/", "collector/src/demo/project/"];

#[test]
fn every_source_says_what_it_is_for() {
    let silent: Vec<_> = files("rs").into_iter().filter(|path| !read(path).starts_with("//! ")).collect();
    assert!(silent.is_empty(), "these do not open with `//!`: {silent:#?}");
}

#[test]
fn views_and_their_tests_go_by_one_name() {
    let views = stems("analytics/views/step", "sql").into_iter().chain(stems("analytics/views/mart", "sql"));
    let views: BTreeSet<String> = views.collect();
    let tests: BTreeSet<String> = stems("analytics/tests/view", "slt").into_iter().collect();
    let apart: Vec<_> = views.symmetric_difference(&tests).collect();
    assert!(apart.is_empty(), "a view without a test, or a test without a view: {apart:?}");
}

#[test]
fn the_readme_shows_the_views_as_they_say_of_themselves() {
    let mut table = String::from("| View | What it shows | One row per |\n| --- | --- | --- |\n");
    for View { name, title, grain, .. } in views("mart") {
        writeln!(table, "| [`{name}`](docs/views.md#{name}) | {title} | {grain} |").unwrap();
    }
    let readme = read(Path::new("README.md"));
    let (before, rest) = readme.split_once(TABLE[0]).expect("the README marks where its table of views begins");
    let (_, after) = rest.split_once(TABLE[1]).expect("the README marks where its table of views ends");
    agree(Path::new("README.md"), &format!("{before}{}\n\n{table}\n{}{after}", TABLE[0], TABLE[1]));
}

#[test]
fn the_reference_shows_the_views_as_they_say_of_themselves() {
    let mut page = String::from(
        "# Views\n\nGenerated from the heads of the files in `analytics/views/mart`; `ANNALS_BLESS=1 cargo test --test \
         tidy` writes it.\nTimes end in `_at` (UTC), lengths in `_ms`, counts in `_count`, shares of 0 to 1 in `_ratio`.\n",
    );
    for view in views("mart") {
        write!(page, "\n## {}\n\n{}. One row per {}.\n", view.name, view.title, view.grain).unwrap();
        if !view.about.is_empty() {
            write!(page, "\n{}\n", view.about).unwrap();
        }
        page.push_str("\n| Column | Meaning |\n| --- | --- |\n");
        for (name, meaning) in &view.columns {
            writeln!(page, "| `{name}` | {} |", meaning.replace('|', "\\|")).unwrap();
        }
    }
    agree(Path::new("docs/views.md"), &page);
}

#[test]
fn the_reference_shows_the_formats_as_they_say_of_themselves() {
    let mut page = String::from(
        "# Report formats\n\nGenerated from the heads of the files in `collector/src/report`; `ANNALS_BLESS=1 cargo test \
         --test tidy` writes it.\nA report is recognised by its content, never by its name; `annals doctor FILE` shows \
         how one is read.\n",
    );
    for format in stems("collector/src/report", "rs") {
        let text = read(&Path::new("collector/src/report").join(format!("{format}.rs")));
        if !text.contains("const FORMAT: Format") && format != "log_rules" {
            continue;
        }
        let head = text.lines().map_while(|line| line.strip_prefix("//!")).map(|line| line.trim_start_matches(' '));
        let head = head.map(|line| if line.starts_with("# ") { format!("##{line}") } else { line.to_owned() });
        write!(page, "\n## {format}\n\n{}\n", head.collect::<Vec<_>>().join("\n")).unwrap();
    }
    agree(Path::new("docs/formats.md"), &page);
}

#[test]
fn the_reference_shows_the_functions_as_they_say_of_themselves() {
    let mut page = String::from(
        "# Functions\n\nGenerated from the heads in `analytics/src/function`; `ANNALS_BLESS=1 cargo test --test tidy` writes \
         it.\nThey are there wherever SQL is: in `annals sql`, on pages, over HTTP, Postgres and Flight, and in views.\n",
    );
    for file in stems("analytics/src/function", "rs") {
        let text = read(&Path::new("analytics/src/function").join(format!("{file}.rs")));
        for head in text.split(": Function = Function {").skip(1) {
            let field = |name: &str| field(head, name, &text);
            write!(page, "\n## {}\n\n{}.\n", field("call"), capital(&field("about"))).unwrap();
            write!(page, "\nFormula: {}.\n\nSource: {}.\n", field("formula"), field("source")).unwrap();
            write!(page, "\n```sql\n{}\n```\n", field("example")).unwrap();
        }
    }
    agree(Path::new("docs/functions.md"), &page);
}

/// Returns a text of a function's head; one that is a constant is looked up in its file.
fn field(head: &str, name: &str, file: &str) -> String {
    let (_, rest) = head.split_once(&format!("    {name}: ")).expect("a function has all its fields");
    if !rest.starts_with('"') {
        let constant = format!("const {}: &str =", rest.split(',').next().unwrap());
        return literal(file.split_once(&constant).expect("the constant is in the file").1);
    }
    literal(rest)
}

/// Reads the literal that comes next; lines that go on begin after their blanks.
fn literal(text: &str) -> String {
    let (_, text) = text.split_once('"').expect("a literal begins");
    let (text, _) = text.split_once('"').expect("a literal ends");
    text.split("\\\n").map(str::trim_start).collect()
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[test]
fn the_documents_name_commands_that_exist() {
    let commands = commands();
    let makefile = read(Path::new("Makefile"));
    let targets: BTreeSet<&str> = makefile.lines().filter_map(|line| Some(line.split_once(':')?.0)).collect();
    for path in files("md") {
        let text = read(&path);
        for words in code(&text).map(|code| code.split_whitespace().collect::<Vec<_>>()) {
            match words[..] {
                ["annals", command, ..] | ["cargo", "run", "--release", "--", command, ..] => {
                    let is_known = command.starts_with(['-', '[']) || commands.contains(command);
                    assert!(is_known, "{}: there is no `annals {command}`", path.display());
                }
                ["make", target, ..] => {
                    assert!(targets.contains(target), "{}: there is no `make {target}`", path.display());
                }
                _ => {}
            }
        }
    }
    let readme = read(Path::new("README.md"));
    for line in ["cargo run --release -- demo", "make test"] {
        assert!(code(&readme).any(|code| code == line), "the README opens with `{line}`");
    }
    let untold: Vec<_> = commands.iter().filter(|command| !readme.contains(&format!("annals {command}"))).collect();
    assert!(untold.is_empty(), "the README does not tell of these commands: {untold:?}");
}

#[test]
fn links_lead_somewhere() {
    for path in files("md") {
        let text = read(&path);
        for target in links(&text).filter(|target| !target.contains("://") && !target.starts_with("mailto:")) {
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let here = path.parent().unwrap().join(file);
            let there = if file.is_empty() { &path } else { &here };
            assert!(root().join(there).exists(), "{}: `{target}` is not there", path.display());
            let is_known = anchor.is_empty() || headings(&read(there)).any(|heading| heading == anchor);
            assert!(is_known, "{}: `{target}` is no heading", path.display());
        }
    }
}

#[test]
fn the_project_speaks_of_itself_only() {
    // Taken apart, so that this file does not hold them itself.
    let words = [concat!("/wo", "rk/"), concat!("issue ", "#"), concat!("CONTRACT", ".md"), concat!("DESIGN", ".md")];
    for path in ["rs", "md", "sql", "slt", "toml", "html", "py", "sh", "txt"].into_iter().flat_map(files) {
        let text = read(&path);
        for word in words {
            assert!(!text.contains(word), "{} mentions `{word}`", path.display());
        }
    }
}

/// What a view's file says of itself; `annals_analytics::view` defines the form and refuses what is not in it.
struct View {
    name: String,
    title: String,
    about: String,
    grain: String,
    columns: Vec<(String, String)>,
}

fn views(layer: &str) -> Vec<View> {
    let folder = format!("analytics/views/{layer}");
    stems(&folder, "sql").into_iter().map(|name| view(&folder, name)).collect()
}

fn view(folder: &str, name: String) -> View {
    let text = read(&Path::new(folder).join(format!("{name}.sql")));
    let mut head = text.lines().map_while(|line| line.strip_prefix("--")).map(str::trim);
    let title = head.next().expect("a view has a title").to_owned();
    let about: Vec<_> = head.by_ref().take_while(|line| !line.starts_with("Grain: ")).collect();
    // `take_while` has eaten the line of the grain.
    let grain = text.lines().find_map(|line| line.strip_prefix("-- Grain: one row")).expect("a view has a grain");
    let grain = grain.trim().strip_prefix("per ").unwrap_or("store").to_owned();
    let mut head = head.skip_while(|line| line.starts_with("Kept: ") || line.starts_with("Judged: "));
    let column = |line: &str| line.split_once(": ").map(|(name, meaning)| (name.to_owned(), meaning.to_owned()));
    View { title, about: about.join("\n"), grain, columns: head.by_ref().filter_map(column).collect(), name }
}

/// Returns the commands that `src/cli.rs` declares, as the command line spells them.
fn commands() -> BTreeSet<String> {
    let cli = read(Path::new("src/cli.rs"));
    let (_, body) = cli.split_once("enum Command {").expect("the command line declares its commands");
    let (body, _) = body.split_once("\n}").expect("the declaration ends");
    let variants = body.lines().filter_map(|line| line.strip_prefix("    "));
    let variants = variants.filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()));
    variants.map(|line| line.split(|c: char| !c.is_alphanumeric()).next().unwrap().to_lowercase()).collect()
}

/// Returns the code of a Markdown text: its spans, and the lines of its blocks without their comments.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split("```").enumerate().flat_map(|(number, part)| {
        let pieces: Vec<&str> = match number % 2 {
            0 => part.split('`').skip(1).step_by(2).collect(),
            _ => part.lines().skip(1).map(|line| line.split(" #").next().unwrap_or(line)).collect(),
        };
        pieces.into_iter().map(str::trim)
    })
}

fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target)
}

/// Returns the names by which a text's headings are linked.
fn headings(text: &str) -> impl Iterator<Item = String> {
    let titles = text.lines().filter_map(|line| line.strip_prefix('#')).map(|line| line.trim_start_matches('#').trim());
    titles.map(|title| {
        let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.collect::<String>().to_lowercase().replace(' ', "-")
    })
}

/// Asserts that the file holds the text, or writes it if asked to.
fn agree(path: &Path, text: &str) {
    if std::env::var_os("ANNALS_BLESS").is_some() {
        fs::write(root().join(path), text).unwrap();
    }
    let found = fs::read_to_string(root().join(path)).unwrap_or_default();
    let path = path.display();
    assert!(found == text, "{path} is out of date; `ANNALS_BLESS=1 cargo test --test tidy` writes it anew");
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn stems(folder: &str, extension: &str) -> Vec<String> {
    let inside = |path: &PathBuf| path.parent() == Some(Path::new(folder));
    let stem = |path: PathBuf| path.file_stem().unwrap().to_string_lossy().into_owned();
    files(extension).into_iter().filter(inside).map(stem).collect()
}

/// Returns the project's own files of an extension, sorted; also those that are new and not committed yet.
fn files(extension: &str) -> Vec<PathBuf> {
    let list = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"];
    let output = Command::new("git").args(list).current_dir(root()).output().expect("git lists the files");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let names = String::from_utf8(output.stdout).unwrap();
    let names = names.split_terminator('\0').filter(|name| !FOREIGN.iter().any(|foreign| name.starts_with(foreign)));
    let paths = names.map(PathBuf::from).filter(|path| path.extension().is_some_and(|e| e == extension));
    let mut paths: Vec<_> = paths.filter(|path| root().join(path).exists()).collect();
    paths.sort();
    paths.dedup();
    paths
}
