//! Names of doc tests: without the line, which every edit above it changes.

use std::collections::{BTreeMap, BTreeSet};

use annals_data::row::Outcome;

/// Returns the name without its line, the file and the line of `src/lib.rs - two (line 5)`.
fn split(name: &str) -> Option<(String, &str, i64)> {
    let (file, _) = name.split_once(" - ")?;
    let (before, rest) = name.split_once("(line ")?;
    let (line, after) = rest.split_once(')')?;
    let line = line.parse().ok().filter(|line| (1..1_000_000_000).contains(line))?;
    let before = before.trim_end();
    let before = before.strip_suffix(" -").unwrap_or(before);
    file.ends_with(".rs").then(|| (format!("{before}{after}"), file, line))
}

/// Names the doc tests of one suite: the first of an item by the item, further ones also by their number in it.
pub(super) fn rename(outcomes: &mut [Outcome]) {
    let mut lines: BTreeMap<String, BTreeSet<i64>> = BTreeMap::new();
    let names: Vec<Option<(String, String, i64)>> = outcomes
        .iter()
        .map(|outcome| split(&outcome.name).map(|(name, file, line)| (name, file.to_owned(), line)))
        .collect();
    for (name, _, line) in names.iter().flatten() {
        lines.entry(name.clone()).or_default().insert(*line);
    }
    let numbers: BTreeMap<(&str, i64), usize> = lines
        .iter()
        .flat_map(|(name, lines)| lines.iter().enumerate().map(move |(at, line)| ((name.as_str(), *line), at + 1)))
        .collect();
    for (outcome, told) in outcomes.iter_mut().zip(&names) {
        let Some((name, file, line)) = told else { continue };
        outcome.name = match numbers.get(&(name.as_str(), *line)) {
            None | Some(1) => name.clone(),
            Some(number) => format!("{name} ({number})"),
        };
        outcome.file = Some(file.clone());
        outcome.line = Some(*line);
    }
}

#[cfg(test)]
mod tests {
    use annals_data::row::Status;

    use super::*;

    #[test]
    fn a_doc_test_is_named_by_its_item() {
        let names = [
            "src/lib.rs - two (line 25)",
            "src/lib.rs - two (line 5)",
            "src/lib.rs - (line 1)",
            "src/lib.rs - two (line 5)",
            "src/a.rs - a::B<C>::d (line 9) - compile fail",
            "tests::a (line 3)",
            "a - b (line 3)",
            "src/lib.rs - x (line 0)",
        ];
        let mut outcomes: Vec<Outcome> = names.iter().map(|name| Outcome::new("", *name, Status::Passed)).collect();
        rename(&mut outcomes);
        let told: Vec<(&str, Option<i64>)> = outcomes.iter().map(|o| (o.name.as_str(), o.line)).collect();
        assert_eq!(
            told,
            [
                ("src/lib.rs - two (2)", Some(25)),
                ("src/lib.rs - two", Some(5)),
                ("src/lib.rs", Some(1)),
                ("src/lib.rs - two", Some(5)),
                ("src/a.rs - a::B<C>::d - compile fail", Some(9)),
                ("tests::a (line 3)", None),
                ("a - b (line 3)", None),
                ("src/lib.rs - x (line 0)", None),
            ]
        );
    }
}
