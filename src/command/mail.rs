//! Mail: who is to be told of which incident, once, and its delivery.
//!
//! Views say who is responsible; the outbox in the state sees to it that nobody is told twice; what an incident is
//! called now is looked up by its main problem, as late builds move its range; the web crate writes the words and speaks
//! SMTP.

use std::collections::BTreeMap;

use annals_analytics::{Session, Warehouse};
use annals_data::state::outbox::{GivenUp, Letter, Told, Try};
use annals_web::mail::{Kind, Message, Reader, Site, SmtpConfig, Story};
use anyhow::{Context, Result, bail};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use datafusion::common::ScalarValue;

use super::{Rows, parameter, plain};
use crate::config::{self, Config};
use crate::{cli, style};

/// An incident and a person who is to be told of it.
struct Due {
    kind: Kind,
    /// What the incident is called now.
    incident_id: String,
    /// What it was called when the person was first told of it.
    thread: String,
    problem_id: Option<String>,
    person_id: i64,
    why: String,
    evidence: String,
}

/// Runs the command.
pub(super) async fn run(options: &cli::Mail, warehouse: &Warehouse, config: &Config) -> Result<()> {
    let session = warehouse.session().await?;
    let since = since(&options.since)?;
    let due = due(warehouse, &session, since, false).await?;
    if options.dry_run {
        let site = site(config.mail.as_ref());
        for (_, message) in write(warehouse, &session, &due, &site).await? {
            print(&message);
        }
        return Ok(());
    }
    let Some(settings) = &config.mail else {
        bail!("no mail server is configured; write `[mail]` into annals.toml, or say `--dry-run`");
    };
    check(settings)?;
    put(warehouse, &session, &due, settings).await?;
    // Whoever asks does not want to wait for the next try.
    let delivered = deliver(warehouse, settings, i64::MAX).await;
    for given_up in warehouse.store().state().given_up_letters(since.timestamp_micros())? {
        let GivenUp { person, subject, error } = &given_up;
        anstream::eprintln!("given up: to {}, `{}`: {}", plain(person), plain(subject), plain(error));
    }
    let (sent, failed) = delivered?;
    anstream::eprintln!("{sent} mails sent, {failed} could not be delivered");
    if failed > 0 {
        bail!("{failed} mails could not be delivered; those that are not given up stay in the outbox");
    }
    Ok(())
}

/// Writes the letters about what happened since mail was first sent by itself.
pub(super) async fn write_due(warehouse: &Warehouse, session: &Session, settings: &config::Mail) -> Result<()> {
    let since = DateTime::from_timestamp_micros(warehouse.store().state().mail_since()?).unwrap_or_default();
    let due = due(warehouse, session, since, true).await?;
    put(warehouse, session, &due, settings).await
}

/// Refuses settings by which no mail could ever be sent.
pub(super) fn check(settings: &config::Mail) -> Result<()> {
    smtp(settings).check().context("[mail]")
}

fn smtp(settings: &config::Mail) -> SmtpConfig {
    SmtpConfig { url: settings.smtp.clone(), from: settings.from.clone() }
}

/// Delivers what is in the outbox and due at a time, in microseconds; returns how many were taken, and how many not.
pub(super) async fn deliver(warehouse: &Warehouse, settings: &config::Mail, at: i64) -> Result<(usize, usize)> {
    let state = warehouse.store().state();
    let smtp = smtp(settings);
    let (mut sent, mut failed) = (0, 0);
    for pending in state.pending_letters(at)? {
        // One at a time and recorded at once: a crash repeats one mail at most.
        let (error, is_hopeless) = match serde_json::from_str(&pending.message) {
            Ok(message) => match annals_web::mail::send(&smtp, vec![message]).await?.pop() {
                Some(Err(error)) => (error.to_string(), error.is_final()),
                _ => {
                    state.record_delivery(pending.outbox_id, Try::Taken)?;
                    sent += 1;
                    continue;
                }
            },
            Err(error) => (format!("the outbox holds no message: {error}"), true),
        };
        let outcome = if is_hopeless { Try::Hopeless(&error) } else { Try::Failed(&error) };
        let is_given_up = state.record_delivery(pending.outbox_id, outcome)?;
        tracing::warn!(is_given_up, "{error}");
        failed += 1;
    }
    Ok((sent, failed))
}

/// Returns who is to be told of what opened since then, and of what was resolved.
async fn due(warehouse: &Warehouse, session: &Session, since: DateTime<Utc>, is_recent_only: bool) -> Result<Vec<Due>> {
    let mut told = Vec::new();
    for letter in warehouse.store().state().told()? {
        let now = match &letter.problem_id {
            Some(problem_id) => annals_web::mail::incident_of(session, problem_id).await?,
            None => None,
        };
        told.push((now.unwrap_or_else(|| letter.incident_id.clone()), letter));
    }
    let mut due = opened(session, since, is_recent_only).await?;
    due.retain(|due| !told.iter().any(|(now, told)| *now == due.incident_id && told.person_id == due.person_id));
    due.extend(resolved(session, told).await?);
    Ok(due)
}

