//! One author's changes by week: how many were tested, and how many of those stayed green.

use std::collections::BTreeMap;

use plotters::prelude::*;

use super::Chart;
use super::axis::{Axis, days, span};
use super::canvas::{BAD, Canvas, DULL, Drawn, GOOD};
use crate::request::Params;
use crate::select::Select;
use crate::table::Table;

pub(crate) const CHART: Chart = Chart {
    name: "author_activity",
    title: "Changes by week",
    says: "Stacked bars by week: changes that were tested and green, tested and not green, and not tested.",
    is_personal: true,
    select,
    draw,
};

fn select(params: &Params) -> Select {
    Select::of("author_stats", "week, project, change_count, tested_change_count, green_change_count")
        .eq("person_id", params.number::<i64>("person").unwrap_or_default())
        .eq_given("project", params.get("project"))
        .order("week DESC, project")
        .limit(500)
}

fn draw(table: &Table, canvas: &Canvas<'_>) -> Drawn {
    // Bars of several projects stand on top of each other in one week.
    let mut weeks: BTreeMap<i64, [f64; 3]> = BTreeMap::new();
    for row in &table.rows {
        let Some(week) = row.micros("week") else { continue };
        let count = |column| row.float(column).unwrap_or(0.0);
        let (all, tested, green) = (count("change_count"), count("tested_change_count"), count("green_change_count"));
        let stack = weeks.entry(week).or_default();
        for (part, n) in stack.iter_mut().zip([green, (tested - green).max(0.0), (all - tested).max(0.0)]) {
            *part += n;
        }
    }
    let Some(times) = span(weeks.keys().map(|w| days(*w))) else { return canvas.sentence("no changes yet") };
    let highest = weeks.values().map(|s| s.iter().sum()).fold(0.0, f64::max);
    let (x, y) = (Axis::time(times.start..times.end + 7.0, canvas.marks()), Axis::count(highest));
    let legend = [("green", GOOD), ("not green", BAD), ("not tested", DULL)];
    let mut plot = canvas.frame(x, y, &legend)?;
    for (week, stack) in &weeks {
        let (from, mut below) = (days(*week), 0.0);
        for (n, (_, colour)) in stack.iter().zip(legend) {
            let bar = Rectangle::new([(from + 0.6, below), (from + 6.4, below + n)], colour.filled());
            plot.draw_series((*n > 0.0).then_some(bar))?;
            below += n;
        }
    }
    Ok(())
}
