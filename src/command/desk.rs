//! The desk of a store: where its queries may read and spill, and who its readers are.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use annals_analytics::Warehouse;
use annals_analytics::outside::{Asker, Bounds, Desk, Ground, Role};
use annals_data::state::State;
use annals_data::state::reader::Reader;
use anyhow::{Context, Result, anyhow};

use crate::config::Config;

/// Opens the desk that all protocols share.
pub(super) fn open(warehouse: &Warehouse, config: &Config) -> Result<Arc<Desk>> {
    let root = std::path::absolute(warehouse.store().root())?;
    let spill = root.join("spill");
    empty(&spill).with_context(|| spill.display().to_string())?;
    let ground = Ground { facts: Some(facts(&root, config)?), spill: Some(spill) };
    Ok(Arc::new(Desk::new(Bounds::default(), &ground).map_err(|error| anyhow!("{error:?}"))?))
}

/// Returns the folder of the facts from the root of their store on.
fn facts(root: &Path, config: &Config) -> Result<PathBuf> {
    match config.facts.as_deref().and_then(|facts| facts.split_once("://")) {
        Some(("file", path)) => Ok(path.into()),
        // Of an object store the name of the bucket is no part of the path.
        Some((_, path)) => Ok(PathBuf::from(format!("/{}", path.split_once('/').map_or("", |(_, path)| path)))),
        None => Ok(std::path::absolute(config.facts.as_ref().map_or(root.join("facts"), PathBuf::from))?),
    }
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
        Ok(Some(reader)) => Ok(asker_of(reader, wire)),
        Ok(None) => Err("this token is not known here, or has ended; `annals reader create NAME` makes one".into()),
        Err(error) => {
            tracing::error!(%error, "a token could not be looked up");
            Err("the token could not be looked up".into())
        }
    }
}

fn asker_of(reader: Reader, wire: &'static str) -> Asker {
    let role = if reader.is_private { Role::Private } else { Role::Public };
    Asker { name: reader.name, role, wire }
}
