//! `/grid`: tests down, positions across; each cell links to its build.
//!
//! Verdicts are laid out here, never folded: one cell is one row of `test_grid`.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use askama::Template;
use axum::extract::State;
use axum::response::Html;

use super::{Page, Pager, html};
use crate::request::Params;
use crate::select::Select;
use crate::show::{self, Markup};
use crate::table::{Cell, Row, Table};
use crate::{App, Result};

/// Positions across.
pub(crate) const WIDTH: usize = 40;
/// Tests down.
const HEIGHT: usize = 100;

/// Verdicts laid out: series down in the order of their names, positions across, the newest at the right.
pub(crate) struct Grid {
    /// Positions, oldest first, with their revisions.
    pub(crate) heads: Vec<(i64, String)>,
    pub(crate) lines: Vec<Line>,
}

/// One series.
pub(crate) struct Line {
    pub(crate) group: String,
    pub(crate) name: String,
    /// The test to link to, where the lines are tests.
    pub(crate) test: Option<String>,
    pub(crate) cells: Vec<Markup>,
}

impl Grid {
    /// Lays out the newest `width` positions; `label` names the line that a row belongs to.
    pub(crate) fn new(rows: &Table, width: usize, label: impl Fn(&Row) -> (String, String, Option<String>)) -> Self {
        let mut revisions = BTreeMap::new();
        let mut cells = HashMap::new();
        let mut labels = BTreeSet::new();
        for row in &rows.rows {
            let (position, label) = (row.int("position").unwrap_or_default(), label(row));
            revisions.entry(position).or_insert_with(|| row.text("revision"));
            cells.insert((label.clone(), position), cell(row));
            labels.insert(label);
        }
        let heads: Vec<_> = revisions.into_iter().rev().take(width).collect::<Vec<_>>().into_iter().rev().collect();
        let lines = labels.into_iter().map(|label| {
            let at = |(position, _): &(i64, String)| cells.remove(&(label.clone(), *position)).unwrap_or_else(absent);
            let cells = heads.iter().map(at).collect();
            let (group, name, test) = label;
            Line { group, name, test, cells }
        });
        let lines = lines.collect();
        Self { heads, lines }
    }
}

/// One verdict as a small coloured link with a sign, and a title that says it in words.
pub(crate) fn cell(row: &Row) -> Markup {
    let verdict = row.text("verdict");
    let (sign, class) = show::sign(&verdict);
    let revision: String = row.text("revision").chars().take(10).collect();
    let said =
        show::escape(&format!("{verdict} at {} ({revision}), {}", row.text("position"), row.length("duration_ms")));
    Markup::trusted(format!(
        "<a class=\"cell {class}\" href=\"/build/{}\" title=\"{said}\" aria-label=\"{said}\">{sign}</a>",
        show::escape(&row.text("build_id"))
    ))
}

/// Says what the signs of cells mean.
pub(crate) fn legend() -> Markup {
    let words = ["pass", "fail", "flaky", "skip"].map(|word| show::state(word).to_string());
    Markup::trusted(format!(
        "<span class=\"legend\">{} <span class=\"cell absent\"></span> not run</span>",
        words.join(" ")
    ))
}

/// Returns the last three digits of a position: the head of a narrow column.
pub(crate) fn short(position: &i64) -> String {
    if *position < 1000 { position.to_string() } else { format!("{:03}", position % 1000) }
}

fn absent() -> Markup {
    Markup::trusted("<span class=\"cell absent\" title=\"not run\"></span>".to_owned())
}

#[derive(Template)]
#[template(path = "grid.html")]
struct GridPage<'a> {
    page: &'a Page,
    params: &'a Params,
    builders: Table,
    project: String,
    branch: String,
    builder: String,
    show: &'a str,
    grid: Grid,
    series: Table,
    cells: Table,
    pager: Pager,
}

