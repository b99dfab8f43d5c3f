//! `annals problems`: what broke, since when, through whom.

use annals_analytics::{Session, Warehouse};
use anyhow::{Result, bail};
use datafusion::common::ScalarValue;

use super::{Rows, parameter, plain, short};
use crate::{cli, style};

const COLUMNS: &str = "problem_id, state, project, branch, builder, suite, name, kind, origin, opened_at, \
    opened_revision, age_days, change_count, guilty, signature";

/// Runs the command.
pub(super) async fn run(options: &cli::Problems, warehouse: &Warehouse) -> Result<()> {
    let session = warehouse.session().await?;
    let order = if options.longest { "age_days DESC" } else { "opened_at DESC NULLS LAST, opened_position DESC" };
    let sql = format!(
        "SELECT {COLUMNS} FROM problem_guilty \
         WHERE ($1 = 'all' OR state = $1) AND ($2 IS NULL OR project = $2) AND ($3 IS NULL OR branch = $3) \
         AND ($4 IS NULL OR builder = $4) AND ($5 IS NULL OR strpos(lower(guilty), lower($5)) > 0) \
         AND ($6 IS NULL OR age_days >= $6) AND ($7 IS NULL OR origin = $7) ORDER BY {order}, problem_id LIMIT {}",
        options.limit
    );
    let parameters = [
        parameter(Some(&options.state)),
        parameter(options.lane.project.as_deref()),
        parameter(options.lane.branch.as_deref()),
        parameter(options.lane.builder.as_deref()),
        parameter(options.person.as_deref()),
        ScalarValue::Float64(options.age),
        parameter(options.origin.as_deref()),
    ];
    if print(&session, &sql, &parameters).await? == 0 {
        known(&session, &parameters[1..4]).await?;
        anstream::eprintln!("no problem");
    }
    Ok(())
}

/// Refuses a project, branch and builder that no build has: that there is no problem says nothing of them.
async fn known(session: &Session, lane: &[ScalarValue]) -> Result<()> {
    const SQL: &str = "SELECT count(*) AS build_count FROM raw.build \
        WHERE ($1 IS NULL OR project = $1) AND ($2 IS NULL OR branch = $2) AND ($3 IS NULL OR builder = $3)";
    let is_narrowed = lane.iter().any(|value| !value.is_null());
    if is_narrowed && Rows::ask(session, SQL, lane).await?.texts()?.concat() == ["0"] {
        bail!("no build is of that project, branch and builder");
    }
    Ok(())
}

/// Prints the problems that `sql` selects as [`COLUMNS`]; returns how many there are.
pub(super) async fn print(session: &Session, sql: &str, parameters: &[ScalarValue]) -> Result<usize> {
    let rows = Rows::ask(session, sql, parameters).await?.texts()?;
    for row in &rows {
        let [id, state, project, branch, builder, suite, name, kind, origin, at, revision, age, changes, guilty, text] =
            &row[..]
        else {
            continue;
        };
        let (color, sign) = style::of(state);
        let test = plain(&title(kind, suite, name));
        anstream::println!("{color}{sign} {state}{} {}{test}{}", style::PLAIN, style::STRONG, style::PLAIN);
        let who = match (origin.as_str(), guilty.as_str()) {
            ("born_failing", _) => "failing since its first run".to_owned(),
            (_, "") => format!("among {changes} changes, nobody is guilty beyond doubt"),
            (_, guilty) => format!("through {} (1 of {changes})", plain(guilty)),
        };
        let age: f64 = age.parse().unwrap_or_default();
        anstream::println!("    {project} {branch} {builder}, since {at} at {}, {age:.1} days, {who}", short(revision));
        anstream::println!("    {}{} [{id}]{}", style::QUIET, plain(text), style::PLAIN);
    }
    Ok(rows.len())
}

/// Returns what people call a test, step or builder.
pub(super) fn title(kind: &str, suite: &str, name: &str) -> String {
    match (kind, suite) {
        ("build", _) => "most tests fail".to_owned(),
        ("step", _) => format!("step {name}"),
        (_, "") => name.to_owned(),
        _ => format!("{suite} {name}"),
    }
}
