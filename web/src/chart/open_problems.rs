//! How many problems were open at each day's end, and how many opened on it.

use plotters::prelude::*;

use super::Chart;
use super::axis::{Axis, days, span};
use super::canvas::{BAD, Canvas, Drawn, GOOD, INK};
use crate::request::Params;
use crate::select::Select;
use crate::table::Table;

pub(crate) const CHART: Chart = Chart {
    name: "open_problems",
    title: "Open problems",
    says: "A line of the problems open at each day's end, over bars of those that opened and were resolved on it.",
    is_personal: false,
    select,
    draw,
};

fn select(params: &Params) -> Select {
    Select::of("branch_day", "day, open_count, opened_count, resolved_count, project, branch")
        .eq("project", params.get("project"))
        .eq("branch", params.get("branch"))
        .order("day DESC")
        .limit(366)
}

fn draw(table: &Table, canvas: &Canvas<'_>) -> Drawn {
    let mut rows: Vec<_> = table.rows.iter().filter_map(|r| Some((days(r.micros("day")?), r))).collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let Some(times) = span(rows.iter().map(|r| r.0)) else { return canvas.sentence("no days yet") };
    let highest = |column: &str| rows.iter().filter_map(|(_, r)| r.float(column)).fold(0.0, f64::max);
    let top = highest("open_count").max(highest("opened_count")).max(highest("resolved_count"));
    let (x, y) = (Axis::days(times, canvas.marks()), Axis::count(top));
    let legend = [("open", INK), ("opened", BAD), ("resolved", GOOD)];
    let mut plot = canvas.frame(x, y, &legend)?;
    for (column, colour, from, to) in [("opened_count", BAD, -0.36, -0.02), ("resolved_count", GOOD, 0.02, 0.36)] {
        let bars = rows.iter().filter_map(|(day, r)| Some((*day, r.float(column).filter(|c| *c > 0.0)?)));
        plot.draw_series(
            bars.map(|(day, n)| Rectangle::new([(day + from, 0.0), (day + to, n)], colour.mix(0.75).filled())),
        )?;
    }
    let open: Vec<_> = rows.iter().filter_map(|(day, r)| Some((*day, r.float("open_count")?))).collect();
    plot.draw_series(LineSeries::new(open.iter().copied(), INK.stroke_width(2)))?;
    if open.len() < 30 {
        plot.draw_series(open.iter().map(|p| Circle::new(*p, 3, INK.filled())))?;
    }
    Ok(())
}
