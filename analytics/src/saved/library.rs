//! Where saved queries are kept: files of a folder, which a site keeps in its repository, and the state, which the SQL page
//! writes. A file stands before what has its name in the state.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use annals_data::state::State;
use annals_data::state::saved::Kept;

use super::{Error, Result, Saved, TEXT};
use crate::Warehouse;

/// Files of a folder that are looked at, and queries in the state.
const KEPT: usize = 1000;

/// The saved queries of a store.
#[derive(Clone)]
pub struct Library {
    /// Whose state keeps queries; without one there are files only.
    warehouse: Option<Arc<Warehouse>>,
    folder: Option<PathBuf>,
}

impl Library {
    /// Opens the library; `folder` holds files `NAME.sql`.
    pub fn new(warehouse: Option<Arc<Warehouse>>, folder: Option<PathBuf>) -> Self {
        Self { warehouse, folder }
    }

    fn state(&self) -> Option<&State> {
        self.warehouse.as_ref().map(|warehouse| warehouse.store().state())
    }

    fn kept(&self, name: &str) -> Result<Option<Kept>> {
        Ok(self.state().map(|state| state.saved_query(name)).transpose()?.flatten())
    }

    /// Returns all queries by name, and why some cannot be read.
    ///
    /// # Errors
    /// Fails when the folder or the state cannot be read at all.
    pub fn all(&self) -> Result<(Vec<Saved>, Vec<Error>)> {
        let (mut all, mut wrong) = (Vec::new(), Vec::new());
        for path in self.files()? {
            match read(&path) {
                Ok(saved) => all.push(saved),
                Err(error) => wrong.push(error),
            }
        }
        for kept in self.state().map(|state| state.saved_queries()).transpose()?.unwrap_or_default() {
            if all.iter().any(|saved| saved.name == kept.name) {
                continue;
            }
            match owned(&kept.name, &kept.text, kept.owner) {
                Ok(saved) => all.push(saved),
                Err(error) => wrong.push(error),
            }
        }
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok((all, wrong))
    }

    /// Returns the query of a name.
    ///
    /// # Errors
    /// Says why the query of that name cannot be read.
    pub fn find(&self, name: &str) -> Result<Option<Saved>> {
        if !super::is_name(name) {
            return Ok(None);
        }
        if let Some(path) = self.file(name) {
            return read(&path).map(Some);
        }
        self.kept(name)?.map(|kept| owned(&kept.name, &kept.text, kept.owner)).transpose()
    }

    /// Keeps a query; what its owner kept under that name before is replaced.
    ///
    /// # Errors
    /// [`Error::Taken`] where the name is a file's or somebody else's, and whatever is wrong with the text.
    pub fn save(&self, name: &str, text: &str, owner: &str) -> Result<Saved> {
        let saved = owned(name, text, owner.to_owned())?;
        self.check_owner(name, owner)?;
        let nowhere = || Error::Text { name: name.into(), reason: "only files are kept here".into() };
        let state = self.state().ok_or_else(nowhere)?;
        if state.saved_query(name)?.is_none() && state.saved_queries()?.len() >= KEPT {
            return Err(Error::Text { name: name.into(), reason: format!("there are {KEPT} queries already") });
        }
        state.save_query(name, text, owner)?;
        Ok(saved)
    }

    /// Forgets a query of the state; returns whether there was one.
    ///
    /// # Errors
    /// [`Error::Taken`] where the name is a file's or somebody else's.
    pub fn forget(&self, name: &str, owner: &str) -> Result<bool> {
        self.check_owner(name, owner)?;
        Ok(self.state().map(|state| state.forget_query(name)).transpose()?.unwrap_or_default())
    }

    fn check_owner(&self, name: &str, owner: &str) -> Result<()> {
        let taken = |owner: String| Err(Error::Taken { name: name.into(), owner });
        if self.file(name).is_some() {
            return taken("the site's folder of queries".into());
        }
        match self.kept(name)? {
            Some(kept) if kept.owner != owner => taken(kept.owner),
            _ => Ok(()),
        }
    }

    fn file(&self, name: &str) -> Option<PathBuf> {
        let path = self.folder.as_ref()?.join(format!("{name}.sql"));
        path.is_file().then_some(path)
    }

    fn files(&self) -> Result<Vec<PathBuf>> {
        let Some(folder) = &self.folder else { return Ok(vec![]) };
        let failed = |source| Error::Read { path: folder.clone(), source };
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(failed)?.take(KEPT) {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_some_and(|extension| extension == "sql") {
                files.push(path);
            }
        }
        Ok(files)
    }
}

/// Reads a query of the state, whose owner is who saved it, whatever its head says.
fn owned(name: &str, text: &str, owner: String) -> Result<Saved> {
    let mut saved = Saved::parse(name, text)?;
    saved.owner = Some(owner);
    Ok(saved)
}

fn read(path: &Path) -> Result<Saved> {
    let failed = |source| Error::Read { path: path.to_owned(), source };
    let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    if std::fs::metadata(path).map_err(failed)?.len() > TEXT as u64 {
        return Err(Error::Text { name: name.into(), reason: format!("a query has at most {TEXT} bytes") });
    }
    let text = std::fs::read_to_string(path).map_err(failed)?;
    let mut saved = Saved::parse(name, &text)?;
    saved.is_file = true;
    Ok(saved)
}
