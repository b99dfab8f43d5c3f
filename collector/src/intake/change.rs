//! Changes that a sender's checkout knows: one JSON object per line, bounded and cleaned.

use annals_data::row::Change;

use super::Bounds;
use super::head::short;
use super::refusal::{Refusal, Result};

/// Parents of one change; git's own octopus merges have a few dozen.
const PARENTS: usize = 100;
/// Files of one change; of more only the first are kept.
const FILES: usize = 20_000;
/// Bytes of a path.
const PATH: usize = 4096;
/// Bytes of a name or an address.
const NAME: usize = 500;
/// Bytes of a subject.
const SUBJECT: usize = 1024;
/// Bytes of a message.
const MESSAGE: usize = 64 << 10;
/// The end of the year 9999.
const LAST: i64 = 253_402_300_799_000_000;

/// Reads the changes of `project`.
pub(super) fn read(project: &str, bytes: &[u8], bounds: &Bounds) -> Result<Vec<Change>> {
    let text = std::str::from_utf8(bytes).map_err(|_| Refusal::malformed("the part `changes` is not UTF-8"))?;
    let mut changes = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        if changes.len() >= bounds.changes {
            return Err(Refusal::too_large("the request has too many changes", "changes", bounds.changes));
        }
        let refused = |reason: String| {
            let refusal = Refusal::unprocessable(format!("changes:{}: {reason}", number + 1));
            refusal.fact("file", "changes").fact("line", number + 1).fact("reason", reason)
        };
        let change: Change = serde_json::from_str(line).map_err(|error| refused(error.to_string()))?;
        changes.push(clean(project, change).map_err(refused)?);
    }
    Ok(changes)
}

/// Returns a change within bounds, or why it is none.
pub(super) fn clean(project: &str, mut change: Change) -> Result<Change, String> {
    project.clone_into(&mut change.project);
    let ids = std::iter::once(&change.revision).chain(&change.parents);
    if let Some(id) = ids.into_iter().find(|id| !is_commit(id)) {
        return Err(format!("`{}` is no full commit id", short(id)));
    }
    if change.parents.len() > PARENTS || change.parents.contains(&change.revision) {
        return Err(format!("the parents of `{}` cannot be", change.revision));
    }
    for name in [&mut change.author_name, &mut change.author_email, &mut change.committer_name] {
        cut(name, NAME);
    }
    cut(&mut change.committer_email, NAME);
    cut(&mut change.subject, SUBJECT);
    cut(&mut change.message, MESSAGE);
    change.authored_at = change.authored_at.clamp(-LAST, LAST);
    change.committed_at = change.committed_at.clamp(-LAST, LAST);
    change.files.truncate(FILES);
    for file in &mut change.files {
        cut(&mut file.path, PATH);
        file.old_path.iter_mut().for_each(|path| cut(path, PATH));
        if !["added", "modified", "deleted", "renamed", "copied", "typechange"].contains(&file.kind.as_str()) {
            return Err(format!("`{}` is no kind of a file's change", short(&file.kind)));
        }
    }
    Ok(change)
}

/// Returns whether a text is a full commit id of git: SHA-1 or SHA-256.
pub(super) fn is_commit(id: &str) -> bool {
    matches!(id.len(), 40 | 64) && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn cut(text: &mut String, bound: usize) {
    text.truncate(text.floor_char_boundary(bound));
}
