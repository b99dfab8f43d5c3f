//! The pages, one file each: it asks single views, fills one template, and does nothing else.
//!
//! A page is computed from one session, so all its numbers belong to one version of the data.

pub(crate) mod api_sql;
pub(crate) mod asset;
pub(crate) mod author;
pub(crate) mod build;
pub(crate) mod chart;
pub(crate) mod error;
pub(crate) mod grid;
pub(crate) mod incident;
pub(crate) mod log;
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

use crate::request::Params;
use crate::select::Select;
use crate::show::Markup;
use crate::table::{Row, Table};
use crate::{App, Error, Result};

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
        let time = app.limits().time;
        Ok(Self { session: app.session().await?, now: app.now(), time, section })
    }

    /// Returns the rows of a query.
    pub(crate) async fn rows(&self, select: Select) -> Result<Table> {
        tokio::time::timeout(self.time, select.run(&self.session)).await.map_err(|_| Error::Timeout(self.time))?
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

/// One page of a list: which rows, and the links to the rows before and after.
pub(crate) struct Pager {
    params: Params,
    path: &'static str,
    number: usize,
    size: usize,
}

impl Pager {
    pub(crate) fn new(params: &Params, path: &'static str, size: usize) -> Self {
        let number = params.number("page").unwrap_or(1).clamp(1, 100_000);
        Self { params: params.clone(), path, number, size }
    }

    pub(crate) fn of(&self, select: Select) -> Select {
        select.limit(self.size).offset((self.number - 1) * self.size)
    }

    /// Returns the links; nothing where one page holds all.
    pub(crate) fn links(&self, table: &Table) -> Markup {
        let link = |number: usize, rel: &str, word: &str| {
            let query = self.params.with("page", &number.to_string());
            format!("<a rel=\"{rel}\" href=\"{}?{}\">{word}</a>", self.path, crate::show::escape(&query))
        };
        if self.number == 1 && !table.has_more {
            return Markup::default();
        }
        let mut text = String::from("<nav class=\"pager\" aria-label=\"pages of this list\">");
        if self.number > 1 {
            text.push_str(&link(self.number - 1, "prev", "← previous"));
        }
        let first = (self.number - 1) * self.size;
        text.push_str(&format!("<span>rows {}–{}</span>", first + 1.min(table.len()), first + table.len()));
        if table.has_more {
            text.push_str(&link(self.number + 1, "next", "next →"));
        }
        text.push_str("</nav>");
        Markup::trusted(text)
    }
}

/// The heads of a list that its reader may sort by.
pub(crate) struct Sorter {
    params: Params,
    path: &'static str,
    choices: &'static [Choice],
    chosen: &'static Choice,
}

/// One order of a list: its word in the address and its `ORDER BY`.
pub(crate) struct Choice {
    pub(crate) word: &'static str,
    pub(crate) order: &'static str,
}

impl Sorter {
    /// Takes the order that the address asks for, or the first.
    pub(crate) fn new(params: &Params, path: &'static str, choices: &'static [Choice]) -> Self {
        let asked = choices.iter().find(|c| c.word == params.get("sort"));
        Self { params: params.clone(), path, choices, chosen: asked.unwrap_or(&choices[0]) }
    }

    pub(crate) fn of(&self, select: Select) -> Select {
        select.order(self.chosen.order)
    }

    /// Returns a head of the list: a link, with a sign where the list is sorted by it.
    pub(crate) fn head(&self, word: &str, text: &str) -> Markup {
        debug_assert!(self.choices.iter().any(|c| c.word == word), "no order `{word}`");
        let mut query = Params::parse(&self.params.with("sort", word)).with("page", "");
        query = crate::show::escape(&query);
        let (sort, sign) = if self.chosen.word == word { (" aria-sort=\"descending\"", " ▾") } else { ("", "") };
        Markup::trusted(format!("<th scope=\"col\"{sort}><a href=\"{}?{query}\">{text}{sign}</a></th>", self.path))
    }
}
