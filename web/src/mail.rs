//! E-mails about incidents and saved queries: rows of views in, messages out; [`send`] delivers them.
//!
//! Who is written to, and that nobody is written to twice, is decided by the outbox, not here.

mod query;
mod wire;

use annals_analytics::Session;
use askama::Template;

use crate::select::Select;
use crate::table::{Row, Table};
use crate::{show, successor};

pub use query::{News, notice};
pub use wire::{SmtpConfig, lettre_message, send};

/// Problems, suspects and changes that a mail names before it says "and more".
const NAMED: usize = 10;
/// Lines and characters of a failing text that a mail quotes.
const QUOTED: (usize, usize) = (40, 4_000);

/// Why a mail cannot be made or sent.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The incident is not there, or its rows cannot be read.
    #[error(transparent)]
    Read(#[from] crate::Error),
    /// A template failed.
    #[error("mail template: {0}")]
    Template(#[from] askama::Error),
    /// An address is not one.
    #[error("`{address}` is not a mail address: {reason}")]
    Address {
        /// What was given.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The message cannot be put together.
    #[error("mail message: {0}")]
    Message(#[from] lettre::error::Error),
    /// The server knows nobody of the reader's address.
    #[error("mail server `{server}` has nobody of that address: {reason}")]
    Nobody {
        /// The server's URL without its password.
        server: String,
        /// What it said.
        reason: String,
    },
    /// The server's address cannot be read, or the server refused.
    #[error("mail server `{server}`: {reason}")]
    Server {
        /// The server's URL without its password.
        server: String,
        /// What happened.
        reason: String,
    },
}

impl Error {
    /// Returns whether any later try to send the message would come to the same.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Address { .. } | Self::Message(_) | Self::Nobody { .. })
    }
}

/// Returns the incident of today of a problem by any name that the problem had; none where no such problem is left.
///
/// # Errors
/// Fails when the view cannot be read.
pub async fn incident_of(session: &Session, problem_id: &str) -> Result<Option<String>, Error> {
    Ok(successor::problem(session, problem_id).await?.map(|row| row.text("incident_id")))
}

/// What happened to an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It began.
    Opened,
    /// Its last open problem was resolved.
    Resolved,
}

/// Somebody who gets a mail.
#[derive(Clone, Debug)]
pub struct Reader {
    /// The name.
    pub name: String,
    /// The address.
    pub address: String,
    /// Why this person is written to, as `incident_responsible.why` says.
    pub why: String,
}

/// What mails need to know of the site.
#[derive(Clone, Debug)]
pub struct Site {
    /// The site's address without a slash at its end; without it mails have no links.
    pub base_url: Option<String>,
    /// The host in message ids and list ids.
    pub host: String,
}

/// A mail before it is wrapped for the wire; outboxes keep it as JSON.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Message {
    /// The reader's name.
    pub to_name: String,
    /// The reader's address.
    pub to_address: String,
    /// The subject; all mails of an incident share it but for a `Re:`.
    pub subject: String,
    /// The body as plain text.
    pub text: String,
    /// The body as HTML.
    pub html: String,
    /// Further headers: name and value.
    pub headers: Vec<(String, String)>,
}

/// All that a mail tells about one incident, read from one session.
pub struct Story {
    incident: Row,
    tests: Table,
    suspects: Table,
    guilty: Table,
    responsible: Table,
    blamelist: Table,
}

impl Story {
    /// Reads an incident.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`] where there is no such incident.
    pub async fn read(session: &Session, incident_id: &str) -> Result<Self, Error> {
        let incident = Select::of(
            "incident",
            "incident_id, project, branch, builder, state, title, opened_at, opened_revision, opened_build_id, \
             good_revision, change_count, test_count, open_count, resolved_at, resolved_revision, message, \
             main_problem_id",
        );
        let incident = incident.eq("incident_id", incident_id).limit(1).run(session).await?;
        let missing = || crate::Error::NotFound(format!("there is no incident `{incident_id}`"));
        let incident = incident.rows.into_iter().next().ok_or_else(missing)?;
        let main = incident.text("main_problem_id");
        let of = |view, columns, order| {
            Select::of(view, columns).eq("problem_id", main.as_str()).order(order).limit(NAMED).run(session)
        };
        let tests =
            Select::of("incident_test", "problem_id, suite, name, builder, state").eq("incident_id", incident_id);
        let (tests, suspects, guilty, responsible, blamelist) = tokio::try_join!(
            tests.order("state, suite, name, problem_id").limit(NAMED).run(session),
            of("suspect", "rank, revision, author, subject, suspicion, evidence", "rank"),
            of("guilty", "author, revision, suspicion, threshold, rule, evidence", "suspicion DESC, author"),
            of("responsible", "author, why", "why, author"),
            of("blamelist", "ordinal, revision, author, subject, is_merge", "ordinal"),
        )?;
        Ok(Self { incident, tests, suspects, guilty, responsible, blamelist })
    }

    /// Writes the mail about what happened, for one reader; `thread` is what the incident was called in the first one.
    ///
    /// # Errors
    /// Fails when a template does.
    pub fn message(&self, kind: Kind, thread: &str, reader: &Reader, site: &Site) -> Result<Message, Error> {
        let letter =
            Letter { story: self, incident: &self.incident, is_resolved: kind == Kind::Resolved, reader, site };
        let subject = one_line(&Subject(letter).render()?);
        Ok(Message {
            to_name: one_line(&reader.name),
            to_address: reader.address.trim().to_owned(),
            subject: if kind == Kind::Resolved { format!("Re: {subject}") } else { subject },
            text: tidy(&Text(letter).render()?),
            html: Html(letter).render()?,
            headers: self.headers(kind, thread, site),
        })
    }

