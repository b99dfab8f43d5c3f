//! A list of one view that is declared rather than written: which columns, how each is shown, by what it may be sorted.

use askama::Template;
use axum::response::Html;

use crate::page::{Choice, LIST, Page, Pager, Sorter, html};
use crate::request::Params;
use crate::select::Select;
use crate::show::{self, Markup, escape};
use crate::table::{Row, Table};
use crate::{App, Result};

/// A list.
pub(super) struct Listing {
    pub(super) path: &'static str,
    pub(super) title: &'static str,
    pub(super) lead: &'static str,
    pub(super) view: &'static str,
    pub(super) columns: &'static str,
    pub(super) orders: &'static [Choice],
    pub(super) heads: &'static [Head],
    /// Columns that a reader may choose a value of.
    pub(super) filters: &'static [&'static str],
    /// It is asked of one builder only: the one that built last unless the reader chooses.
    pub(super) needs_builder: bool,
    /// What is said where there is no row.
    pub(super) none: &'static str,
}

/// A column.
pub(super) struct Head {
    title: &'static str,
    column: &'static str,
    /// The word of its order; empty where it has none.
    sort: &'static str,
    kind: Kind,
}

/// How a value is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    /// A word of the tables.
    Word,
    Status,
    Test,
    Lane,
    Incident,
    Revision,
    Time,
    Month,
    Count,
    Position,
    Percent,
    Figure,
    Length,
}

pub(super) const fn head(title: &'static str, column: &'static str, kind: Kind) -> Head {
    Head { title, column, sort: "", kind }
}

pub(super) const fn sorted(sort: &'static str, title: &'static str, column: &'static str, kind: Kind) -> Head {
    Head { title, column, sort, kind }
}

impl Head {
    fn is_number(&self) -> bool {
        matches!(self.kind, Kind::Count | Kind::Position | Kind::Percent | Kind::Figure | Kind::Length)
    }

    fn cell(&self, row: &Row, page: &Page) -> Markup {
        let text = |text: String| Markup::trusted(escape(&text));
        let link = |path: &str| {
            let of = row.text(self.column);
            Markup::trusted(format!("<a href=\"{path}{}\">{}</a>", show::segment(&of), escape(&of)))
        };
        match self.kind {
            Kind::Text => text(row.text(self.column)),
            Kind::Word => text(row.text(self.column).replace('_', " ")),
            Kind::Status => row.state(self.column),
            Kind::Test => Markup::trusted(format!("<a href=\"/test/{}\">{}</a>", row.text("test_id"), row.test())),
            Kind::Lane => Markup::trusted(format!(
                "{} <small>{} · {}</small>",
                escape(&row.text("builder")),
                escape(&row.text("project")),
                escape(&row.text("branch"))
            )),
            Kind::Incident => link("/incident/"),
            Kind::Revision => row.revision(self.column),
            Kind::Time => row.time(self.column, &page.now),
            Kind::Month => text(row.day(self.column).chars().take(7).collect()),
            Kind::Count => text(row.count(self.column)),
            Kind::Position => text(format!("{} positions", row.count(self.column))),
            Kind::Percent => text(row.percent(self.column)),
            Kind::Figure => text(row.figure(self.column)),
            Kind::Length => text(row.length(self.column)),
        }
    }
}

#[derive(Template)]
#[template(path = "finding.html")]
struct List<'a> {
    page: &'a Page,
    listing: &'a Listing,
    params: &'a Params,
    rows: Table,
    builders: Table,
    sorter: Sorter,
    pager: Pager,
    chart: Markup,
}

impl Listing {
    /// Shows one page of the list, with a chart above it.
    pub(super) async fn show(&'static self, app: &App, params: &Params, chart: Markup) -> Result<Html<String>> {
        let page = Page::open(app, "/problem").await?;
        let builders = page.builders().await?;
        let params = self.settled(params, &builders);
        let (pager, sorter) = (Pager::new(&params, self.path, LIST), Sorter::new(&params, self.path, self.orders));
        let chosen = |select: Select, column: &&'static str| select.eq_given(column, params.get(column));
        let select = self.filters.iter().fold(Select::of(self.view, self.columns), chosen);
        let rows = page.rows(pager.of(sorter.of(select))).await?;
        html(&List { page: &page, listing: self, params: &params, rows, builders, sorter, pager, chart })
    }

    /// Returns the parameters with a builder where one is needed and none is chosen.
    fn settled(&self, params: &Params, builders: &Table) -> Params {
        let Some(last) = builders.rows.first().filter(|_| self.needs_builder && params.get("builder").is_empty())
        else {
            return params.clone();
        };
        let all = ["project", "branch", "builder"].into_iter();
        all.fold(params.clone(), |params, name| Params::parse(&params.with(name, &last.text(name))))
    }
}
