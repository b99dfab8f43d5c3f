//! The pages, one file each: it asks single views, fills one template, and does nothing else.
//!
//! A page is computed from one session, so all its numbers belong to one version of the data.

pub(crate) mod api_query;
pub(crate) mod api_sql;
pub(crate) mod asset;
pub(crate) mod author;
pub(crate) mod build;
pub(crate) mod change;
pub(crate) mod chart;
pub(crate) mod compare;
pub(crate) mod error;
mod file;
pub(crate) mod finding;
pub(crate) mod grid;
pub(crate) mod incident;
mod list;
pub(crate) mod log;
pub(crate) mod mcp;
pub(crate) mod openapi;
pub(crate) mod overview;
pub(crate) mod problem;
pub(crate) mod sql;
pub(crate) mod test;
pub(crate) mod view;

use std::sync::Arc;
use std::time::Duration;

use annals_analytics::Session;
use askama::Template;
use axum::response::Html;
use chrono::{DateTime, Utc};
use datafusion::common::runtime::SpawnedTask;

use crate::select::Select;
use crate::table::{Row, Table};
use crate::{App, Error, Result};
use list::{Choice, Pager, Sorter};

/// Rows of one page of a list.
const LIST: usize = 50;

/// What every page knows: its session, the time, and where in the site it is.
pub(crate) struct Page {
    session: Arc<Session>,
    pub(crate) now: DateTime<Utc>,
    time: Duration,
    section: &'static str,
}

impl Page {
    /// Opens a page of a section of the site; the section is the path of its entry in the navigation.
    pub(crate) async fn open(app: &App, section: &'static str) -> Result<Self> {
        let time = app.limits().desk.share.time;
        Ok(Self { session: app.session().await?, now: app.now(), time, section })
    }

    /// Returns the rows of a query. It is planned and run in a task of its own, so the queries of a page that are joined
    /// share all processors.
    pub(crate) async fn rows(&self, select: Select) -> Result<Table> {
        let session = Arc::clone(&self.session);
        let rows = SpawnedTask::spawn(async move { select.run(&session).await });
        let rows = tokio::time::timeout(self.time, rows.join_unwind()).await.map_err(|_| Error::Timeout(self.time))?;
        rows.map_err(Error::internal)?
    }

    /// Returns the first row of a query, with the text of the query.
    pub(crate) async fn first(&self, select: Select) -> Result<Option<(Row, Table)>> {
        let table = self.rows(select.limit(1)).await?;
        Ok(table.rows.first().cloned().map(|row| (row, table)))
    }

    pub(crate) fn session(&self) -> &Arc<Session> {
        &self.session
    }

    /// Returns the version of the data, for the foot of the page.
    fn version(&self) -> i64 {
        self.session.version
    }

    /// Returns whether the judgement on the page is of that version, too.
    fn is_judged(&self) -> bool {
        self.session.is_judged
    }

    fn clock(&self) -> String {
        self.now.format("%Y-%m-%d %H:%M:%S UTC").to_string()
    }

    fn css(&self) -> &'static str {
        asset::css_path()
    }

    /// Returns the entries of the navigation: path, word, and whether the page is in that section.
    fn sections(&self) -> [(&'static str, &'static str, bool); 7] {
        let entry = |path, word| (path, word, path == self.section);
        [
            entry("/", "Overview"),
            entry("/problem", "Problems"),
            entry("/build", "Builds"),
            entry("/grid", "Tests"),
            entry("/author", "Authors"),
            entry("/view", "Views"),
            entry("/sql", "SQL"),
        ]
    }

    /// Returns whether figures about single people may be shown.
    pub(crate) async fn shows_authors(&self) -> Result<bool> {
        let setting = Select::of("raw.setting", "value").eq("name", "author_stats");
        Ok(self.first(setting).await?.is_none_or(|(row, _)| row.float("value") != Some(0.0)))
    }

    /// Returns project, branch and builder of all builders, for the fields of a form.
    pub(crate) async fn builders(&self) -> Result<Table> {
        let select = Select::of("builder_health", "project, branch, builder, last_built_at, last_build_id");
        self.rows(select.order("last_built_at DESC NULLS LAST, project, branch, builder")).await
    }
}

/// Renders a template.
fn html(template: &impl Template) -> Result<Html<String>> {
    template.render().map(Html).map_err(Error::internal)
}
