//! How long problems lasted, one point per resolved problem.

use plotters::prelude::*;

use super::Chart;
use super::axis::{Axis, days, span};
use super::canvas::{Canvas, Drawn, GOOD};
use crate::request::Params;
use crate::select::Select;
use crate::table::Table;

pub(crate) const CHART: Chart = Chart {
    name: "time_to_fix",
    title: "Time to fix",
    says: "One point per resolved problem: when it was resolved, and how long it had been open, on a logarithmic scale.",
    is_personal: false,
    select,
    draw,
};

fn select(params: &Params) -> Select {
    Select::of("time_to_fix", "resolved_at, hours_to_resolve, problem_id, project, branch, builder")
        .eq_given("project", params.get("project"))
        .eq_given("branch", params.get("branch"))
        .eq_given("builder", params.get("builder"))
        .order("resolved_at DESC NULLS LAST, problem_id")
        .limit(1000)
}

/// Problems resolved within the same minute are drawn at one minute.
const SHORTEST: f64 = 1.0 / 60.0;

fn draw(table: &Table, canvas: &Canvas<'_>) -> Drawn {
    let point = |r: &crate::table::Row| {
        Some((days(r.micros("resolved_at")?), r.float("hours_to_resolve")?.max(SHORTEST).log10()))
    };
    let points: Vec<_> = table.rows.iter().filter_map(point).collect();
    let (Some(times), Some(lengths)) = (span(points.iter().map(|p| p.0)), span(points.iter().map(|p| p.1))) else {
        return canvas.sentence("nothing was resolved yet");
    };
    let (x, y) = (Axis::time(times, canvas.marks()), Axis::log_hours(lengths));
    let mut plot = canvas.frame(x, y, &[("resolved problem", GOOD)])?;
    plot.draw_series(points.iter().map(|p| Circle::new(*p, 4, GOOD.mix(0.55).filled())))?;
    Ok(())
}
