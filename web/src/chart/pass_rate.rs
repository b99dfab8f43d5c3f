//! The share of outcomes that passed, by day.

use plotters::prelude::*;

use super::Chart;
use super::axis::{Axis, days, span};
use super::canvas::{Canvas, Drawn, GOOD};
use crate::request::Params;
use crate::select::Select;
use crate::table::Table;

pub(crate) const CHART: Chart = Chart {
    name: "pass_rate",
    title: "Pass rate by day",
    says: "The share of all outcomes of a day that passed; days without outcomes have no point.",
    is_personal: false,
    select,
    draw,
};

fn select(params: &Params) -> Select {
    Select::of("branch_day", "day, passed_ratio, passed_count, failed_count, outcome_count, project, branch")
        .eq("project", params.get("project"))
        .eq("branch", params.get("branch"))
        .order("day DESC")
        .limit(366)
}

fn draw(table: &Table, canvas: &Canvas<'_>) -> Drawn {
    let mut points: Vec<_> =
        table.rows.iter().filter_map(|r| Some((days(r.micros("day")?), r.float("passed_ratio")?))).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let Some(times) = span(points.iter().map(|p| p.0)) else { return canvas.sentence("no outcomes yet") };
    let lowest = points.iter().map(|p| p.1).fold(1.0, f64::min);
    let (x, y) = (Axis::days(times, canvas.marks()), Axis::ratio(lowest));
    let floor = y.range.start;
    let mut plot = canvas.frame(x, y, &[("passed outcomes / all outcomes", GOOD)])?;
    let area = AreaSeries::new(points.iter().copied(), floor, GOOD.mix(0.12));
    plot.draw_series(area)?;
    plot.draw_series(LineSeries::new(points.iter().copied(), GOOD.stroke_width(2)))?;
    if points.len() < 60 {
        plot.draw_series(points.iter().map(|p| Circle::new(*p, 3, GOOD.filled())))?;
    }
    Ok(())
}
