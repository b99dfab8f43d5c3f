//! Finding the test that somebody means by a name or a part of it.

use annals_analytics::Session;
use anyhow::{Result, bail};

use super::problems::title;
use super::{Rows, parameter, plain};
use crate::cli;

/// A series that fits what was asked for.
pub(super) struct Found {
    /// Its id, as SQL text.
    pub series_id: String,
    /// Project, branch and builder.
    pub lane: String,
    /// What people call the test.
    pub title: String,
}

/// How many tests are named when several fit.
const SUGGESTIONS: usize = 10;

/// Returns the series of the one test that `options` mean: by its exact name if there is one, else by a part.
pub(super) async fn find(session: &Session, options: &cli::Test) -> Result<Vec<Found>> {
    const SQL: &str = "SELECT DISTINCT series_id, test_id, kind, suite, name, project, branch, builder FROM streak \
        WHERE is_head AND ($2 IS NULL OR project = $2) AND ($3 IS NULL OR branch = $3) \
        AND ($4 IS NULL OR builder = $4) AND CONDITION ORDER BY project, suite, name, branch, builder";
    let parameters = [
        parameter(Some(&options.test)),
        parameter(options.lane.project.as_deref()),
        parameter(options.lane.branch.as_deref()),
        parameter(options.lane.builder.as_deref()),
    ];
    let mut rows = Vec::new();
    for condition in ["(name = $1 OR suite || ' ' || name = $1)", "strpos(lower(suite || ' ' || name), lower($1)) > 0"]
    {
        rows = Rows::ask(session, &SQL.replace("CONDITION", condition), &parameters).await?.texts()?;
        if !rows.is_empty() {
            break;
        }
    }
    let mut tests: Vec<_> = rows.iter().map(|row| (&row[1], plain(&title(&row[2], &row[3], &row[4])))).collect();
    tests.dedup();
    match tests.len() {
        0 => bail!("no test is called `{}`, not even in part", options.test),
        1 => {}
        count => {
            let names: Vec<_> = tests.iter().take(SUGGESTIONS).map(|(_, title)| format!("`{title}`")).collect();
            bail!("{count} tests are called so: {}{}", names.join(", "), if count > SUGGESTIONS { ", …" } else { "" });
        }
    }
    let found = |row: &Vec<String>| Found {
        series_id: row[0].clone(),
        lane: plain(&format!("{} {} {}", row[5], row[6], row[7])),
        title: plain(&title(&row[2], &row[3], &row[4])),
    };
    Ok(rows.iter().map(found).collect())
}
