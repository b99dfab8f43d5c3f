//! `/view` and `/view/{name}`: the catalog; each view with its text, columns, first rows, and as a file.

use annals_analytics::outside::Answer;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{Html, IntoResponse, Response};
use datafusion::common::TableReference;

use super::file;
use super::{Page, html};
use crate::export::{Document, FORMATS, Format, Shape, Wish};
use crate::query;
use crate::request::Params;
use crate::select::Select;
use crate::show;
use crate::table::Table;
use crate::{App, Error, Result};

/// Rows on the page of a view.
const ROWS: usize = 50;

/// A view with its columns.
pub(crate) struct View {
    pub(crate) layer: String,
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) grain: String,
    pub(crate) text: String,
    pub(crate) columns: Vec<Column>,
}

/// A column of a view.
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) doc: String,
}

impl View {
    /// Returns the name as queries and addresses write it; `mart` is the schema that needs no name.
    pub(crate) fn path(&self) -> String {
        if self.layer == "mart" { self.name.clone() } else { format!("{}.{}", self.layer, self.name) }
    }

    /// Returns the address of a query of its first rows.
    pub(crate) fn query(&self) -> String {
        format!("/sql?{}", show::query(&[("q", &format!("SELECT *\nFROM {}\nLIMIT 100", self.path()))]))
    }

    /// Returns what a row of it is, for readers of its files.
    fn note(&self) -> String {
        let grain = if self.grain.is_empty() { String::new() } else { format!("One row per {}.", self.grain) };
        format!("{}\n{grain}", self.title)
    }
}

/// Returns all views that people query first, then the layers that they stand on.
pub(crate) async fn catalog(page: &Page) -> Result<Vec<View>> {
    let views = Select::of("system.view", "layer, name, title, grain, text").order("layer, name");
    let columns = Select::of("system.column", "layer, \"view\", name, type, doc").limit(20_000);
    let (views, columns) = tokio::try_join!(page.rows(views), page.rows(columns))?;
    let mut catalog: Vec<View> = Vec::new();
    for row in &views.rows {
        let [layer, name, title, grain, text] = ["layer", "name", "title", "grain", "text"].map(|c| row.text(c));
        let grain = grain.trim_start_matches("one row per ").trim_end_matches('.').to_owned();
        let own = columns.rows.iter().filter(|c| c.text("layer") == layer && c.text("view") == name);
        let column = |c: &crate::table::Row| Column { name: c.text("name"), kind: c.text("type"), doc: c.text("doc") };
        let columns = own.map(column).collect();
        catalog.push(View { layer, name, title, grain, text, columns });
    }
    let rank = |layer: &str| ["mart", "step", "raw", "system"].iter().position(|l| *l == layer).unwrap_or(9);
    catalog.sort_by_key(|view| rank(&view.layer));
    Ok(catalog)
}

/// Returns the views of a layer.
pub(crate) fn of_layer<'a>(views: &'a [View], layer: &str) -> Vec<&'a View> {
    views.iter().filter(|view| view.layer == layer).collect()
}

#[derive(Template)]
#[template(path = "view_list.html")]
struct List<'a> {
    page: &'a Page,
    views: Vec<View>,
}

pub(crate) async fn index(State(app): State<App>) -> Result<Html<String>> {
    let page = Page::open(&app, "/view").await?;
    let views = catalog(&page).await?;
    html(&List { page: &page, views })
}

#[derive(Template)]
#[template(path = "view.html")]
struct ViewPage<'a> {
    page: &'a Page,
    view: View,
    rows: Table,
    is_truncated: bool,
    files: Vec<(&'static str, String)>,
    filters: Vec<(&'a str, &'a str)>,
}

pub(crate) async fn show(State(app): State<App>, Path(file): Path<String>, params: Params) -> Result<Response> {
    if let Some((name, extension)) = file.rsplit_once('.')
        && let Ok(format) = extension.parse()
    {
        return file_of(&app, name, format, &params).await;
    }
    let page = Page::open(&app, "/view").await?;
    let view = describe(&page, &file).await?;
    let answer = rows(&app, &page, &file, &params, ROWS).await?;
    let table = Table::new(&answer.schema, &answer.batches).map_err(Error::internal)?;
    let filters: Vec<_> = params.pairs().collect();
    let query = show::query(&filters);
    let link = |f: Format| (f.name(), format!("/view/{}.{}?{query}", view.path(), f.extension()));
    let files = FORMATS.map(link).into();
    let is_truncated = answer.is_truncated;
    Ok(html(&ViewPage { page: &page, view, rows: table, is_truncated, files, filters })?.into_response())
}

