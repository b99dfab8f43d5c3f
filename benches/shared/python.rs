//! The Python that other engines are asked by.

use std::path::{Path, PathBuf};

/// Returns the Python that `make setup` gives DuckDB, if it is there.
pub(crate) fn path() -> Option<PathBuf> {
    let cached = || Some(Path::new(&std::env::var_os("HOME")?).join(".cache/annals/venv/bin/python"));
    std::env::var_os("ANNALS_PYTHON").map(PathBuf::from).or_else(cached).filter(|path| path.exists())
}
