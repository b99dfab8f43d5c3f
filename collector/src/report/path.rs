//! Names files so that the folder of a build, which has any name, is no part of an identity.

use std::collections::{BTreeSet, HashMap, HashSet};

/// Folders that may be needed to tell two files of one report apart.
const PARTS: usize = 8;

/// Returns the last part of an absolute path, and anything else as it is.
pub(super) fn last_part(text: &str) -> &str {
    if is_absolute(text) { last_parts(text, 1) } else { text }
}

/// Returns whether a path begins at the root of a file system, also of a `file:` address.
pub(super) fn is_absolute(text: &str) -> bool {
    let mut letters = text.chars();
    match letters.next() {
        Some('/') => !text.starts_with("//") && text.len() > 1,
        Some('f') if text.starts_with("file:///") => true,
        Some(drive) => {
            drive.is_ascii_alphabetic() && letters.as_str().starts_with([':']) && {
                let rest = &letters.as_str()[1..];
                rest.starts_with('\\') || (rest.starts_with('/') && !rest.starts_with("//"))
            }
        }
        None => false,
    }
}

/// Returns the last `count` parts of a path.
fn last_parts(text: &str, count: usize) -> &str {
    let start = text.rmatch_indices(['/', '\\']).nth(count - 1).map_or(0, |(at, _)| at + 1);
    &text[start..]
}

/// Short names for the files of one report: of an absolute path the last part, with as many folders before it as tell
/// it from the others.
#[derive(Default)]
pub(super) struct Names(HashMap<String, String>);

impl Names {
    /// Returns the names of `files`.
    pub(super) fn new<'t>(files: impl Iterator<Item = &'t str>) -> Self {
        let mut groups: HashMap<&str, BTreeSet<&str>> = HashMap::new();
        for file in files.filter(|file| is_absolute(file)) {
            groups.entry(last_part(file)).or_default().insert(file);
        }
        let mut names = HashMap::new();
        for group in groups.into_values() {
            let is_distinct = |count: &usize| {
                let short: HashSet<&str> = group.iter().map(|file| last_parts(file, *count)).collect();
                short.len() == group.len()
            };
            let count = (1..PARTS).find(is_distinct).unwrap_or(PARTS);
            names.extend(group.iter().map(|file| ((*file).to_owned(), last_parts(file, count).replace('\\', "/"))));
        }
        Self(names)
    }

    /// Returns the name of a file.
    pub(super) fn get<'n>(&'n self, file: &'n str) -> &'n str {
        self.0.get(file).map_or_else(|| last_part(file), String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_a_build_is_no_part_of_a_name() {
        let table = [
            ("/home/ci/build7/a.test.js", "a.test.js"),
            ("C:\\build\\a.test.js", "a.test.js"),
            ("C:/build/a.test.js", "a.test.js"),
            ("file:///home/ci/a.dart", "a.dart"),
            ("test/a.test.js", "test/a.test.js"),
            ("//server", "//server"),
            ("s://a/b", "s://a/b"),
            ("", ""),
        ];
        for (path, expected) in table {
            assert_eq!(last_part(path), expected, "{path}");
        }
    }

    #[test]
    fn files_with_one_name_are_told_apart_by_their_folders() {
        let files = ["/b/7/src/a/index.js", "/b/7/src/b/index.js", "/b/7/lib/b/index.js", "/b/7/x.js", "c/x.js"];
        let names = Names::new(files.into_iter());
        let short: Vec<&str> = files.iter().map(|file| names.get(file)).collect();
        assert_eq!(short, ["src/a/index.js", "src/b/index.js", "lib/b/index.js", "x.js", "c/x.js"]);
        assert_eq!(names.get("/elsewhere/y.js"), "y.js");
    }
}