    /// Returns the headers that keep the mails of an incident together (RFC 5322) and tell machines that a machine
    /// wrote them (RFC 3834, RFC 2919).
    fn headers(&self, kind: Kind, thread: &str, site: &Site) -> Vec<(String, String)> {
        let host = host(&site.host);
        let incident = word(thread);
        let first = format!("<incident-{incident}@{host}>");
        let place = ["builder", "branch", "project"].map(|c| label(&self.incident.text(c))).join(".");
        let mut headers = vec![
            ("Auto-Submitted", "auto-generated".to_owned()),
            ("X-Auto-Response-Suppress", "All".to_owned()),
            ("List-Id", format!("<{place}.{host}>")),
        ];
        match kind {
            Kind::Opened => headers.push(("Message-ID", first)),
            Kind::Resolved => headers.extend([
                ("Message-ID", format!("<incident-{incident}-resolved@{host}>")),
                ("In-Reply-To", first.clone()),
                ("References", first),
            ]),
        }
        headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// What the three templates of a mail share.
#[derive(Clone, Copy)]
struct Letter<'a> {
    story: &'a Story,
    incident: &'a Row,
    is_resolved: bool,
    reader: &'a Reader,
    site: &'a Site,
}

#[derive(Template)]
#[template(path = "mail/incident/subject.txt")]
struct Subject<'a>(Letter<'a>);

#[derive(Template)]
#[template(path = "mail/incident/body.txt")]
struct Text<'a>(Letter<'a>);

#[derive(Template)]
#[template(path = "mail/incident/body.html")]
struct Html<'a>(Letter<'a>);

impl Letter<'_> {
    /// Returns a link into the site, if its address is known.
    fn link(&self, path: &str) -> Option<String> {
        link(self.site, path)
    }

    fn incident_link(&self) -> Option<String> {
        self.link(&format!("/incident/{}", self.incident.segment("incident_id")))
    }

    fn build_link(&self) -> Option<String> {
        self.link(&format!("/build/{}", self.incident.text("opened_build_id")))
    }

    fn problem_link(&self, problem: &Row) -> Option<String> {
        self.link(&format!("/problem/{}", problem.segment("problem_id")))
    }

    /// Returns the failing text within its bounds.
    fn quote(&self) -> String {
        let text: String = self.incident.text("message").chars().take(QUOTED.1).collect();
        text.lines().take(QUOTED.0).collect::<Vec<_>>().join("\n")
    }

    fn quoted_lines(&self) -> Vec<String> {
        self.quote().lines().map(|line| format!("  {line}")).collect()
    }

    fn is_cut(&self) -> bool {
        self.quote().len() < self.incident.text("message").trim_end().len()
    }

    /// Returns how many tests the mail does not name.
    fn unnamed(&self) -> i64 {
        self.incident.int("test_count").unwrap_or(0) - self.story.tests.len() as i64
    }

    fn unnamed_changes(&self) -> i64 {
        self.incident.int("change_count").unwrap_or(0) - self.story.blamelist.len() as i64
    }

    /// Returns a time as people write it.
    fn time(&self, column: &str) -> String {
        self.incident.text(column).chars().take(16).collect::<String>().replace('T', " ")
    }

    fn short(&self, row: &Row, column: &str) -> String {
        row.text(column).chars().take(10).collect()
    }

    /// Says why the reader gets the mail.
    fn why(&self) -> &'static str {
        match self.reader.why.as_str() {
            "guilty" => "a change of yours is the most likely cause",
            "owner" => "you own what broke",
            "assigned" => "the problem is assigned to you",
            "subscribed" => "you subscribed to what broke",
            _ => "you asked for it, or you are responsible for what broke",
        }
    }
}

/// Returns a link into the site, if its address is known.
fn link(site: &Site, path: &str) -> Option<String> {
    let base = site.base_url.as_deref().filter(|url| show::is_web(url))?;
    Some(format!("{}{path}", base.trim_end_matches('/')))
}

/// Makes one line of a text: no line breaks or other control characters, bounded.
fn one_line(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Takes control characters and runs of empty lines out of a plain text.
fn tidy(text: &str) -> String {
    let plain: String = text.chars().filter(|c| !c.is_control() || *c == '\n' || *c == '\t').collect();
    let mut lines: Vec<&str> = plain.lines().map(str::trim_end).collect();
    lines.dedup_by(|next, before| next.is_empty() && before.is_empty());
    lines.join("\n").trim().to_owned() + "\n"
}

/// Returns a host for ids; anything that could end a header or an id is left out.
fn host(text: &str) -> String {
    let host: String = text.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-')).collect();
    if host.is_empty() { "annals.invalid".to_owned() } else { host }
}

/// Returns an id as a part of a message id: as it is, or its hash where it holds more than letters, digits, `-._~`.
fn word(id: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    if id.chars().all(is_plain) { id.to_owned() } else { format!("{:016x}", annals_data::id::id(&["incident", id])) }
}

/// Returns a text as one label of a list id.
fn label(text: &str) -> String {
    let label: String =
        text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).take(40).collect();
    if label.is_empty() { "none".to_owned() } else { label }
}
