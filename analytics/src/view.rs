//! The catalog of views: what each file of `views/` says about itself.
//!
//! A view file is one SELECT under a head of comment lines, in this order:
//!
//! ```sql
//! -- Title in one line
//! -- More about it, as many lines as it needs, or none.
//! -- Grain: one row per what
//! -- Kept: why it is computed once per session, when first asked for, and read from memory then; most views are not
//! -- Judged: the same of a view that takes long: a version may be shown with that of the version before
//! -- column: what it means
//! ```
//!
//! with at most one of the two, and one line for every output column, in the order of the SELECT. The file's folder is the layer, its stem the name;
//! `step` views may read `raw`, `mart` views may read both. The build script lists the files; [`folder`] reads a site's
//! own. Planning is not here: see [`crate::session`].
//!
//! Habits of DataFusion decide how a view is written. A CTE or view that is read twice is computed twice, so windows and
//! `CASE` are better than self joins. `CROSS JOIN` makes one batch per row of its left side, so thresholds stand left:
//! `FROM threshold AS t CROSS JOIN episode AS e`. Windows cost by partitions, ordered aggregates by rows, and texts as
//! keys of large groupings many times what ids do: numbers are folded, and texts joined to what is left. A frame that
//! ends at the current row is said as `ROWS`; the default `RANGE` takes twice as long.

pub mod duckdb;

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use crate::{Error, Result};

/// Whether a view is computed once per session and kept in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// It is planned into every query that reads it.
    Not,
    /// It is, before its version is shown.
    Kept,
    /// It is, and its version may be shown before that.
    Judged,
}

/// One view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// The schema that it is in: `step` or `mart`.
    pub layer: String,
    /// Its name, which is the file's stem.
    pub name: String,
    /// What it shows, in one line.
    pub title: String,
    /// More about it; may be empty.
    pub about: String,
    /// One row per what.
    pub grain: String,
    /// Whether it is computed once per session and kept in memory.
    pub keep: Keep,
    /// Output columns with their meaning, in order.
    pub columns: Vec<(String, String)>,
    /// The whole file.
    pub text: String,
}

const FILES: &[(&str, &str, &str)] = &include!(concat!(env!("OUT_DIR"), "/views.rs"));

static CATALOG: LazyLock<Vec<View>> = LazyLock::new(|| {
    let views = FILES.iter().map(|(layer, name, text)| View::parse(layer, name, text));
    views.collect::<Result<_>>().expect("a test reads every built-in view's head")
});

/// Returns all built-in views, `step` before `mart`, each by name.
pub fn all() -> &'static [View] {
    &CATALOG
}

/// Returns the built-in view of that name in `mart`.
pub fn find(name: &str) -> Option<&'static View> {
    all().iter().find(|view| view.layer == "mart" && view.name == name)
}

/// Reads a site's own views: the files `*.sql` of a folder, which join the layer `mart`.
pub fn folder(path: &Path) -> Result<Vec<View>> {
    let unreadable = |source| Error::ViewFile { path: path.to_path_buf(), source };
    let mut views = Vec::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        if file.extension().is_some_and(|extension| extension == "sql") {
            let text = fs::read_to_string(&file).map_err(|source| Error::ViewFile { path: file.clone(), source })?;
            let name = file.file_stem().unwrap_or_default().to_string_lossy();
            views.push(View::parse("mart", &name, &text)?);
        }
    }
    views.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(views)
}

impl View {
    /// Reads a view file.
    ///
    /// # Errors
    ///
    /// [`Error::ViewHead`] when the head has no title, no grain, or a line under the grain that is no `column: meaning`.
    pub fn parse(layer: &str, name: &str, text: &str) -> Result<Self> {
        let fault = |reason: String| Error::ViewHead { view: format!("{layer}.{name}"), reason };
        let mut head = text.lines().map_while(|line| line.strip_prefix("--")).map(str::trim).peekable();
        let title = head.next().filter(|title| !title.is_empty()).ok_or_else(|| fault("no title".into()))?;
        let mut about = Vec::new();
        let grain = loop {
            let line = head.next().ok_or_else(|| fault("no line `-- Grain: one row per …`".into()))?;
            match line.strip_prefix("Grain:") {
                Some(grain) => break grain.trim(),
                None => about.push(line),
            }
        };
        let keep = match head.next_if(|line| line.starts_with("Kept:") || line.starts_with("Judged:")) {
            None => Keep::Not,
            Some(line) if line.starts_with("Kept:") => Keep::Kept,
            Some(_) => Keep::Judged,
        };
        let columns = head.map(|line| column(line).ok_or_else(|| fault(format!("`{line}` is no `column: meaning`"))));
        Ok(Self {
            layer: layer.into(),
            name: name.into(),
            title: title.into(),
            about: about.join("\n"),
            grain: grain.into(),
            keep,
            columns: columns.collect::<Result<_>>()?,
            text: text.into(),
        })
    }

    /// Returns the view's name with its schema.
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.layer, self.name)
    }
}

fn column(line: &str) -> Option<(String, String)> {
    let (name, meaning) = line.split_once(": ")?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_name.then(|| (name.to_string(), meaning.trim().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_line_by_line() {
        let view = View::parse("mart", "x", "-- Title\n-- More.\n-- Grain: one row per y\n-- a: the a\nSELECT 1 AS a");
        let view = view.expect("the head is whole");
        assert_eq!(
            (view.title.as_str(), view.about.as_str(), view.grain.as_str()),
            ("Title", "More.", "one row per y")
        );
        assert_eq!(view.columns, [("a".to_string(), "the a".to_string())]);
    }

    #[test]
    fn a_head_without_grain_is_refused() {
        let error = View::parse("mart", "x", "-- Title\nSELECT 1 AS a").expect_err("no grain");
        assert_eq!(error.to_string(), "view `mart.x`: no line `-- Grain: one row per …`");
    }
}
