//! Where the marks of an axis stand and what they say. Times are days since 1970, as floating point numbers.

use std::ops::Range;

use chrono::{DateTime, Datelike, Months, NaiveDate, Utc};
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

/// One axis: what it spans, its marks, and how a mark is written.
pub(super) struct Axis {
    pub(super) range: Range<f64>,
    pub(super) marks: Vec<f64>,
    pub(super) label: Box<dyn Fn(&f64) -> String>,
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (low, high): (i32, i32)) -> i32 {
        let share = (value - self.range.start) / (self.range.end - self.range.start);
        low + (share * f64::from(high - low)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() { vec![] } else { self.marks.clone() }
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        (self.label)(value)
    }
}

const MICROS_PER_DAY: f64 = 86_400_000_000.0;

/// Turns microseconds into days.
pub(super) fn days(micros: i64) -> f64 {
    micros as f64 / MICROS_PER_DAY
}

fn date(day: f64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros((day * MICROS_PER_DAY).round() as i64).unwrap_or_default()
}

/// Spans numbers and leaves nothing out; a single number gets room around it.
pub(super) fn span(numbers: impl IntoIterator<Item = f64>) -> Option<Range<f64>> {
    let finite = numbers.into_iter().filter(|n| n.is_finite());
    finite.fold(None, |span: Option<Range<f64>>, n| match span {
        None => Some(n..n),
        Some(s) => Some(s.start.min(n)..s.end.max(n)),
    })
}

impl Axis {
    /// An axis of time with at most `most` marks at whole minutes, hours, days, months or years.
    pub(super) fn time(span: Range<f64>, most: usize) -> Self {
        let length = span.end - span.start;
        let pad = (length * 0.01).max(1.0 / 1440.0);
        let range = span.start - pad..span.end + pad;
        let allowed = |step: &f64| (range.end - range.start) / step <= most as f64;
        let minutes = [1.0, 5.0, 15.0, 30.0, 60.0, 180.0, 360.0, 720.0].map(|m| m / 1440.0);
        if let Some(step) = minutes.into_iter().find(|s| allowed(s) && length < 3.0) {
            let marks = steps(&range, step);
            return Self { label: clock(marks.first().copied()), marks, range };
        }
        if let Some(step) = [1.0, 2.0, 7.0, 14.0].into_iter().find(allowed) {
            return Self {
                marks: steps(&range, step),
                range,
                label: Box::new(|d| date(*d).format("%-d %b").to_string()),
            };
        }
        let months = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600];
        let step = months.into_iter().find(|m| allowed(&(f64::from(*m) * 30.4))).unwrap_or(1200);
        let format = if step < 12 { "%b %Y" } else { "%Y" };
        Self { marks: month_marks(&range, step), range, label: Box::new(move |d| date(*d).format(format).to_string()) }
    }

    /// An axis of whole days, two weeks at least, so that a single day is not as wide as the chart.
    pub(super) fn days(span: Range<f64>, most: usize) -> Self {
        Self::time((span.start - 0.5).min(span.end - 13.5)..span.end + 0.5, most)
    }

    /// An axis of counts from zero; its marks are whole numbers.
    pub(super) fn count(highest: f64) -> Self {
        let step = nice(highest / 4.0).max(1.0);
        let top = ((highest / step).ceil() * step).max(step);
        let range = 0.0..top;
        Self { marks: steps(&range, step), range, label: Box::new(|n| crate::show::count(n.round() as i64)) }
    }

    /// An axis of any numbers from zero, written by `label`.
    pub(super) fn from_zero(highest: f64, label: fn(f64) -> String) -> Self {
        let highest = if highest > 0.0 { highest } else { 1.0 };
        let step = nice(highest / 4.0);
        let range = 0.0..(highest / step).ceil() * step;
        Self { marks: steps(&range, step), range, label: Box::new(move |n| label(*n)) }
    }

    /// An axis of ratios up to 100 %; it begins where the data does, at a round number.
    pub(super) fn ratio(lowest: f64) -> Self {
        let step = nice((1.0 - lowest.clamp(0.0, 0.999)) / 3.0);
        let low = ((lowest / step).floor() * step).max(0.0);
        let low = if low >= 1.0 { 1.0 - step } else { low };
        let places = if step < 0.001 { 2 } else { usize::from(step < 0.01) };
        let label = move |n: &f64| format!("{:.places$} %", n * 100.0);
        Self { marks: steps(&(low..1.0), step), range: low..1.0, label: Box::new(label) }
    }

    /// An axis of shares from 0 to 100 %.
    pub(super) fn share() -> Self {
        let marks = steps(&(0.0..1.0), 0.2);
        // The last mark's word needs room behind it.
        Self { marks, range: 0.0..1.03, label: Box::new(|n| format!("{:.0} %", n * 100.0)) }
    }

    /// A logarithmic axis (base 10) of hours, marked at an hour, a day, a week and their like.
    pub(super) fn log_hours(span: Range<f64>) -> Self {
        let marks = [(1.0 / 60.0, "1 min"), (1.0 / 6.0, "10 min"), (1.0, "1 h"), (6.0, "6 h"), (24.0, "1 d")];
        let longer = [(168.0, "1 week"), (720.0, "30 d"), (2160.0, "90 d"), (8766.0, "1 year"), (87_660.0, "10 years")];
        let marks: Vec<(f64, &str)> = marks.into_iter().chain(longer).map(|(h, t): (f64, _)| (h.log10(), t)).collect();
        let range = span.start - 0.2..span.end + 0.2;
        let low = marks.iter().rev().find(|(m, _)| *m <= range.start).map_or(range.start, |(m, _)| *m);
        let high = marks.iter().find(|(m, _)| *m >= range.end).map_or(range.end, |(m, _)| *m);
        let inside = marks.iter().map(|(m, _)| *m).filter(|m| (low..=high).contains(m)).collect();
        let label = move |n: &f64| marks.iter().find(|(m, _)| (m - n).abs() < 1e-9).map_or("", |(_, t)| *t).to_owned();
        Self { range: low..high, marks: inside, label: Box::new(label) }
    }
}

