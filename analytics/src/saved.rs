//! Saved queries: a text with a name, and a head that says what it takes, whose it is and when somebody is to hear of it.
//!
//! ```sql
//! -- Problems that are open for long
//! -- More about it, as many lines as it needs, or none.
//! -- Parameter: days double = 7: how many days are long
//! -- Owner: ada@example.org
//! -- Schedule: daily 07:00
//! -- Alert: rows > 0
//! -- Mail: ada@example.org, team@example.org
//! SELECT project, name, age_days FROM problem WHERE state = 'open' AND age_days > $days
//! ```
//!
//! All lines of the head may be missing. A parameter without a value after `=` must be given; its type is `text`,
//! `integer`, `double`, `boolean`, `date` or `timestamp`. A schedule is `on change` of the data, `every 15m` (or `2h`, `1d`) or
//! `daily HH:MM` in UTC; with an alert it is `on change` unless said otherwise. With an alert a mail is sent when the state
//! of the alert changes, without one each time.
//!
//! [`library`]: where they are kept. Who may ask, and within which bounds, is decided in [`crate::outside`].

pub mod alert;
pub mod library;
pub mod parameter;
pub mod schedule;

use std::borrow::Cow;
use std::path::PathBuf;

use crate::outside::{Asker, Role};

pub use alert::Alert;
pub use library::Library;
pub use parameter::Parameter;
pub use schedule::Schedule;

/// Bytes of a saved query.
pub const TEXT: usize = 64 << 10;
/// Characters of a name.
const NAME: usize = 64;
/// Parameters and readers of mail.
const LISTED: usize = 32;

