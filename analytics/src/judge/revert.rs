//! Changes that were taken back, and why: breaks whose culprit the history itself names.
//!
//! Who takes a change back mostly says in the message what it broke. So the reason stands for the name of a test and the
//! text of its failure, from the culprit until the revert, and the history is thinned as others are.

use super::change::{Change, TAKES_BACK};
use super::read::{History, Turn};
use super::thin::{Event, Line};

/// A reason is about a failure if it has a word that begins so.
const FAILURE: [&str; 12] =
    ["fail", "broke", "break", "crash", "panic", "flak", "error", "regress", "test", "build", "timeout", "exception"];
/// What follows a line that begins so says what the culprit wanted, not what it did.
const QUOTED: [&str; 2] = ["original change", "original commit"];

/// Returns the breaks that changes of a branch were taken back for on it.
pub(crate) fn events(history: &History, line: &Line) -> Vec<Event> {
    let positions = line.positions(history);
    let event = |(place, change): (usize, &Change)| {
        let revert = *positions.get(&place)?;
        let culprit = *positions.get(&history.find(change.takes_back()?)?)?;
        let text = reason(&change.told.message)?;
        (culprit < revert).then(|| Event {
            turn: Turn::Break,
            before: (i64::MIN / 2, culprit - 1),
            behind: (culprit, revert - 1),
            suite: String::new(),
            name: text.clone(),
            text,
        })
    };
    history.changes.iter().enumerate().filter_map(event).collect()
}

/// Returns what a message gives as the reason of a revert, if it is a failure: without its title, which is the
/// culprit's, without what it quotes, and without trailers.
fn reason(message: &str) -> Option<String> {
    let lines = message.lines().skip(1).map(|line| said(line.trim()));
    let lines = lines.take_while(|line| !QUOTED.iter().any(|quoted| line.to_lowercase().starts_with(quoted)));
    let lines: Vec<&str> = lines.filter(|line| !line.starts_with('>') && !is_trailer(line)).collect();
    let text = lines.join("\n").trim().to_owned();
    let is_failure = |word: &str| FAILURE.iter().any(|begin| word.starts_with(begin));
    text.to_lowercase().split(|c: char| !c.is_alphabetic()).any(is_failure).then_some(text)
}

/// Returns a line without the sentence that names the culprit.
fn said(line: &str) -> &str {
    match line.strip_prefix(TAKES_BACK) {
        Some(rest) => rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric()).trim_start_matches(['.', ',', ' ']),
        None => line,
    }
}

/// Returns whether a line is a trailer of git: `Change-Id: I1234`.
fn is_trailer(line: &str) -> bool {
    let key = line.split_once(": ").map(|(key, _)| key);
    key.is_some_and(|key| key.contains('-') && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_neither_title_nor_quotation_nor_trailer() {
        let message = "Revert \"parser: fewer copies\"\n\nThe test of nested lists crashes.\n> so it was\nSigned-off-by: A\n\
            \nOriginal change's description:\n> it breaks nothing";
        assert_eq!(reason(message).unwrap(), "The test of nested lists crashes.");
        let message = "Revert \"a\"\n\nThis reverts commit 12ab, as the build breaks.\nReason: no link\nChange-Id: I1";
        assert_eq!(reason(message).unwrap(), "as the build breaks.\nReason: no link");
        assert_eq!(reason("Revert \"the test fails\"\n\nThis reverts commit 12ab.\n\nNobody wants it."), None);
    }
}
