//! What a server shows while the next version is made ready: nobody who looks waits for what takes long.
//!
//! A version is shown twice: first with its own builds, outcomes and problems, under what was judged of a version before,
//! to which new incidents are added ([`crate::early`]); then, as another version, with its own judgement. What it costs to
//! judge follows the history, what it costs to show a build does not have to wait for it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::Warehouse;
use crate::early::Early;
use crate::{Result, Session};

/// The sessions that are ready.
#[derive(Default)]
pub(super) struct Shown {
    newest: Mutex<Option<Arc<Session>>>,
    judged: Mutex<Option<Arc<Session>>>,
    /// What judges the incidents that are new to `judged`.
    early: Mutex<Option<Arc<Early>>>,
    /// Whoever makes the next one ready; others would compute the same.
    turn: tokio::sync::Mutex<()>,
    commits: watch::Sender<()>,
}

/// The new incidents that were judged when a version was shown.
#[derive(Clone, Copy, Debug, Default)]
pub struct JudgedEarly {
    /// Their problems.
    pub problem_count: usize,
    /// How long it took.
    pub time: Duration,
}

/// Waits for commits of this process.
pub struct News(watch::Receiver<()>);

impl News {
    /// Waits until something was committed since the last wait, or for `limit`: other processes say nothing.
    pub async fn wait(&mut self, limit: Duration) {
        let _ = tokio::time::timeout(limit, self.0.changed()).await;
    }
}

impl Shown {
    /// Returns the newest session that is shown.
    pub(super) fn newest(&self) -> Option<Arc<Session>> {
        read(&self.newest)
    }

    /// Tells that something was committed.
    pub(super) fn tell(&self) {
        self.commits.send_replace(());
    }
}

fn read<T>(place: &Mutex<Option<Arc<T>>>) -> Option<Arc<T>> {
    place.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Puts the session there, unless a newer one is there.
fn advance(place: &Mutex<Option<Arc<Session>>>, session: &Arc<Session>) {
    let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
    if place.as_ref().is_none_or(|known| known.version < session.version) {
        *place = Some(session.clone());
    }
}

impl Warehouse {
    /// Returns the newest session that is ready to be looked at: as old as [`Self::show`] and [`Self::judge`] left it,
    /// and never waited for, but at first.
    pub async fn ready_session(&self) -> Result<Arc<Session>> {
        match self.shown.newest() {
            Some(session) => Ok(session),
            None => self.session().await,
        }
    }

    /// Returns the newest ready session whose judgement is its own: what leaves the house stands on it.
    pub async fn judged_session(&self) -> Result<Arc<Session>> {
        match read(&self.shown.judged) {
            Some(session) => Ok(session),
            None => self.session().await,
        }
    }

    /// Returns who waits for commits of this process.
    pub fn news(&self) -> News {
        News(self.shown.commits.subscribe())
    }

    /// Makes the newest version ready under what was judged before; nothing, where nothing was. Returns what was judged of
    /// it at once.
    pub async fn show(&self) -> Result<JudgedEarly> {
        let nothing = Ok(JudgedEarly::default());
        let Some(early) = read(&self.shown.early) else { return nothing };
        let _turn = self.shown.turn.lock().await;
        self.catch_up().await?;
        let (given, extensions) = early.extended();
        let session = {
            let mut sessions = self.sessions.lock().await;
            let number = self.version()?.number();
            if self.shown.newest().is_some_and(|shown| shown.is_of(number)) {
                return nothing;
            }
            self.build_session(&mut sessions, &given).await?.1
        };
        session.warm().await?;
        let begun = Instant::now();
        let judged = early.judge(&session, extensions).await;
        let time = begun.elapsed();
        // It is worth to be shown without, too.
        advance(&self.shown.newest, &Arc::new(session));
        early.plan().await?;
        Ok(JudgedEarly { problem_count: judged?, time })
    }

    /// Shows the newest version, judges it and makes that ready.
    pub async fn judge(&self) -> Result<Arc<Session>> {
        // The judgement stands on what is shown first.
        self.show().await?;
        let session = self.session().await?;
        session.warm().await?;
        session.judge().await?;
        advance(&self.shown.judged, &session);
        advance(&self.shown.newest, &session);
        if read(&self.shown.early).is_none_or(|early| early.version() != session.version) {
            let early = Early::of(&session).await?;
            *self.shown.early.lock().unwrap_or_else(PoisonError::into_inner) = early;
        }
        Ok(session)
    }
}