/// Returns who is to be told of incidents that opened since then and are still open.
///
/// With `is_recent_only`, incidents in old revisions are left out: somebody is backfilling a history.
async fn opened(session: &Session, since: DateTime<Utc>, is_recent_only: bool) -> Result<Vec<Due>> {
    const SQL: &str = "SELECT incident_id, main_problem_id, person_id, why, evidence FROM incident_responsible \
        WHERE state = 'open' AND opened_at >= $1 AND (NOT $2 OR is_recent) ORDER BY opened_at, incident_id, person_id";
    let since = ScalarValue::TimestampMicrosecond(Some(since.timestamp_micros()), Some("UTC".into()));
    let rows = Rows::ask(session, SQL, &[since, ScalarValue::Boolean(Some(is_recent_only))]).await?.texts()?;
    let due = |row: Vec<String>| {
        let [incident_id, problem_id, person_id, why, evidence] = row.try_into().ok()?;
        let (thread, person_id) = (incident_id.clone(), person_id.parse().ok()?);
        Some(Due { kind: Kind::Opened, incident_id, thread, problem_id: Some(problem_id), person_id, why, evidence })
    };
    Ok(rows.into_iter().filter_map(due).collect())
}

/// Returns who is to be told that an incident ended: those who were told that it began.
async fn resolved(session: &Session, told: Vec<(String, Told)>) -> Result<Vec<Due>> {
    let mut due = Vec::new();
    for (incident_id, Told { incident_id: thread, problem_id, person_id }) in told {
        const SQL: &str = "SELECT resolved_revision FROM incident WHERE incident_id = $1 AND state = 'resolved'";
        if let [row] = &Rows::ask(session, SQL, &[parameter(Some(&incident_id))]).await?.texts()?[..] {
            let evidence = format!("good again at {}", row[0]);
            let why = "told".to_owned();
            due.push(Due { kind: Kind::Resolved, incident_id, thread, problem_id, person_id, why, evidence });
        }
    }
    Ok(due)
}

async fn put(warehouse: &Warehouse, session: &Session, due: &[Due], settings: &config::Mail) -> Result<()> {
    let written = write(warehouse, session, due, &site(Some(settings))).await?;
    let letter = |(due, message): &(&Due, Message)| {
        Ok(Letter {
            kind: word(due.kind).to_owned(),
            incident_id: due.thread.clone(),
            problem_id: due.problem_id.clone(),
            person_id: due.person_id,
            subject: message.subject.clone(),
            message: serde_json::to_string(message)?,
            evidence: due.evidence.clone(),
        })
    };
    let letters: Vec<Letter> = written.iter().map(letter).collect::<Result<_>>()?;
    if !letters.is_empty() {
        warehouse.store().state().write_letters(&letters)?;
    }
    Ok(())
}

/// Writes the messages; people without an address get none.
async fn write<'a>(
    warehouse: &Warehouse,
    session: &Session,
    due: &'a [Due],
    site: &Site,
) -> Result<Vec<(&'a Due, Message)>> {
    let mut stories: BTreeMap<&str, Story> = BTreeMap::new();
    let mut written = Vec::new();
    for due in due {
        let Some((name, address)) = warehouse.store().state().address(due.person_id)? else { continue };
        if !stories.contains_key(due.incident_id.as_str()) {
            stories.insert(&due.incident_id, Story::read(session, &due.incident_id).await?);
        }
        let reader = Reader { name, address, why: due.why.clone() };
        written.push((due, stories[due.incident_id.as_str()].message(due.kind, &due.thread, &reader, site)?));
    }
    Ok(written)
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Opened => "opened",
        Kind::Resolved => "resolved",
    }
}

pub(super) fn site(settings: Option<&config::Mail>) -> Site {
    let base_url = settings.and_then(|s| s.base_url.clone());
    let sender = settings.and_then(|s| s.from.rsplit_once('@')).map(|(_, host)| host.trim_end_matches('>').to_owned());
    Site { base_url, host: sender.unwrap_or_else(|| "localhost".to_owned()) }
}

fn print(message: &Message) {
    anstream::println!("{}To: {} <{}>{}", style::STRONG, plain(&message.to_name), message.to_address, style::PLAIN);
    anstream::println!("{}Subject: {}{}\n", style::STRONG, plain(&message.subject), style::PLAIN);
    anstream::println!("{}\n", plain(&message.text));
}

/// Reads a date, or a number of days before now.
fn since(text: &str) -> Result<DateTime<Utc>> {
    if let Ok(days) = text.parse::<f64>() {
        let seconds = (days * 86_400.0) as i64;
        return TimeDelta::try_seconds(seconds).map(|d| Utc::now() - d).context("that is too many days");
    }
    let date: NaiveDate = text.parse().with_context(|| format!("`{text}` is neither a date nor a number of days"))?;
    Ok(date.and_time(chrono::NaiveTime::MIN).and_utc())
}
