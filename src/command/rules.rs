//! `annals rules`: the thresholds of all rules, and what would change under others.

use std::collections::{BTreeMap, BTreeSet};

use annals_analytics::{Session, Warehouse};
use annals_data::setting::SETTINGS;
use anyhow::{Context, Result, bail};

use super::{Rows, plain};
use crate::{cli, style};

/// What is compared: its name, and a query of one text for each thing there is.
const JUDGED: &[(&str, &str)] = &[
    (
        "problems",
        "SELECT concat_ws(' ', project, branch, builder, suite, name, 'since', opened_revision, state) FROM problem",
    ),
    ("incidents", "SELECT incident_id || ' ' || state FROM incident"),
    ("builds that give no verdict", "SELECT CAST(build_id AS VARCHAR) || ' ' || rule FROM raw.excluded_build"),
    (
        "guilty people",
        "SELECT concat_ws(' ', g.author, 'of', p.suite, p.name, 'on', p.builder, 'by', g.revision) \
         FROM guilty AS g JOIN problem AS p ON p.problem_id = g.problem_id",
    ),
    ("flaky tests", "SELECT concat_ws(' ', project, branch, builder, suite, name) FROM step.flakiness WHERE is_flaky"),
    ("tests in quarantine", "SELECT concat_ws(' ', project, branch, builder, suite, name, why) FROM quarantine"),
    (
        "degradations",
        "SELECT concat_ws(' ', project, branch, builder, suite, name, 'since', opened_revision, state) FROM degradation",
    ),
    (
        "tests that differ in the newest days",
        "SELECT concat_ws(' ', project, branch, builder, suite, name, status) FROM window_comparison WHERE status <> 'same'",
    ),
];

/// Runs the command.
pub(super) async fn run(options: &cli::Rules, warehouse: &Warehouse) -> Result<()> {
    let session = warehouse.session().await?;
    if options.dry_run.is_empty() {
        return list(&session).await;
    }
    let changed = options.dry_run.iter().map(|word| threshold(word)).collect::<Result<BTreeMap<_, _>>>()?;
    let rehearsal = warehouse.rehearse(&changed).await?;
    let mut is_same = true;
    for (what, sql) in JUDGED {
        let (now, then) = (judged(&session, sql).await?, judged(&rehearsal.session, sql).await?);
        is_same &= now == then;
        tell(what, &now, &then, options.examples);
    }
    if is_same {
        anstream::eprintln!("nothing would change");
    }
    Ok(())
}

async fn list(session: &Session) -> Result<()> {
    let sql = "SELECT name, value, unit, doc FROM raw.setting ORDER BY name";
    for row in Rows::ask(session, sql, &[]).await?.texts()? {
        let [name, value, unit, doc] = &row[..] else { continue };
        let default = SETTINGS.iter().find(|setting| setting.name == name).map(|setting| setting.default);
        let is_own = value.parse().ok() != default;
        let mark = if is_own { format!(" (not {})", default.unwrap_or_default()) } else { String::new() };
        anstream::println!(
            "{}{name}{} {value} {unit}{mark}\n    {}{doc}{}",
            style::STRONG,
            style::PLAIN,
            style::QUIET,
            style::PLAIN
        );
    }
    Ok(())
}

/// Reads `name=value`.
fn threshold(word: &str) -> Result<(String, f64)> {
    let (name, value) = word.split_once('=').with_context(|| format!("`{}` is no NAME=VALUE", plain(word)))?;
    let Some(setting) = SETTINGS.iter().find(|setting| setting.name == name) else {
        bail!("there is no threshold `{}`; `annals rules` lists them", plain(name));
    };
    let value: f64 = value.parse().with_context(|| format!("`{}` is no number", plain(value)))?;
    if !setting.allows(value) {
        bail!("`{name}` cannot be {value} ({})", setting.unit);
    }
    Ok((name.to_owned(), value))
}

/// Returns the answer's texts, each with how often it is there.
async fn judged(session: &Session, sql: &str) -> Result<BTreeSet<(String, usize)>> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for mut row in Rows::ask(session, sql, &[]).await?.texts()? {
        *counts.entry(row.pop().unwrap_or_default()).or_default() += 1;
    }
    Ok(counts.into_iter().collect())
}

fn tell(what: &str, now: &BTreeSet<(String, usize)>, then: &BTreeSet<(String, usize)>, examples: usize) {
    if now == then {
        return;
    }
    let count = |all: &BTreeSet<(String, usize)>| all.iter().map(|(_, count)| count).sum::<usize>();
    anstream::println!("{}{what}{}: {} now, {} then", style::STRONG, style::PLAIN, count(now), count(then));
    for (sign, color, only) in [("-", style::BAD, now.difference(then)), ("+", style::GOOD, then.difference(now))] {
        let only: Vec<_> = only.collect();
        for (text, _) in only.iter().take(examples) {
            anstream::println!("    {color}{sign}{} {}", style::PLAIN, plain(text));
        }
        if only.len() > examples {
            anstream::println!("    {color}{sign}{} and {} more", style::PLAIN, only.len() - examples);
        }
    }
}
