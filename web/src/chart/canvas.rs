//! What charts have in common: colours, frame, legend, and the sentence in place of a drawing.

use plotters::chart::ChartContext;
use plotters::coord::Shift;
use plotters::drawing::DrawingAreaErrorKind;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axis::Axis;

type Plot<'a> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<Axis, Axis>>;

/// The result of drawing.
pub(super) type Drawn<T = ()> = Result<T, DrawingAreaErrorKind<std::io::Error>>;

pub(super) const INK: RGBColor = RGBColor(0x1c, 0x24, 0x30);
pub(super) const SOFT: RGBColor = RGBColor(0x5b, 0x66, 0x75);
pub(super) const RULE: RGBColor = RGBColor(0xdf, 0xe3, 0xe8);
/// Blue and vermillion stay apart for all kinds of colour blindness (Okabe and Ito, 2008).
pub(super) const GOOD: RGBColor = RGBColor(0x0b, 0x62, 0xa8);
pub(super) const BAD: RGBColor = RGBColor(0xc2, 0x41, 0x0c);
pub(super) const DULL: RGBColor = RGBColor(0x8b, 0x95, 0xa3);

/// The class of each colour.
pub(super) const PALETTE: [(&str, RGBColor); 6] =
    [("ink", INK), ("soft", SOFT), ("rule", RULE), ("good", GOOD), ("bad", BAD), ("dull", DULL)];

/// The colours in the dark, in the order of [`PALETTE`].
const DARK: [&str; 6] = ["#e6e9ee", "#a3adba", "#333b47", "#6cb2f0", "#ff9166", "#7d8896"];

/// Returns the style sheet inside each chart.
pub(super) fn style() -> String {
    let dark = PALETTE
        .iter()
        .zip(DARK)
        .map(|((class, _), colour)| format!(".fill-{class}{{fill:{colour}}}.stroke-{class}{{stroke:{colour}}}"));
    let dark: String = dark.collect();
    format!(
        ":root{{color-scheme:light dark}}text{{font-family:system-ui,-apple-system,\"Segoe UI\",Roboto,sans-serif}}\
         @media (prefers-color-scheme:dark){{{dark}}}"
    )
}

/// Where a chart draws.
pub(super) struct Canvas<'a> {
    pub(super) area: DrawingArea<SVGBackend<'a>, Shift>,
    pub(super) is_narrow: bool,
}

fn text(size: i32, colour: RGBColor) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&colour)
}

impl<'a> Canvas<'a> {
    /// Writes a sentence where a drawing would be.
    pub(super) fn sentence(&self, sentence: &str) -> Drawn {
        let (width, height) = self.area.dim_in_pixel();
        let style = text(17, SOFT).pos(Pos::new(HPos::Center, VPos::Center));
        self.area.draw(&Text::new(sentence.to_owned(), (width as i32 / 2, height as i32 / 2), style))
    }

    /// Returns how many marks an axis of time has room for.
    pub(super) fn marks(&self) -> usize {
        if self.is_narrow { 5 } else { 9 }
    }

    /// Draws the axes, and the legend above them: a name for each colour that means something.
    pub(super) fn frame(&self, x: Axis, y: Axis, legend: &[(&str, RGBColor)]) -> Drawn<Plot<'a>> {
        self.legend(legend)?;
        let marks = (x.marks.len().max(1), y.marks.len().max(1));
        let mut plot = ChartBuilder::on(&self.area)
            .margin_top(if legend.is_empty() { 10 } else { 30 })
            .margin_right(14)
            .margin_bottom(4)
            .x_label_area_size(24)
            .y_label_area_size(64)
            .build_cartesian_2d(x, y)?;
        plot.configure_mesh()
            .disable_x_mesh()
            .bold_line_style(RULE)
            .max_light_lines(0)
            .axis_style(RULE)
            .x_labels(marks.0)
            .y_labels(marks.1)
            .label_style(text(15, SOFT))
            .draw()?;
        Ok(plot)
    }

    fn legend(&self, names: &[(&str, RGBColor)]) -> Drawn {
        let mut x = 66;
        for (name, colour) in names {
            self.area.draw(&Rectangle::new([(x, 9), (x + 11, 20)], colour.filled()))?;
            let style = text(15, INK).pos(Pos::new(HPos::Left, VPos::Center));
            self.area.draw(&Text::new((*name).to_owned(), (x + 17, 14), style))?;
            // Seven pixels per letter is a little more than the reader's own font needs.
            x += 17 + 7 * name.chars().count() as i32 + 18;
        }
        Ok(())
    }
}