/// Why a saved query cannot be read, kept or asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A line of the head is wrong.
    #[error("query `{name}`, line {line}: {reason}")]
    Head {
        /// The query.
        name: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A name that is none, a text that is too long.
    #[error("query `{name}`: {reason}")]
    Text {
        /// The query.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A value that a parameter cannot have.
    #[error("parameter `{name}`: {reason}")]
    Value {
        /// The parameter.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Somebody else has the name.
    #[error("query `{name}` belongs to {owner}")]
    Taken {
        /// The query.
        name: String,
        /// Whose it is.
        owner: String,
    },
    /// The folder or a file cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The folder or file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The state cannot be read or written.
    #[error(transparent)]
    State(#[from] annals_data::Error),
}

/// Result of the functions of this module.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A saved query.
#[derive(Clone, Debug, PartialEq)]
pub struct Saved {
    /// Its name, by which it is asked.
    pub name: String,
    /// What it shows, in one line; its name where it does not say.
    pub title: String,
    /// More about it; may be empty.
    pub about: String,
    /// Whose it is.
    pub owner: Option<String>,
    /// What it takes.
    pub parameters: Vec<Parameter>,
    /// When it is asked by itself.
    pub schedule: Option<Schedule>,
    /// What somebody is to hear of.
    pub alert: Option<Alert>,
    /// The addresses of those who hear of it.
    pub mail: Vec<String>,
    /// The whole text.
    pub text: String,
    /// Whether it is a file, which only its folder changes.
    pub is_file: bool,
}

impl Saved {
    /// Reads a text with its head.
    ///
    /// # Errors
    /// [`Error::Head`] for a line that means nothing, [`Error::Text`] for what is no name or too long.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        let wrong = |reason: &str| Error::Text { name: name.into(), reason: reason.into() };
        if !is_name(name) {
            return Err(wrong("a name is 1 to 64 letters a to z, digits, `-` and `_`"));
        }
        if text.len() > TEXT {
            return Err(wrong(&format!("a query has at most {TEXT} bytes")));
        }
        let mut saved = Self {
            name: name.into(),
            title: String::new(),
            about: String::new(),
            owner: None,
            parameters: vec![],
            schedule: None,
            alert: None,
            mail: vec![],
            text: text.into(),
            is_file: false,
        };
        let mut about = Vec::new();
        for (number, line) in text.lines().map_while(|line| line.strip_prefix("--")).enumerate() {
            match saved.take(line.trim()) {
                Ok(true) => {}
                Ok(false) if number == 0 => saved.title = line.trim().to_owned(),
                Ok(false) => about.push(line.trim()),
                Err(reason) => return Err(Error::Head { name: name.into(), line: number + 1, reason }),
            }
        }
        saved.about = about.join("\n");
        if saved.title.is_empty() {
            saved.title = name.into();
        }
        if saved.alert.is_some() && saved.schedule.is_none() {
            saved.schedule = Some(Schedule::Change);
        }
        saved.checked()
    }

    /// Returns what somebody may see of it: addresses are for readers of private columns and for who keeps it.
    #[must_use]
    pub fn shown_to(mut self, asker: &Asker) -> Self {
        let is_own = asker.is_reader && !self.is_file && self.owner.as_ref() == Some(&asker.name);
        if asker.role != Role::Private && !is_own {
            let head = self.text.lines().take_while(|line| line.starts_with("--")).count();
            let lines = self.text.lines().enumerate();
            let lines: Vec<_> = lines.map(|(n, line)| if n < head { blank(line) } else { line.into() }).collect();
            self.text = lines.join("\n");
            self.owner = self.owner.map(|owner| before_at(&owner).to_owned());
            self.mail.clear();
        }
        self
    }

    /// Takes a line of the head; returns whether it was one that means something.
    fn take(&mut self, line: &str) -> Result<bool, String> {
        let Some((word, rest)) = line.split_once(": ") else { return Ok(false) };
        let rest = rest.trim();
        match word {
            "Owner" => self.owner = Some(rest.to_owned()),
            "Parameter" => self.parameters.push(Parameter::parse(rest)?),
            "Schedule" => self.schedule = Some(rest.parse()?),
            "Alert" => self.alert = Some(rest.parse()?),
            "Mail" => self.mail = rest.split(',').map(|address| address.trim().to_owned()).collect(),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Refuses what would never do what it says.
    fn checked(self) -> Result<Self> {
        let needed = |p: &&Parameter| p.default.is_none();
        let reason = if self.parameters.len() > LISTED || self.mail.len() > LISTED {
            Some(format!("there are at most {LISTED} parameters and addresses"))
        } else if let (Some(_), Some(needy)) = (&self.schedule, self.parameters.iter().find(needed)) {
            Some(format!("it is to run by itself, and `{}` has no value", needy.name))
        } else if !self.mail.is_empty() && self.schedule.is_none() {
            Some("mail needs a schedule or an alert".to_owned())
        } else {
            self.mail.iter().find(|address| !is_address(address)).map(|address| format!("`{address}` is no address"))
        };
        match reason {
            Some(reason) => Err(Error::Text { name: self.name, reason }),
            None => Ok(self),
        }
    }
}

/// Takes the addresses out of a line of the head; what stands there instead can be kept by nobody.
fn blank(line: &str) -> Cow<'_, str> {
    match line.trim_start_matches("--").trim().split_once(": ") {
        Some(("Mail", _)) => "-- Mail: (not shown)".into(),
        Some(("Owner", owner)) => format!("-- Owner: {}", before_at(owner)).into(),
        _ => line.into(),
    }
}

fn before_at(owner: &str) -> &str {
    owner.split_once('@').map_or(owner, |(name, _)| name)
}

/// Returns whether a text can be the name of a query.
pub fn is_name(name: &str) -> bool {
    let is_letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
    (1..=NAME).contains(&name.len()) && name.bytes().all(is_letter)
}

fn is_address(text: &str) -> bool {
    let is_plain = !text.chars().any(|c| c.is_control() || c.is_whitespace() || "<>,;\"".contains(c));
    is_plain && text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains(|c| c != '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_line_by_line() {
        let text = "-- Open for long\n-- More.\n-- Parameter: days double = 7: how many\n-- Owner: ada\n-- Schedule: daily 07:00\n\
            -- Alert: rows > 0\n-- Mail: ada@x.org, team@x.org\nSELECT 1 WHERE 8 > $days";
        let saved = Saved::parse("open_long", text).unwrap();
        assert_eq!((saved.title.as_str(), saved.about.as_str()), ("Open for long", "More."));
        assert_eq!((saved.owner.as_deref(), saved.mail.len()), (Some("ada"), 2));
        assert_eq!((saved.parameters.len(), saved.parameters[0].name.as_str()), (1, "days"));
        assert_eq!(saved.schedule.unwrap().to_string(), "daily 07:00");
        assert_eq!(saved.alert.unwrap().to_string(), "rows > 0");
        let bare = Saved::parse("bare", "SELECT 1").unwrap();
        assert_eq!((bare.title.as_str(), bare.schedule), ("bare", None));
        let watched = Saved::parse("w", "-- W\n-- Alert: failure_count >= 3\nSELECT 1 AS failure_count").unwrap();
        assert_eq!(watched.schedule, Some(Schedule::Change));
    }

    #[test]
    fn addresses_are_shown_to_whom_they_may_be() {
        let text = "-- Open\n-- Mail me: never\n-- Owner: ada@x.org\n-- Alert: rows > 0\n\
            --Mail: ada@x.org, team@x.org\nSELECT 1\n-- Mail: is no head\n";
        let saved = Saved { owner: Some("ada@x.org".into()), ..Saved::parse("open", text).unwrap() };
        let reader = |name: &str, role| Asker { role, is_reader: true, ..Asker::anybody(name, "http") };
        let seen = saved.clone().shown_to(&Asker::anybody("ada@x.org", "http"));
        let says = "-- Open\n-- Mail me: never\n-- Owner: ada\n-- Alert: rows > 0\n-- Mail: (not shown)\nSELECT 1\n\
            -- Mail: is no head";
        assert_eq!((seen.text.as_str(), seen.owner.as_deref(), seen.mail.len()), (says, Some("ada"), 0));
        assert!(Saved::parse("open", &seen.text).unwrap_err().to_string().contains("`(not shown)` is no address"));
        assert_eq!(saved.clone().shown_to(&reader("bob", Role::Public)), seen);
        for reader in [reader("ada@x.org", Role::Public), reader("bob", Role::Private)] {
            assert_eq!(saved.clone().shown_to(&reader), saved);
        }
        let file = Saved { is_file: true, ..saved };
        assert_eq!(file.shown_to(&reader("ada@x.org", Role::Public)).text, says, "nobody has proved to be its owner");
    }

    #[test]
    fn what_would_never_work_is_refused_with_its_line() {
        for (name, text, says) in [
            ("a", "-- T\n-- Parameter: days number: x\nSELECT 1", "line 2: `number` is no type"),
            ("a", "-- T\n-- Schedule: sometimes\nSELECT 1", "line 2: `sometimes` is no schedule"),
            ("a", "-- T\n-- Alert: rows many\nSELECT 1", "line 2: `rows many` is no alert"),
            ("a", "-- T\n-- Mail: a@x.org\nSELECT 1", "mail needs a schedule"),
            ("a", "-- T\n-- Alert: rows > 0\n-- Mail: nobody\nSELECT 1", "is no address"),
            ("a", "-- T\n-- Schedule: on change\n-- Parameter: p text: x\nSELECT $p", "`p` has no value"),
            ("../a", "SELECT 1", "a name is"),
            ("", "SELECT 1", "a name is"),
        ] {
            let error = Saved::parse(name, text).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
