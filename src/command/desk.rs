//! The desk of a store: where its queries may spill, and who its readers are.

use std::path::Path;
use std::sync::Arc;

use annals_analytics::Warehouse;
use annals_analytics::outside::{Asker, Bounds, Desk};
use annals_data::state::State;
use anyhow::{Context, Result, anyhow};

/// Opens the desk that all protocols share.
pub(super) fn open(warehouse: &Arc<Warehouse>, bounds: Bounds) -> Result<Arc<Desk>> {
    let spill = std::path::absolute(warehouse.store().root())?.join("spill");
    empty(&spill).with_context(|| spill.display().to_string())?;
    let desk = Desk::new(bounds, Some(spill)).map_err(|error| anyhow!("{error:?}"))?;
    Ok(Arc::new(desk.over(Arc::clone(warehouse))))
}

/// Makes the folder, or removes what queries of earlier processes left there: they are gone, and so is its use.
fn empty(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let day = std::time::Duration::from_secs(24 * 60 * 60);
        let is_old = entry.metadata()?.modified()?.elapsed().is_ok_and(|age| age > day);
        // Another process may serve the same store.
        if is_old && entry.file_type()?.is_dir() {
            std::fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// Returns who sent a token.
pub(super) fn asker(state: &State, token: &str, wire: &'static str) -> Result<Asker, String> {
    match state.reader_of_token(token) {
        Ok(Some(reader)) => Ok(Asker::reader(reader, wire)),
        Ok(None) => Err("this token is not known here, or has ended; `annals reader create NAME` makes one".into()),
        Err(error) => {
            tracing::error!(%error, "a token could not be looked up");
            Err("the token could not be looked up".into())
        }
    }
}
