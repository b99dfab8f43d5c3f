//! Changes from rows.

use annals_data::row::{Change, File};

use super::select::Batch;
use crate::error::Result;

/// Returns the changes of a batch.
pub(super) fn read(project: &str, batch: &Batch) -> Result<Vec<Change>> {
    let (revision, name, email) = (batch.texts("revision")?, batch.texts("author_name")?, batch.texts("author_email")?);
    let (subject, message) = (batch.texts("subject")?, batch.texts("message")?);
    let (authored_at, committed_at) = (batch.times("authored_at")?, batch.times("committed_at")?);
    let parents = batch.lists("parents", char::is_whitespace)?;
    let files = batch.lists("files", |c| c == '|')?;
    let change = |row| {
        let Some(revision) = revision.own(row) else { return Err(batch.error("a row has no revision".to_owned())) };
        let (author_name, author_email) = (name.own(row).unwrap_or_default(), email.own(row).unwrap_or_default());
        let text = message.get(row).or(subject.get(row)).unwrap_or_default();
        let first_line = text.lines().next().unwrap_or_default();
        Ok(Change {
            project: project.to_owned(),
            revision,
            parents: parents.get(row),
            committer_name: author_name.clone(),
            committer_email: author_email.clone(),
            author_name,
            author_email,
            authored_at: authored_at.get(row).or(committed_at.get(row)).unwrap_or_default(),
            committed_at: committed_at.get(row).or(authored_at.get(row)).unwrap_or_default(),
            subject: subject.get(row).unwrap_or(first_line).to_owned(),
            message: text.to_owned(),
            files: files.get(row).into_iter().map(file).collect(),
        })
    };
    (0..batch.row_count()).map(change).collect()
}

/// What was done to the file is not known; that it was touched is.
fn file(path: String) -> File {
    File { path, kind: "modified".to_owned(), ..File::default() }
}
