//! `annals export`: writes a view as a file.

use std::io::Write;

use annals_analytics::Warehouse;
use annals_web::export::{Document, Format};
use anyhow::{Context, Result, bail};
use datafusion::prelude::{cast, ident, lit};

use super::{Rows, parameter, sql};
use crate::cli;

/// Runs the command.
pub(super) async fn run(options: &cli::Export, warehouse: &Warehouse) -> Result<()> {
    let format = format(options)?;
    let session = warehouse.session().await?;
    const ABOUT: &str = "SELECT title, grain FROM system.view WHERE name = $1 AND layer = 'mart'";
    let about = Rows::ask(&session, ABOUT, &[parameter(Some(&options.view))]).await?.texts()?;
    let [about] = &about[..] else {
        bail!("there is no view `{}`; `annals sql \"SELECT name, title FROM system.view\"` lists them", options.view);
    };
    let mut frame = session.context.table(options.view.as_str()).await?;
    for filter in &options.filters {
        let (column, value) = filter.split_once('=').with_context(|| format!("`{filter}` is not COLUMN=VALUE"))?;
        frame.schema().field_with_unqualified_name(column).map(drop)?;
        let text = cast(ident(column), arrow::datatypes::DataType::Utf8);
        frame = frame.filter(text.eq(lit(value)))?;
    }
    let schema = frame.schema().inner().clone();
    let batches = frame.collect().await?;
    let [title, note] = [&about[0], &about[1]];
    let document = Document { schema: &schema, batches: &batches, title, note, is_defused: false };
    let bytes = document.write(format)?;
    match &options.output {
        None => sql::print(&bytes, format),
        Some(path) => {
            // Written beside and renamed, so that nobody sees half a file.
            let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(".".as_ref());
            let mut file = tempfile::NamedTempFile::new_in(folder).with_context(|| path.display().to_string())?;
            file.write_all(&bytes).with_context(|| path.display().to_string())?;
            file.persist(path).with_context(|| path.display().to_string())?;
            let rows: usize = batches.iter().map(arrow::array::RecordBatch::num_rows).sum();
            anstream::eprintln!("{}: {rows} rows of `{}`", path.display(), options.view);
            Ok(())
        }
    }
}

fn format(options: &cli::Export) -> Result<Format> {
    let extension = options.output.as_ref().and_then(|path| path.extension()).and_then(|e| e.to_str());
    let by_name = extension.map(|extension| match extension {
        "md" => "markdown",
        "htm" => "html",
        other => other,
    });
    Ok(options.format.as_deref().or(by_name).unwrap_or("csv").parse()?)
}
