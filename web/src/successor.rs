//! What became of problems and incidents whose names have changed: names hold positions, and late builds move them.
//!
//! Mails that were sent long ago, chats and bookmarks hold the old names.

use annals_analytics::Session;

use crate::Result;
use crate::select::Select;
use crate::table::Row;

/// Returns names of today, `problem_id` and `incident_id`, of the problem that once had a name: of the same series, and
/// between the same good verdicts.
pub(crate) async fn problem(session: &Session, id: &str) -> Result<Option<Row>> {
    let Some((series, position)) = id.split_once('-') else { return Ok(None) };
    let (Ok(series), Ok(position)) = (u64::from_str_radix(series, 16), position.parse()) else { return Ok(None) };
    let select = Select::of("problem", "problem_id, incident_id, good_position, resolved_position");
    let select = select.eq("series_id", series.cast_signed()).order("opened_position");
    Ok(select.run(session).await?.rows.into_iter().find(|row| is_around(row, position)))
}

/// Returns the name of today of a range that once had a name, the first where it was split: it began within the old one
/// and was bad where that ended.
pub(crate) async fn range(session: &Session, id: &str) -> Result<Option<String>> {
    let Some((place, good, opened)) = parts(id) else { return Ok(None) };
    let select = Select::of("step.episode", "incident_id, good_position, resolved_position");
    let select = match good {
        Some(good) => select.at_least("good_position", good).below("good_position", opened),
        None => select.eq("opened_position", opened),
    };
    let select = select.contains("incident_id", place).order("opened_position, incident_id");
    let rows = select.run(session).await?.rows.into_iter().filter(|row| is_around(row, opened));
    Ok(rows.map(|row| row.text("incident_id")).find(|name| name.starts_with(place)))
}

/// Takes the name of a range apart: project and branch, the last good position unless it was born failing, and the
/// first bad one.
fn parts(id: &str) -> Option<(&str, Option<i64>, i64)> {
    let (place, positions) = id.split_at(id.rfind('~')? + 1);
    let (good, opened) = positions.split_once('-')?;
    let good = if good == "born" { None } else { Some(good.parse().ok()?) };
    Some((place, good, opened.parse().ok()?))
}

/// Returns whether a position lies between the good verdicts around a problem.
fn is_around(problem: &Row, position: i64) -> bool {
    problem.int("good_position").is_none_or(|good| good < position)
        && problem.int("resolved_position").is_none_or(|resolved| resolved > position)
}
