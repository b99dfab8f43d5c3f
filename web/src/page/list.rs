//! What lists share: one page of many rows, and the order that a reader chose.

use crate::request::Params;
use crate::select::Select;
use crate::show::{Markup, escape};
use crate::table::Table;

/// One page of a list: which rows, and the links to the rows before and after.
pub(crate) struct Pager {
    params: Params,
    path: &'static str,
    number: usize,
    size: usize,
}

impl Pager {
    pub(crate) fn new(params: &Params, path: &'static str, size: usize) -> Self {
        let number = params.number("page").unwrap_or(1).clamp(1, 100_000);
        Self { params: params.clone(), path, number, size }
    }

    pub(crate) fn of(&self, select: Select) -> Select {
        select.limit(self.size).offset((self.number - 1) * self.size)
    }

    /// Returns the links; nothing where one page holds all.
    pub(crate) fn links(&self, table: &Table) -> Markup {
        let link = |number: usize, rel: &str, word: &str| {
            let query = self.params.with("page", &number.to_string());
            format!("<a rel=\"{rel}\" href=\"{}?{}\">{word}</a>", self.path, escape(&query))
        };
        if self.number == 1 && !table.has_more {
            return Markup::default();
        }
        let mut text = String::from("<nav class=\"pager\" aria-label=\"pages of this list\">");
        if self.number > 1 {
            text.push_str(&link(self.number - 1, "prev", "← previous"));
        }
        let first = (self.number - 1) * self.size;
        text.push_str(&format!("<span>rows {}–{}</span>", first + 1.min(table.len()), first + table.len()));
        if table.has_more {
            text.push_str(&link(self.number + 1, "next", "next →"));
        }
        text.push_str("</nav>");
        Markup::trusted(text)
    }
}

/// The heads of a list that its reader may sort by.
pub(crate) struct Sorter {
    params: Params,
    path: &'static str,
    choices: &'static [Choice],
    chosen: &'static Choice,
}

/// One order of a list: its word in the address and its `ORDER BY`.
pub(crate) struct Choice {
    pub(crate) word: &'static str,
    pub(crate) order: &'static str,
}

impl Sorter {
    /// Takes the order that the address asks for, or the first.
    pub(crate) fn new(params: &Params, path: &'static str, choices: &'static [Choice]) -> Self {
        let asked = choices.iter().find(|c| c.word == params.get("sort"));
        Self { params: params.clone(), path, choices, chosen: asked.unwrap_or(&choices[0]) }
    }

    pub(crate) fn of(&self, select: Select) -> Select {
        select.order(self.chosen.order)
    }

    /// Returns a head of the list: a link, with a sign where the list is sorted by it.
    pub(crate) fn head(&self, word: &str, text: &str) -> Markup {
        self.cell(word, text, "")
    }

    /// The same over a column of numbers.
    pub(crate) fn number(&self, word: &str, text: &str) -> Markup {
        self.cell(word, text, " class=\"number\"")
    }

    fn cell(&self, word: &str, text: &str, class: &str) -> Markup {
        debug_assert!(self.choices.iter().any(|c| c.word == word), "no order `{word}`");
        let query = escape(&Params::parse(&self.params.with("sort", word)).with("page", ""));
        let (sort, sign) = match self.chosen {
            chosen if chosen.word != word => ("", ""),
            chosen if chosen.order.contains(" DESC") => (" aria-sort=\"descending\"", " ▾"),
            _ => (" aria-sort=\"ascending\"", " ▴"),
        };
        Markup::trusted(format!(
            "<th scope=\"col\"{class}{sort}><a href=\"{}?{query}\">{text}{sign}</a></th>",
            self.path
        ))
    }
}