async fn file_of(app: &App, name: &str, format: Format, params: &Params) -> Result<Response> {
    let page = Page::open(app, "/view").await?;
    let view = describe(&page, name).await?;
    let answer = rows(app, &page, name, params, app.limits().export_rows).await?;
    let title = if view.title.is_empty() { view.name.clone() } else { view.title.clone() };
    let filters: Vec<_> = params.pairs().map(|(column, value)| format!("{column} = {value}")).collect();
    let cut = if answer.is_truncated { "There are more rows than these." } else { "" };
    let note = [view.note(), filters.join(", "), format!("Computed {}.", page.clock()), cut.to_owned()].join("\n");
    let name = view.name.clone();
    let write = move || {
        let sheet = if format == Format::Xlsx { &view.name } else { &title };
        let (schema, batches) = (&answer.schema, &answer.batches);
        let document = Document { schema, batches, title: sheet, note: &note, is_defused: true };
        document.write(format).map(|bytes| (bytes, answer))
    };
    let (bytes, answer) = tokio::task::spawn_blocking(write).await.map_err(Error::internal)?.map_err(file::refused)?;
    let counts = Some((answer.is_truncated, answer.row_count()));
    Ok(file::respond(bytes, format, answer.version, counts, Some(&name)))
}

/// `GET /api/view/NAME.FORMAT?column=value`: the rows of a view, streamed.
pub(crate) async fn data(
    State(app): State<App>,
    headers: HeaderMap,
    Path(file): Path<String>,
    params: Params,
) -> Result<Response> {
    let (name, format) = file.rsplit_once('.').ok_or_else(|| missing(&file))?;
    let format: Format = format.parse().map_err(|e: crate::export::Error| Error::NotFound(e.to_string()))?;
    let asker = app.asker(&headers)?;
    let session = app.session().await?;
    let filters: Vec<_> = params.pairs().collect();
    let question = query::table(&app, &session, &asker, reference(name)?, &filters).await?;
    let wish = Wish { format, shape: Shape::Rows, texts: false, is_defused: false };
    let said = format!("{name}?{filters:?}");
    file::answer(&app, &headers, &asker, question, &wish, &said, Some(name)).await
}

/// Returns the rows of a view whose columns have the values that the address asks for.
async fn rows(app: &App, page: &Page, name: &str, params: &Params, limit: usize) -> Result<Answer> {
    let asker = app.asker(&HeaderMap::new())?;
    let filters: Vec<_> = params.pairs().collect();
    let question = query::table(app, page.session(), &asker, reference(name)?, &filters).await?;
    query::answer(app, &asker, question, limit).await
}

/// Reads `view` or `layer.view`.
fn reference(name: &str) -> Result<TableReference> {
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    match name.split_once('.') {
        Some((layer, view)) if is_word(layer) && is_word(view) => Ok(TableReference::partial(layer, view)),
        None if is_word(name) => Ok(TableReference::partial("mart", name)),
        _ => Err(missing(name)),
    }
}

fn missing(name: &str) -> Error {
    Error::NotFound(format!("there is no view `{name}`"))
}

/// Returns what the catalog says of a view; one that exists without being described has only its columns.
async fn describe(page: &Page, name: &str) -> Result<View> {
    let wanted = reference(name)?;
    if let Some(view) = catalog(page).await?.into_iter().find(|view| view.path() == name) {
        return Ok(view);
    }
    let provider = page.session().context.table_provider(wanted).await.map_err(|_| missing(name))?;
    let column = |field: &arrow::datatypes::FieldRef| Column {
        name: field.name().clone(),
        kind: field.data_type().to_string(),
        doc: String::new(),
    };
    let columns = provider.schema().fields().iter().map(column).collect();
    let (layer, name) = name.split_once('.').unwrap_or(("mart", name));
    let [title, grain, text] = [const { String::new() }; 3];
    Ok(View { layer: layer.to_owned(), name: name.to_owned(), title, grain, text, columns })
}
