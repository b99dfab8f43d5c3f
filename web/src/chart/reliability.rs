//! Whether suspicion is what it says: how often changes of each suspicion turned out to be the culprit.

use plotters::prelude::*;

use super::Chart;
use super::axis::Axis;
use super::canvas::{Canvas, DULL, Drawn, GOOD};
use crate::request::Params;
use crate::select::Select;
use crate::table::Table;

pub(crate) const CHART: Chart = Chart {
    name: "reliability",
    title: "Suspicion, and what it turned out to be",
    says: "For each tenth of suspicion the share of changes that were the culprit; a reliable suspicion lies on the diagonal.",
    is_personal: false,
    select,
    draw,
};

fn select(params: &Params) -> Select {
    Select::of("suspicion_reliability", "project, low, high, suspect_count, mean_suspicion, right_count, right_ratio")
        .eq_given("project", params.get("project"))
        .order("project, low")
        .limit(200)
}

fn draw(table: &Table, canvas: &Canvas<'_>) -> Drawn {
    let mut points: Vec<(f64, f64, f64)> = table
        .rows
        .iter()
        .filter_map(|r| Some((r.float("mean_suspicion")?, r.float("right_ratio")?, r.float("suspect_count")?)))
        .collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let legend = [("culprits / changes of that suspicion", GOOD), ("a reliable suspicion", DULL)];
    let mut plot = canvas.frame(Axis::share(), Axis::share(), &legend)?;
    plot.draw_series(LineSeries::new([(0.0, 0.0), (1.0, 1.0)], DULL.stroke_width(1)))?;
    // A point of many changes is larger: one of few may lie anywhere.
    plot.draw_series(points.iter().map(|(x, y, count)| {
        Circle::new((*x, *y), (2.0 + count.max(1.0).log10() * 2.0).round() as i32, GOOD.filled())
    }))?;
    Ok(())
}
