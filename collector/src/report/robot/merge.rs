//! The runs that `rebot --merge` put together: it keeps the last one and writes the others into its message.
//!
//! The message is HTML: a header, then per run, newest first, `<hr>`, its status and its message (Robot's
//! `result/merger.py`).

use super::super::xml::unescape;

/// Runs that are told apart; nobody reruns a test more often.
const RUNS: usize = 100;

/// One run of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) word: String,
    pub(super) message: String,
}

impl Run {
    pub(super) fn new(word: &str, message: &str) -> Self {
        Self { word: word.to_owned(), message: message.to_owned() }
    }
}

/// Returns the runs that a message tells of, oldest first; nothing where it tells of none.
pub(super) fn runs(message: &str) -> Option<Vec<Run>> {
    let (header, rest) = message.strip_prefix("*HTML*")?.split_once("<hr>")?;
    // Where the later run skipped the test, Robot keeps the earlier one and says so in the header.
    if !header.contains("e-executed") || !header.contains("merged.") || header.contains("Latter result") {
        return None;
    }
    let mut runs = rest.split("<hr>").take(RUNS).map(run).collect::<Option<Vec<Run>>>()?;
    // Before version 3 a run that was itself merged has the header as its message, and stands once more behind it.
    runs.retain(|run| !run.message.ends_with("e-executed test has been merged."));
    runs.reverse();
    Some(runs)
}

fn run(text: &str) -> Option<Run> {
    let (status, rest) = text.split_once("<br>").unwrap_or((text, ""));
    let word = status.trim_end().strip_suffix("</span>")?.rsplit('>').next()?.trim();
    let is_word = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b' ');
    let message = rest.split_once("message:").map_or("", |(_, message)| message);
    let message = message.trim_start_matches("</span>").trim();
    let message = message.strip_suffix("<br>").unwrap_or(message);
    is_word.then(|| Run { word: word.to_owned(), message: unescape(message).into_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merged_runs_are_told_oldest_first() {
        let status = |kind: &str, word: &str| {
            let class = word.to_lowercase();
            format!("<hr><span class=\"{kind}-status\">{kind} status:</span> <span class=\"{class}\">{word}</span><br>")
        };
        let said = |kind: &str, text: &str| format!("<span class=\"{kind}-message\">{kind} message:</span> {text}<br>");
        let header = "*HTML* <span class=\"merge\">Test has been re-executed and results merged.</span>";
        let message = [
            header.to_owned(),
            status("New", "PASS"),
            status("Old", "FAIL"),
            said("Old", "1 &lt; 2"),
            status("Old", "SKIP"),
        ];
        let expected = [Run::new("SKIP", ""), Run::new("FAIL", "1 < 2"), Run::new("PASS", "")];
        assert_eq!(runs(&message.concat()), Some(expected.to_vec()));
        let older = "*HTML* <span class=\"merge\">Test has been re-executed and results merged.</span><hr>\
            New status: <span class=\"pass\">PASS</span><br><hr>Old status: <span class=\"fail\">FAIL</span><br>\
            Old message: boom<br>";
        assert_eq!(runs(older), Some(vec![Run::new("FAIL", "boom"), Run::new("PASS", "")]));
        let oldest = "*HTML*Re-executed test has been merged.<hr>New status:  <span class=\"pass\">PASS</span><br>New \
            message:  <hr>Old status:  <span class=\"fail\">FAIL</span><br>Old message:  Re-executed test has been merged.\
            <hr>New status:  <span class=\"fail\">FAIL</span><br>New message:  b<hr>Old status:  \
            <span class=\"skip\">SKIP</span><br>Old message:  a";
        assert_eq!(runs(oldest), Some(vec![Run::new("SKIP", "a"), Run::new("FAIL", "b"), Run::new("PASS", "")]));
        for other in ["boom", "*HTML* <b>x</b>", header, &format!("{header}<hr>")] {
            assert_eq!(runs(other), None, "{other}");
        }
    }
}
