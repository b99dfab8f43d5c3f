//! Mails about saved queries: an alert is raised or over, or it is time for a report.
//!
//! When that is so is not decided here.

use annals_analytics::outside::Answer;
use annals_analytics::saved::Saved;
use askama::Template;

use super::{Error, Message, Reader, Site, host, link, one_line, tidy};
use crate::table::Table;

/// Rows that a mail shows.
const SHOWN: usize = 20;

/// What there is to tell of a saved query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// Its alert is raised.
    Raised,
    /// It is so no more.
    Over,
    /// It is time.
    Report,
}

impl News {
    /// Returns the kind of the letter in the outbox.
    pub fn word(self) -> &'static str {
        match self {
            Self::Raised => "alert",
            Self::Over => "over",
            Self::Report => "report",
        }
    }
}

/// Writes the mail about a query for one reader; `since` tells one state of the alert from the next.
///
/// # Errors
/// Fails when a template does, or when the answer holds what cannot be shown.
pub fn notice(
    saved: &Saved,
    news: News,
    answer: &Answer,
    since: i64,
    reader: &Reader,
    site: &Site,
) -> Result<Message, Error> {
    let rows = Table::new(&answer.schema, &answer.batches).map_err(crate::Error::internal)?;
    let letter = Letter { saved, news, rows: &rows, site };
    let id = format!("query-{}-{since}", saved.name);
    let host = host(&site.host);
    let mut headers = vec![
        ("Auto-Submitted", "auto-generated".to_owned()),
        ("X-Auto-Response-Suppress", "All".to_owned()),
        ("List-Id", format!("<{}.query.{host}>", saved.name)),
        ("Message-ID", format!("<{id}@{host}>")),
    ];
    if let Some(link) = letter.link() {
        headers.push(("X-Annals-Query", link));
    }
    Ok(Message {
        to_name: one_line(&reader.name),
        to_address: reader.address.trim().to_owned(),
        subject: one_line(&Subject(letter).render()?),
        text: tidy(&Text(letter).render()?),
        html: Html(letter).render()?,
        headers: headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
    })
}

/// What the three templates share.
#[derive(Clone, Copy)]
struct Letter<'a> {
    saved: &'a Saved,
    news: News,
    rows: &'a Table,
    site: &'a Site,
}

impl Letter<'_> {
    fn link(&self) -> Option<String> {
        link(self.site, &format!("/sql?open={}", self.saved.name))
    }

    /// Returns the name of a column; templates count by reference.
    fn column(&self, place: &usize) -> &str {
        self.rows.columns.get(*place).map_or("", String::as_str)
    }

    fn more(&self) -> usize {
        self.rows.len().saturating_sub(SHOWN)
    }
}

#[derive(Template)]
#[template(path = "mail/query/subject.txt")]
struct Subject<'a>(Letter<'a>);

#[derive(Template)]
#[template(path = "mail/query/body.txt")]
struct Text<'a>(Letter<'a>);

#[derive(Template)]
#[template(path = "mail/query/body.html")]
struct Html<'a>(Letter<'a>);
