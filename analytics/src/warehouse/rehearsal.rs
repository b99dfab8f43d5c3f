//! What would be known if a threshold were another: the whole history under other rules, beside the store.
//!
//! Most thresholds stand in views, so another session is enough. Which builds are mass failures is decided when builds are
//! folded; for such a threshold all facts are folded anew into a temporary folder. Nothing of the store changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use annals_data::setting::SETTINGS;
use tempfile::TempDir;

use super::{Warehouse, lock};
use crate::fold::{self, Graphs};
use crate::knowledge::Knowledge;
use crate::session::Given;
use crate::{Error, Result, Session};

/// Thresholds that begin so are applied when builds are folded.
const FOLDED: &str = "mass_failure_";

/// A session under other rules, and the folder that its knowledge lies in.
pub struct Rehearsal {
    /// The session.
    pub session: Session,
    _folder: Option<TempDir>,
}

impl Warehouse {
    /// Returns what would be known if these thresholds were so; names that are no thresholds change nothing.
    ///
    /// # Errors
    ///
    /// [`Error::LetGo`] where outcomes were let go, and the thresholds are applied when builds are folded.
    pub async fn rehearse(&self, changed: &BTreeMap<String, f64>) -> Result<Rehearsal> {
        self.catch_up().await?;
        let mut settings = fold::settings(self.store.state())?;
        for setting in SETTINGS {
            settings.extend(changed.get(setting.name).map(|value| (setting.name, *value)));
        }
        let mut sessions = self.sessions.lock().await;
        if !changed.keys().any(|name| name.starts_with(FOLDED)) {
            let (_, session) = self.build_session_of(&mut sessions, &self.knowledge, &settings, &Given::new()).await?;
            return Ok(Rehearsal { session, _folder: None });
        }
        let lanes = self.lanes_let_go()?.len();
        if lanes > 0 {
            return Err(Error::LetGo { lanes });
        }
        let folder = tempfile::tempdir_in(self.store.root())
            .map_err(|source| annals_data::Error::File { path: self.store.root().to_owned(), source })?;
        let knowledge = Knowledge::open(folder.path())?;
        let facts = {
            let _lock = lock(self.store.root()).await?;
            let mut facts = self.facts(&self.folded()?).await?;
            if let Some(facts) = Arc::get_mut(&mut facts) {
                facts.settings.clone_from(&settings);
            }
            facts
        };
        fold::fold(&knowledge, &facts, &mut Graphs::default(), true).await?;
        let (_, session) = self.build_session_of(&mut sessions, &knowledge, &settings, &Given::new()).await?;
        Ok(Rehearsal { session, _folder: Some(folder) })
    }
}
