//! `annals demo`: a small real repository, truly built, and what the warehouse says of it.
//!
//! What broke and who did it is read from the views only: the demo does not know the answers.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use annals_analytics::{Session, Warehouse};
use annals_collector::builder::Project;
use annals_collector::demo;
use annals_collector::history::Selection;
use annals_collector::report::Limits;
use annals_data::store::Location;
use anyhow::{Context, Result};

use super::{Rows, collect, plain, serve, short};
use crate::cli::{self, Cli};
use crate::config::Config;
use crate::{interrupt, style};

/// Runs the command.
pub(super) async fn run(options: &cli::Demo, cli: &Cli, config: &Config) -> Result<ExitCode> {
    let listener = if options.no_serve { None } else { Some(serve::bind(&options.listen).await?) };
    // A store of its own unless one is named, so that nobody's store fills with toys.
    let root = match &cli.store {
        Some(root) => root.clone(),
        None => config.location(cli)?.root.join("demo"),
    };
    let repository = root.join("repository");
    if !repository.exists() {
        std::fs::create_dir_all(&root).with_context(|| root.display().to_string())?;
        demo::write(&repository)?;
    }
    let warehouse = Warehouse::open(&Location { root, facts: None }, Vec::new()).await?;
    let summary = build(&warehouse, &repository).await?;
    if summary.is_cancelled {
        return Ok(ExitCode::from(interrupt::INTERRUPTED));
    }
    tell(&*warehouse.session().await?).await?;
    if let Some(listener) = listener {
        serve::serve(Arc::new(warehouse), listener, serve::Wires::default(), config).await?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn build(warehouse: &Warehouse, repository: &Path) -> Result<annals_collector::collect::Summary> {
    let project = Project::parse(Path::new("demo/annals.toml"), demo::CONFIGURATION)?;
    let job = collect::Job {
        repository: repository.to_string_lossy().into_owned(),
        project: project.project.unwrap_or_else(|| "demo".to_owned()),
        selection: Selection::default(),
        builders: project.builder,
        jobs: collect::cores(),
        limits: Limits::default(),
    };
    collect::work(warehouse, job, interrupt::flag()).await
}

/// How many incidents are told one by one.
const TOLD: usize = 7;

/// Tells what was found, in ten lines: totals, what broke through whom since when, what is flaky, where the rest is.
async fn tell(session: &Session) -> Result<()> {
    const TOTALS: &str = "SELECT build_count, change_count, outcome_count, test_count FROM store_overview";
    for row in Rows::ask(session, TOTALS, &[]).await?.texts()? {
        anstream::println!("{} builds of {} changes: {} outcomes of {} tests", row[0], row[1], row[2], row[3]);
    }
    const INCIDENTS: &str = "SELECT state, title, builder, opened_revision, opened_at, resolved_revision, guilty, \
        change_count FROM incident_guilty ORDER BY state = 'open' DESC, opened_position DESC, incident_id";
    let incidents = Rows::ask(session, INCIDENTS, &[]).await?.texts()?;
    for row in incidents.iter().take(TOLD) {
        let [state, title, builder, opened, at, resolved, guilty, changes] = &row[..] else { continue };
        let (color, sign) = style::of(state);
        let who = match guilty.as_str() {
            "" if changes.is_empty() => "failing since its first run".to_owned(),
            "" => format!("nobody is guilty beyond doubt among {changes} changes"),
            name => format!("through {}", plain(name)),
        };
        let end = if resolved.is_empty() { String::new() } else { format!(", good again at {}", short(resolved)) };
        let title = plain(title);
        anstream::println!(
            "{color}{sign}{} {title} ({builder}) since {at} at {}, {who}{end}",
            style::PLAIN,
            short(opened)
        );
    }
    const FLAKY: &str = "SELECT DISTINCT suite, name FROM flaky_test ORDER BY suite, name LIMIT 5";
    let names: Vec<String> =
        Rows::ask(session, FLAKY, &[]).await?.texts()?.iter().map(|row| plain(&row.join(" "))).collect();
    if !names.is_empty() {
        anstream::println!("{}~{} flaky: {}", style::DOUBT, style::PLAIN, names.join(", "));
    }
    let rest = incidents.len().saturating_sub(TOLD);
    anstream::println!("{}{rest} more: annals problems --state all{}", style::QUIET, style::PLAIN);
    Ok(())
}
