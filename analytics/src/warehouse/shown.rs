//! What a server shows while the next version is made ready: nobody who looks waits for what takes long.
//!
//! A version is shown twice: first with its own builds, outcomes and problems, under what was judged of a version before;
//! then, as another version, with its own judgement. What it costs to judge follows the history, what it costs to show
//! a build does not have to wait for it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::Warehouse;
use crate::{Result, Session};

/// The sessions that are ready.
#[derive(Default)]
pub(super) struct Shown {
    newest: Mutex<Option<Arc<Session>>>,
    judged: Mutex<Option<Arc<Session>>>,
    /// Whoever makes the next one ready; others would compute the same.
    turn: tokio::sync::Mutex<()>,
    commits: watch::Sender<()>,
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

fn read(place: &Mutex<Option<Arc<Session>>>) -> Option<Arc<Session>> {
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

    /// Makes the newest version ready under what was judged before; nothing, where nothing was.
    pub async fn show(&self) -> Result<()> {
        let Some(judged) = read(&self.shown.judged) else { return Ok(()) };
        let _turn = self.shown.turn.lock().await;
        self.catch_up().await?;
        let session = {
            let mut sessions = self.sessions.lock().await;
            let number = self.version()?.number();
            if self.shown.newest().is_some_and(|shown| shown.is_of(number)) {
                return Ok(());
            }
            self.build_session(&mut sessions, judged.judged()).await?.1
        };
        session.warm().await?;
        advance(&self.shown.newest, &Arc::new(session));
        Ok(())
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
        Ok(session)
    }
}
