//! `annals views`: the view files, as this engine or DuckDB runs them.
//!
//! Facts are read where they lie. What is no open table (streaks, ranges, people, evidence), and what only our own functions
//! compute, is written to a folder, as it is at the version that the script speaks of.

use std::fs::File;
use std::path::Path;

use annals_analytics::function::FUNCTIONS;
use annals_analytics::view::{self, View, duckdb};
use annals_analytics::{Session, Warehouse};
use annals_data::schema::{Column, FILE_COLUMNS, Kind, TABLES, Table, Visibility};
use anyhow::{Context, Result, bail};
use futures::StreamExt;
use parquet::arrow::ArrowWriter;

use crate::cli;
use crate::config::Config;

/// Runs the command.
pub(super) async fn run(options: &cli::Views, warehouse: &Warehouse, config: &Config) -> Result<()> {
    let own = config.views.as_deref().map(view::folder).transpose()?.unwrap_or_default();
    let session = warehouse.session().await?;
    let views = ordered(&session, view::all().iter().chain(&own).collect()).await?;
    if options.dialect == cli::Dialect::Annals {
        views
            .iter()
            .for_each(|view| anstream::println!("CREATE VIEW {} AS\n{};\n", view.full_name(), view.text.trim()));
        return Ok(());
    }
    let Some(folder) = &options.tables else {
        bail!("say `--tables DIR`: what is no open table is written there");
    };
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let folder = std::path::absolute(folder)?;
    anstream::println!("{}", duckdb::SETTINGS);
    ["raw", "judge", "step", "mart"]
        .iter()
        .for_each(|schema| anstream::println!("CREATE SCHEMA IF NOT EXISTS {schema};"));
    facts(options, warehouse, config).await?;
    tables(&session, &folder).await?;
    for view in views {
        match calls_own(view) {
            true => stored(&session, &folder, &view.layer, &view.name).await?,
            false => anstream::println!("\n{}", duckdb::statement(view)?),
        }
    }
    anstream::println!("SET search_path = 'mart,raw,step';");
    Ok(())
}

/// Returns the views, each after those that it reads.
async fn ordered<'a>(session: &Session, views: Vec<&'a View>) -> Result<Vec<&'a View>> {
    let mut reads = std::collections::BTreeMap::<String, Vec<String>>::new();
    const LINEAGE: &str = "SELECT layer || '.' || \"view\", reads_layer || '.' || reads FROM system.lineage";
    for row in super::Rows::ask(session, LINEAGE, &[]).await?.texts()? {
        let [view, read] = row.try_into().ok().context("lineage has two columns")?;
        reads.entry(view).or_default().push(read);
    }
    let (mut done, mut left): (Vec<&View>, Vec<&View>) = (Vec::new(), views);
    while !left.is_empty() {
        let waits = |view: &View| {
            let of = reads.get(&view.full_name()).map(Vec::as_slice).unwrap_or_default();
            left.iter().any(|other| of.contains(&other.full_name()))
        };
        let (blocked, ready): (Vec<_>, Vec<_>) = left.iter().copied().partition(|view| waits(view));
        if ready.is_empty() {
            bail!("views read each other in a circle");
        }
        done.extend(ready);
        left = blocked;
    }
    Ok(done)
}

/// Prints the fact tables, without their private columns.
async fn facts(options: &cli::Views, warehouse: &Warehouse, config: &Config) -> Result<()> {
    let root = root(warehouse, config)?;
    let quoted = |path: &str| format!("'{root}/{}'", path.replace('\'', "''"));
    let files = if options.files { warehouse.store().file_paths().await? } else { vec![] };
    if !options.files {
        anstream::println!("INSTALL delta;\nLOAD delta;");
    }
    for table in TABLES {
        let columns = table.columns.iter().filter(|column| column.visibility == Visibility::Public);
        let columns = columns.map(|column| format!("\"{}\"", column.name)).collect::<Vec<_>>().join(", ");
        let source = match files.iter().find(|(name, _)| *name == table.name) {
            Some((_, paths)) if paths.is_empty() => format!("({})", none(table)),
            Some((_, paths)) => {
                let paths: Vec<_> = paths.iter().map(|path| quoted(path)).collect();
                format!("read_parquet([{}], union_by_name = true)", paths.join(", "))
            }
            None => format!("delta_scan({})", quoted(table.name)),
        };
        anstream::println!("CREATE OR REPLACE VIEW raw.\"{}\" AS SELECT {columns} FROM {source};", table.name);
    }
    Ok(())
}

