//! Saved queries that are asked by themselves: when it is time, and whom to tell that an alert has changed its state.
//!
//! What a query says of itself is read in `annals_analytics::saved`; delivery is the outbox's.

use std::sync::Arc;

use annals_analytics::outside::{Answer, Asker, Desk};
use annals_analytics::saved::{Library, Saved};
use annals_analytics::{Session, Warehouse};
use annals_data::state::outbox::Letter;
use annals_data::state::saved::Watch;
use annals_web::mail::{News, Reader, notice};
use anyhow::Result;
use chrono::{DateTime, Utc};

use super::mail;
use crate::config;

/// Rows of an answer that are looked at and counted.
const ROWS: usize = 10_000;

/// What watches.
pub(super) struct Watcher {
    pub(super) warehouse: Arc<Warehouse>,
    pub(super) library: Library,
    pub(super) desk: Arc<Desk>,
}

/// Asks every query that is due, or every one that has a schedule; returns how many alerts changed their state.
///
/// Without `settings` states are noted and nobody is written to.
pub(super) async fn round(
    watcher: &Watcher,
    session: &Session,
    settings: Option<&config::Mail>,
    is_asked_for: bool,
) -> Result<usize> {
    let state = watcher.warehouse.store().state();
    let mut changed = 0;
    for saved in watcher.library.all()?.0 {
        let Some(schedule) = saved.schedule else { continue };
        let before = state.query_watch(&saved.name)?;
        let last = before.as_ref().and_then(|watch| DateTime::from_timestamp_micros(watch.asked_at));
        let is_same = before.as_ref().is_some_and(|watch| watch.version == session.version);
        let now = Utc::now();
        if !is_asked_for && !schedule.is_due(last, is_same, now) {
            continue;
        }
        let looked = look(watcher, session, &saved).await;
        let (watch, news) = next(&saved, before, session.version, now, &looked);
        changed += usize::from(saved.alert.is_some() && news.is_some());
        let letters = match (&looked, news, settings) {
            (Ok((answer, _)), Some(news), Some(settings)) => {
                letters(watcher, &saved, news, answer, watch.changed_at, settings)?
            }
            _ => vec![],
        };
        state.note_watch(&watch, &letters)?;
        if let Some(error) = &watch.error {
            tracing::warn!(query = saved.name, error, "a saved query could not be asked");
        }
    }
    Ok(changed)
}

/// Asks a query as anybody may; returns the answer and whether the alert is raised.
async fn look(watcher: &Watcher, session: &Session, saved: &Saved) -> Result<(Answer, bool), String> {
    let asker = Asker::anybody(format!("query {}", saved.name), "schedule");
    let values = saved.values(std::iter::empty()).map_err(|error| error.to_string())?;
    let desk = &watcher.desk;
    let asked = async {
        let question = desk.saved(session, &asker, saved, values).await?;
        desk.ask(&asker, question, ROWS).await?.collect().await
    };
    let answer = asked.await.map_err(|error| error.to_string())?;
    let is_raised = saved.alert.as_ref().map_or(Ok(false), |alert| alert.is_raised(&answer.batches))?;
    Ok((answer, is_raised))
}

/// Returns what is to be noted, and what is news. A query that cannot be asked leaves its alert as it is.
fn next(
    saved: &Saved,
    before: Option<Watch>,
    version: i64,
    now: DateTime<Utc>,
    looked: &Result<(Answer, bool), String>,
) -> (Watch, Option<News>) {
    let now = now.timestamp_micros();
    let (was_raised, since) = before.map_or((false, now), |watch| (watch.is_raised, watch.changed_at));
    let (is_raised, error) = match looked {
        Ok((_, is_raised)) => (*is_raised, None),
        Err(error) => (was_raised, Some(error.clone())),
    };
    let news = match (&saved.alert, was_raised, is_raised) {
        (None, ..) if error.is_none() => Some(News::Report),
        (Some(_), false, true) => Some(News::Raised),
        (Some(_), true, false) => Some(News::Over),
        _ => None,
    };
    let changed_at = if news.is_some() { now } else { since };
    (Watch { name: saved.name.clone(), version, asked_at: now, is_raised, changed_at, error }, news)
}

fn letters(
    watcher: &Watcher,
    saved: &Saved,
    news: News,
    answer: &Answer,
    since: i64,
    settings: &config::Mail,
) -> Result<Vec<Letter>> {
    let site = mail::site(Some(settings));
    let letter = |address: &String| {
        let (person_id, name) = watcher.warehouse.store().state().addressee(address)?;
        let reader = Reader { name, address: address.clone(), why: "asked".into() };
        let message = notice(saved, news, answer, since, &reader, &site)?;
        Ok(Letter {
            kind: news.word().into(),
            incident_id: format!("query:{}:{since}", saved.name),
            problem_id: None,
            person_id,
            subject: message.subject.clone(),
            message: serde_json::to_string(&message)?,
            evidence: saved.alert.as_ref().map(ToString::to_string).unwrap_or_default(),
        })
    };
    saved.mail.iter().map(letter).collect()
}