pub(crate) async fn show(State(app): State<App>, params: Params) -> Result<Html<String>> {
    let page = Page::open(&app, "/grid").await?;
    let builders = page.builders().await?;
    let asked = |row: &&Row| {
        ["project", "branch", "builder"].iter().all(|c| params.get(c).is_empty() || params.get(c) == row.text(c))
    };
    let first = builders.rows.iter().find(asked);
    let chosen = |column: &str| match params.get(column) {
        "" => first.map(|row| row.text(column)).unwrap_or_default(),
        given => given.to_owned(),
    };
    let (project, branch, builder) = (chosen("project"), chosen("branch"), chosen("builder"));
    let show = if params.get("show") == "all" { "all" } else { "unsteady" };
    let pager = Pager::new(&params, "/grid", HEIGHT);
    let source =
        Source { page: &page, project: &project, branch: &branch, builder: &builder, name: params.get("name") };
    let since = source.since().await?;
    let series = match show {
        "all" => source.newest(&pager).await?,
        _ => source.unsteady(since).await?,
    };
    let cells = source.cells(&series, since).await?;
    let label = |row: &Row| (row.text("suite"), row.text("name"), Some(row.text("test_id")));
    let grid = Grid::new(&cells, WIDTH, label);
    html(&GridPage {
        page: &page,
        params: &params,
        builders,
        project,
        branch,
        builder,
        show,
        grid,
        series,
        cells,
        pager,
    })
}

/// The rows of one builder on one branch.
struct Source<'a> {
    page: &'a Page,
    project: &'a str,
    branch: &'a str,
    builder: &'a str,
    name: &'a str,
}

impl Source<'_> {
    fn of(&self, select: Select) -> Select {
        select.eq("project", self.project).eq("branch", self.branch).eq("builder", self.builder)
    }

    /// Returns the oldest of the newest positions.
    async fn since(&self) -> Result<i64> {
        let builds = self.of(Select::of("build_summary", "position, build_id")).eq("is_patch", false);
        let builds = self.page.rows(builds.order("position DESC").limit(WIDTH)).await?;
        Ok(builds.rows.last().and_then(|r| r.int("position")).unwrap_or(0))
    }

    /// Returns series that did anything but pass lately, the latest first.
    async fn unsteady(&self, since: i64) -> Result<Table> {
        let select = self
            .of(Select::of("streak", "test_id, series_id, last_position, verdict"))
            .among("kind", ["test", "suite", "step"].map(Cell::from))
            .at_least("last_position", since)
            .among("verdict", ["fail", "flaky"].map(Cell::from))
            .contains("name", self.name)
            .order("last_position DESC, suite, name, first_position")
            .limit(5000);
        self.page.rows(select).await
    }

    /// Returns the series of the newest build, by name.
    async fn newest(&self, pager: &Pager) -> Result<Table> {
        let build = self.of(Select::of("build_summary", "position")).eq("is_patch", false).order("position DESC");
        let position = self.page.first(build).await?.and_then(|(row, _)| row.int("position")).unwrap_or(0);
        let select = self
            .of(Select::of("streak", "test_id, series_id, last_position, verdict"))
            .among("kind", ["test", "step"].map(Cell::from))
            .eq("last_position", position)
            .contains("name", self.name)
            .order("suite, name");
        self.page.rows(pager.of(select)).await
    }

    async fn cells(&self, series: &Table, since: i64) -> Result<Table> {
        let ids = |column: &'static str| {
            let ids = series.distinct(column).into_iter().take(HEIGHT);
            ids.filter_map(|id| id.parse().ok()).map(Cell::Int).collect::<Vec<_>>()
        };
        let columns = "suite, name, test_id, series_id, position, revision, build_id, verdict, duration_ms";
        let select = Select::of("test_grid", columns)
            // By the tests the files are in order.
            .among("test_id", ids("test_id"))
            .among("series_id", ids("series_id"))
            .at_least("position", since)
            .order("suite, name, position")
            .limit(WIDTH * HEIGHT * 2);
        self.page.rows(select).await
    }
}
