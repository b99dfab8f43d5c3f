//! `annals query`: saved queries on the command line, over the same desk as everywhere.

use std::io::Write;
use std::sync::Arc;

use annals_analytics::Warehouse;
use annals_analytics::outside::{Answer, Asker, Role};
use annals_analytics::saved::{Library, Saved};
use annals_web::export::{Document, Format};
use anyhow::{Context, Result, bail};

use super::{desk, plain, sql, watch};
use crate::cli;
use crate::config::Config;

/// Runs the command.
pub(super) async fn run(options: &cli::Query, warehouse: Warehouse, config: &Config) -> Result<()> {
    let warehouse = Arc::new(warehouse);
    let library = Library::new(Some(warehouse.clone()), config.queries.clone());
    let desk = desk::open(&warehouse, config.sql.bounds()?)?;
    if options.check {
        let session = warehouse.session().await?;
        let told =
            watch::round(&watch::Watcher { warehouse, library, desk }, &session, config.mail.as_ref(), true).await?;
        anstream::eprintln!("{told} states changed");
        return Ok(());
    }
    let Some(name) = &options.name else { return list(&library) };
    let saved =
        library.find(name)?.with_context(|| format!("there is no query `{name}`; `annals query` lists them"))?;
    let pair = |given: &'_ String| given.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    let given =
        options.parameters.iter().map(|given| pair(given).with_context(|| format!("`{given}` is not NAME=VALUE")));
    let given = given.collect::<Result<Vec<_>>>()?;
    let session = warehouse.session().await?;
    // Whoever may open the store may see all of it.
    let asker = Asker { role: Role::Private, ..Asker::anybody("annals", "command line") };
    let values = saved.values(given.iter().map(|(name, value)| (name.as_str(), value.as_str())))?;
    let question = desk.saved(&session, &asker, &saved, values).await?;
    let answer = desk.ask(&asker, question, usize::MAX).await?.collect().await?;
    if answer.is_truncated {
        anstream::eprintln!("the answer is cut after {} rows", answer.row_count());
    }
    write(options, &saved, &answer)
}

fn write(options: &cli::Query, saved: &Saved, answer: &Answer) -> Result<()> {
    if options.format == "table" && options.output.is_none() {
        return sql::table(&answer.batches, &answer.schema);
    }
    let by_name = options.output.as_ref().and_then(|path| path.extension()?.to_str());
    let format: Format = match (options.format.as_str(), by_name) {
        ("table", Some("md")) => Format::Markdown,
        ("table", Some(extension)) => extension.parse()?,
        ("table", None) => Format::Csv,
        (name, _) => name.parse()?,
    };
    let (schema, batches) = (&answer.schema, &answer.batches);
    let document = Document { schema, batches, title: &saved.title, note: &saved.about, is_defused: false };
    let bytes = document.write(format)?;
    let Some(path) = &options.output else { return sql::print(&bytes, format) };
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(".".as_ref());
    // Written beside and renamed, so that nobody sees half a file.
    let mut file = tempfile::NamedTempFile::new_in(folder).with_context(|| path.display().to_string())?;
    file.write_all(&bytes).with_context(|| path.display().to_string())?;
    file.persist(path).with_context(|| path.display().to_string())?;
    anstream::eprintln!("{}: {} rows of `{}`", path.display(), answer.row_count(), saved.name);
    Ok(())
}

fn list(library: &Library) -> Result<()> {
    let (all, wrong) = library.all()?;
    for saved in &all {
        let takes: Vec<_> =
            saved.parameters.iter().map(|p| format!("{}={}", p.name, p.default.as_deref().unwrap_or("…"))).collect();
        let alert = saved.alert.as_ref().map(|alert| format!("  alert {alert}")).unwrap_or_default();
        let schedule = saved.schedule.map(|schedule| format!("  {schedule}")).unwrap_or_default();
        anstream::println!(
            "{:<24}  {}  {}{}{}",
            saved.name,
            plain(&saved.title),
            plain(&takes.join(" ")),
            schedule,
            plain(&alert)
        );
    }
    for error in &wrong {
        anstream::eprintln!("{}", plain(&error.to_string()));
    }
    if wrong.is_empty() { Ok(()) } else { bail!("{} queries cannot be read", wrong.len()) }
}
