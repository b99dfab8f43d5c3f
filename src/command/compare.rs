//! `annals compare`: two windows of time, branches or builders, test by test.

use std::process::ExitCode;

use annals_analytics::Warehouse;
use anyhow::Result;

use super::{Rows, plain, problems};
use crate::{cli, style};

/// What is shown without `--all`.
const TELLING: &str = "status IN ('regressed', 'new_failing', 'improved')";
const COLUMNS: &str = "status, project, branch, builder, suite, name, base_failed, base_failed + base_passed AS base_count, \
    sample_failed, sample_failed + sample_passed AS sample_count, q_value";

/// Runs the command.
pub(super) async fn run(options: &cli::Compare, warehouse: &Warehouse) -> Result<ExitCode> {
    let session = warehouse.session().await?;
    let table = format!("compare_windows({}, {})", quoted(&options.base), quoted(&options.sample));
    let shown = if options.all { "status <> 'same'" } else { TELLING };
    let sql = format!(
        "SELECT {COLUMNS} FROM {table} WHERE {shown} ORDER BY CASE status WHEN 'regressed' THEN 1 WHEN 'new_failing' THEN 2 \
         WHEN 'improved' THEN 3 ELSE 4 END, q_value, suite, name, builder LIMIT {}",
        options.limit
    );
    for row in Rows::ask(&session, &sql, &[]).await?.texts()? {
        print(&row);
    }
    let count = "count(*), count(*) FILTER (WHERE status = 'regressed'), count(*) FILTER (WHERE status = 'new_failing'), \
        count(*) FILTER (WHERE status = 'improved')";
    let counts = Rows::ask(&session, &format!("SELECT {count} FROM {table}"), &[]).await?.texts()?;
    let [all, regressed, failing, improved] = &counts.concat()[..] else { return Ok(ExitCode::SUCCESS) };
    anstream::eprintln!(
        "{all} tests compared: {regressed} regressed, {failing} new ones fail, {improved} improved; of these differences so many \
         may be by chance as the setting `compare_alpha` allows"
    );
    let is_worse = regressed != "0" || failing != "0";
    Ok(if options.strict && is_worse { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn print(row: &[String]) {
    let [status, project, branch, builder, suite, name, base_failed, base, failed, count, q_value] = row else {
        return;
    };
    let color = match status.as_str() {
        "regressed" | "new_failing" => style::BAD,
        "improved" => style::GOOD,
        _ => style::QUIET,
    };
    let lane: Vec<String> =
        [project, branch, builder].into_iter().filter(|part| !part.is_empty()).map(|part| plain(part)).collect();
    let test = plain(&problems::title("test", suite, name));
    anstream::println!("{color}{status}{} {}{test}{} on {}", style::PLAIN, style::STRONG, style::PLAIN, lane.join(" "));
    let share = |failed: &str, count: &str| match count {
        "0" => "did not run".to_owned(),
        _ => format!("failed {failed} of {count}"),
    };
    let chance = match q_value.parse::<f64>() {
        Ok(q_value) => format!(", false alarms {q_value:.4}"),
        Err(_) => String::new(),
    };
    anstream::println!(
        "    {}{}, now {}{chance}{}",
        style::QUIET,
        share(base_failed, base),
        share(failed, count),
        style::PLAIN
    );
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
