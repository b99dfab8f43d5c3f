//! Reports of builds that ran elsewhere, as one build.
//!
//! Either all files are readable or nothing is taken in. Where the build came from is said by the caller or read off
//! the surrounding checkout ([`Origin::from_checkout`]).

mod origin;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use annals_data::id;
use annals_data::row::Build;
use annals_data::store::BuildFacts;

use crate::error::{Error, Result};
use crate::report;
use crate::run;

pub use origin::{Given, Origin};

/// Reads reports as one build of `origin`; beside it returns what its reader should know of the reports.
///
/// A folder stands for the `*.xml` files in it.
pub fn ingest(origin: &Origin, files: &[PathBuf]) -> Result<(BuildFacts, Vec<String>)> {
    let (mut outcomes, mut warnings, mut attempts) = (Vec::new(), Vec::new(), HashMap::new());
    let mut hashes = Vec::new();
    let mut is_failures_only = false;
    for path in expand(files)? {
        let bytes = run::read_bounded(&path).map_err(Error::file(&path))?;
        hashes.push(format!("{:016x}", id::id(&[&String::from_utf8_lossy(&bytes)])));
        let label = path.to_string_lossy();
        let report = report::read(&label, &bytes)?;
        warnings.extend(run::warnings(&label, &report));
        is_failures_only |= report.is_failures_only;
        outcomes.extend(run::renumber(report.cases, &mut attempts));
    }
    // The same files in another order are the same build.
    hashes.sort_unstable();
    let (result, reason) = run::judge(&[], &outcomes);
    let build = Build { result, reason, is_failures_only, ..origin.build(&hashes) };
    Ok((BuildFacts { build, steps: Vec::new(), outcomes }, warnings))
}

fn expand(files: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for path in files {
        let metadata = fs::metadata(path).map_err(Error::file(path))?;
        if metadata.is_dir() {
            all.extend(reports_in(path)?);
        } else {
            all.push(path.clone());
        }
    }
    Ok(all)
}

fn reports_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(Error::file(folder))?;
    let entries = entries.collect::<Result<Vec<_>, _>>().map_err(Error::file(folder))?;
    let mut files: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    files.retain(|path| path.is_file() && path.extension().is_some_and(|extension| extension == "xml"));
    files.sort();
    if files.is_empty() {
        let reason = std::io::Error::other("there is no `*.xml` file in this folder");
        return Err(Error::file(folder)(reason));
    }
    Ok(files)
}
