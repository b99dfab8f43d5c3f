//! Charts as SVG: one file per chart, each drawing the rows of one view.
//!
//! plotters draws with a light theme's colours; afterwards every such colour gets a class, and a style sheet inside
//! the SVG gives the classes their colours in the dark. So a chart is legible in both, and also where style sheets
//! are ignored. No fonts are loaded: the reader's own are named.

pub(crate) mod author_activity;
pub(crate) mod duration;
pub(crate) mod open_problems;
pub(crate) mod pass_rate;
pub(crate) mod reliability;
pub(crate) mod time_to_fix;

mod axis;
mod canvas;

use plotters::prelude::*;

use crate::request::Params;
use crate::select::Select;
use crate::show::{self, Markup, escape};
use crate::table::Table;
use crate::{Error, Result};
use canvas::{Canvas, Drawn};

/// One chart.
pub(crate) struct Chart {
    /// Its file's name in addresses, without `.svg`.
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// What is to be seen, for those who cannot see it.
    pub(crate) says: &'static str,
    /// It shows figures of one person.
    pub(crate) is_personal: bool,
    /// The rows that it draws.
    pub(crate) select: fn(&Params) -> Select,
    draw: fn(&Table, &Canvas<'_>) -> Drawn,
}

/// All charts.
const CHARTS: [&Chart; 6] = [
    &pass_rate::CHART,
    &open_problems::CHART,
    &time_to_fix::CHART,
    &duration::CHART,
    &author_activity::CHART,
    &reliability::CHART,
];

/// Returns the chart of a name.
pub(crate) fn find(name: &str) -> Option<&'static Chart> {
    CHARTS.into_iter().find(|chart| chart.name == name)
}

/// Width and height on wide and on narrow screens.
const WIDE: (u32, u32) = (720, 240);
const NARROW: (u32, u32) = (360, 240);

impl Chart {
    /// Draws rows; without any there is a sentence instead.
    pub(crate) fn svg(&self, table: &Table, is_narrow: bool) -> Result<String> {
        let size = if is_narrow { NARROW } else { WIDE };
        let mut text = String::new();
        {
            let area = SVGBackend::with_string(&mut text, size).into_drawing_area();
            let canvas = Canvas { area, is_narrow };
            let drawn = if table.is_empty() { canvas.sentence("no data yet") } else { (self.draw)(table, &canvas) };
            drawn.and_then(|()| canvas.area.present()).map_err(Error::internal)?;
        }
        Ok(self.finish(&text))
    }

    /// Gives the drawing its name for screen readers, and its colours classes.
    fn finish(&self, drawing: &str) -> String {
        let body = drawing.split_once('>').map_or(drawing, |(_, body)| body);
        let head = drawing.split_once('>').map_or("<svg", |(head, _)| head);
        let mut body = body.replace("font-family=\"sans-serif\" ", "");
        for (class, colour) in canvas::PALETTE {
            let colour = format!("#{:02X}{:02X}{:02X}", colour.0, colour.1, colour.2);
            for what in ["fill", "stroke"] {
                let drawn = format!("{what}=\"{colour}\"");
                body = body.replace(&drawn, &format!("class=\"{what}-{class}\" {drawn}"));
            }
        }
        let names =
            format!("<title id=\"t\">{}</title><desc id=\"d\">{}</desc>", escape(self.title), escape(self.says));
        format!("{head} role=\"img\" aria-labelledby=\"t d\">\n{names}\n<style>{}</style>{body}", canvas::style())
    }
}

/// Returns a chart as a figure with links to its numbers; `pairs` are its parameters.
pub(crate) fn figure(chart: &Chart, pairs: &[(&str, &str)]) -> Markup {
    let address = show::query(pairs);
    let sql = (chart.select)(&Params::parse(&address)).sql();
    let (name, address) = (chart.name, escape(&address));
    Markup::trusted(format!(
        "<figure class=\"chart\"><figcaption><h3>{title}</h3> {numbers}</figcaption><picture>\
         <source media=\"(max-width: 560px)\" srcset=\"/chart/{name}.svg?{address}&amp;size=narrow\" width=\"360\" height=\"240\">\
         <img src=\"/chart/{name}.svg?{address}\" width=\"720\" height=\"240\" alt=\"{title}. {says}\"></picture></figure>",
        title = escape(chart.title),
        says = escape(chart.says),
        numbers = show::numbers(&sql)
    ))
}