/// Writes times of day; the first mark and midnights say the day.
fn clock(first: Option<f64>) -> Box<dyn Fn(&f64) -> String> {
    Box::new(move |day| {
        let at = date(*day);
        let format = match () {
            () if at.timestamp() % 86_400 == 0 => "%-d %b",
            () if first == Some(*day) => "%-d %b %H:%M",
            () => "%H:%M",
        };
        at.format(format).to_string()
    })
}

/// Returns the multiples of a step in a range.
fn steps(range: &Range<f64>, step: f64) -> Vec<f64> {
    let first = (range.start / step - 1e-9).ceil() as i64;
    let last = (range.end / step + 1e-9).floor() as i64;
    (first..=last.min(first + 100)).map(|i| i as f64 * step).collect()
}

/// Returns the next of 1, 2, 5 times a power of ten.
fn nice(step: f64) -> f64 {
    let power = 10_f64.powf(step.max(1e-12).log10().floor());
    let factor = [1.0, 2.0, 5.0, 10.0].into_iter().find(|f| f * power >= step * 0.999).unwrap_or(10.0);
    factor * power
}

/// Returns the first days of every `step`-th month.
fn month_marks(range: &Range<f64>, step: u32) -> Vec<f64> {
    let start = date(range.start);
    let month = if step >= 12 { 1 } else { start.month0() / step * step + 1 };
    let year = if step >= 12 { start.year() / (step as i32 / 12) * (step as i32 / 12) } else { start.year() };
    let first = NaiveDate::from_ymd_opt(year, month, 1).unwrap_or_default();
    let after = |n: u32| first.checked_add_months(Months::new(n * step));
    let day = |d: NaiveDate| f64::from(d.num_days_from_ce() - 719_163);
    (0..100).map_while(after).map(day).filter(|d| *d >= range.start).take_while(|d| *d <= range.end).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_begin_on_their_first_day() {
        let axis = Axis::time(20_000.0..20_200.0, 8);
        let labels: Vec<_> = axis.marks.iter().map(|m| date(*m).format("%F").to_string()).collect();
        assert!(labels.iter().all(|l| l.ends_with("-01")), "{labels:?}");
    }

    #[test]
    fn a_single_moment_has_a_date_and_a_single_day_has_two_weeks() {
        let axis = Axis::time(20_000.25..20_000.25, 9);
        assert_eq!((axis.label)(&axis.marks[0]), "4 Oct 05:59");
        let axis = Axis::days(20_000.0..20_000.0, 9);
        assert!(axis.range.end - axis.range.start > 13.0 && axis.marks.len() > 4, "{:?}", axis.marks);
    }

    #[test]
    fn a_perfect_rate_still_has_an_axis() {
        let axis = Axis::ratio(1.0);
        assert!(axis.range.start < axis.range.end && axis.range.end == 1.0);
    }
}