/// Returns the query of a table that has no files yet: no rows of its columns.
fn none(table: &Table) -> String {
    let column = |column: &Column| format!("CAST(NULL AS {}) AS \"{}\"", type_of(column.kind), column.name);
    let columns = table.columns.iter().filter(|column| column.visibility == Visibility::Public).map(column);
    format!("SELECT {} WHERE false", columns.collect::<Vec<_>>().join(", "))
}

/// Returns what DuckDB calls the type of a column.
fn type_of(kind: Kind) -> String {
    match kind {
        Kind::Int => "BIGINT".into(),
        Kind::Real => "DOUBLE".into(),
        Kind::Text => "VARCHAR".into(),
        Kind::Texts => "VARCHAR[]".into(),
        Kind::Flag => "BOOLEAN".into(),
        Kind::Time => "TIMESTAMPTZ".into(),
        Kind::Files => {
            let field = |column: &Column| format!("\"{}\" {}", column.name, type_of(column.kind));
            format!("STRUCT({})[]", FILE_COLUMNS.iter().map(field).collect::<Vec<_>>().join(", "))
        }
    }
}

/// Returns where the facts are, as text between quotes: a folder, or the address of an object store.
fn root(warehouse: &Warehouse, config: &Config) -> Result<String> {
    let place = match config.facts.as_deref() {
        Some(url) if url.contains("://") && !url.starts_with("file://") => url.trim_end_matches('/').to_owned(),
        Some(path) => std::path::absolute(path.trim_start_matches("file://"))?.display().to_string(),
        None => std::path::absolute(warehouse.store().root())?.join("facts").display().to_string(),
    };
    Ok(place.replace('\'', "''"))
}

/// Writes what is no fact table as Parquet files, and prints views of them.
async fn tables(session: &Session, folder: &Path) -> Result<()> {
    let catalog = session.context.catalog("annals").context("the session has its catalog")?;
    for layer in ["raw", "judge"] {
        let mut names = catalog.schema(layer).map(|schema| schema.table_names()).unwrap_or_default();
        names.retain(|name| layer != "raw" || TABLES.iter().all(|table| table.name != name));
        names.sort();
        for name in names {
            stored(session, folder, layer, &name).await?;
        }
    }
    Ok(())
}

/// Writes a table as it is now, and prints a view of the file.
async fn stored(session: &Session, folder: &Path, layer: &str, name: &str) -> Result<()> {
    let path = folder.join(format!("{layer}.{name}.parquet"));
    write(session, &format!("{layer}.\"{name}\""), &path).await.with_context(|| path.display().to_string())?;
    let quoted = path.display().to_string().replace('\'', "''");
    anstream::println!("CREATE OR REPLACE VIEW {layer}.\"{name}\" AS SELECT * FROM read_parquet('{quoted}');");
    Ok(())
}

/// Returns whether a view calls a function that no other engine has.
fn calls_own(view: &View) -> bool {
    let is_called = |name: &str| view.text.contains(&format!("{name}("));
    FUNCTIONS.iter().any(|function| function.call.split('(').next().is_some_and(is_called))
}

async fn write(session: &Session, table: &str, path: &Path) -> Result<()> {
    let mut rows = session.query(&format!("SELECT * FROM {table}")).await?.execute_stream().await?;
    let mut writer = ArrowWriter::try_new(File::create(path)?, rows.schema(), None)?;
    while let Some(batch) = rows.next().await {
        writer.write(&batch?)?;
    }
    writer.close()?;
    Ok(())
}
