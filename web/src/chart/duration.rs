//! How long one test took, one point per attempt.

use plotters::prelude::*;

use super::Chart;
use super::axis::{Axis, days, span};
use super::canvas::{BAD, Canvas, DULL, Drawn, GOOD};
use crate::request::Params;
use crate::select::Select;
use crate::show;
use crate::table::{Row, Table};

pub(crate) const CHART: Chart = Chart {
    name: "duration",
    title: "Duration",
    says: "One point per attempt of the test: when its revision was committed and how long it took, passed ones round, failed ones crossed.",
    is_personal: false,
    select,
    draw,
};

fn select(params: &Params) -> Select {
    Select::of("test_history", "committed_at, duration_ms, outcome, branch, builder, build_id, attempt")
        .eq("test_id", params.number::<i64>("test").unwrap_or_default())
        .eq_given("branch", params.get("branch"))
        .eq_given("builder", params.get("builder"))
        .order("committed_at DESC NULLS LAST, build_id, attempt")
        .limit(1000)
}

fn draw(table: &Table, canvas: &Canvas<'_>) -> Drawn {
    let place = |r: &Row| Some((days(r.micros("committed_at")?), r.float("duration_ms")?));
    let of = |words: &[&str]| -> Vec<(f64, f64)> {
        table.rows.iter().filter(|r| words.contains(&r.text("outcome").as_str())).filter_map(place).collect()
    };
    let (passed, failed, skipped) =
        (of(&["passed", "xfailed"]), of(&["failed", "errored", "xpassed"]), of(&["skipped"]));
    let all = || passed.iter().chain(&failed).chain(&skipped);
    let Some(times) = span(all().map(|p| p.0)) else {
        return canvas.sentence("no attempt has both a time and a duration");
    };
    let highest = all().map(|p| p.1).fold(0.0, f64::max);
    let (x, y) = (Axis::time(times, canvas.marks()), Axis::from_zero(highest, show::length));
    let mut legend = vec![("passed", GOOD), ("failed (✕)", BAD)];
    if !skipped.is_empty() {
        legend.push(("skipped", DULL));
    }
    let mut plot = canvas.frame(x, y, &legend)?;
    plot.draw_series(skipped.iter().map(|p| Circle::new(*p, 2, DULL.filled())))?;
    plot.draw_series(passed.iter().map(|p| Circle::new(*p, 3, GOOD.mix(0.7).filled())))?;
    plot.draw_series(failed.iter().map(|p| Cross::new(*p, 4, BAD.stroke_width(2))))?;
    Ok(())
}
