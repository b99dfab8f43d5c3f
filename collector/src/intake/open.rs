//! Builds that come in parts: open until the last word on them, or until nothing came for a while.
//!
//! Each part is a file in the folder of its build, written as durably as the spool. A build that is closed becomes one
//! ingest like any other; its folder goes when that is in the spool, and not before. When to close is [`super::settle`]'s.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use annals_data::id;
use annals_data::outcomes::Outcomes;
use annals_data::row::{Build, BuildResult};
use annals_data::store::BuildFacts;
use serde::{Deserialize, Serialize};

use super::Bounds;
use super::refusal::{Refusal, Result};
use super::spool;
use crate::clock;
use crate::error::Error;
use crate::run::{self, Attempts};

/// How the name of a part's file ends.
const PART: &str = "part";

/// One part of a build.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Part {
    /// What the sender calls it; empty where it has no name.
    pub(super) name: String,
    /// The build as this part knows it, and its outcomes.
    pub(super) facts: BuildFacts,
    /// How the build ended, as its sender says.
    pub(super) said: Option<BuildResult>,
    /// When it came.
    pub(super) arrived_at: i64,
}

/// What became of a part.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Held {
    /// It is kept; this very part had come before.
    Again,
    /// It is kept.
    Kept,
    /// Its build was closed before.
    Late,
}

struct OpenBuild {
    build: Build,
    parts: HashSet<String>,
    bytes: u64,
    last_at: i64,
    is_closing: bool,
}

impl OpenBuild {
    fn new(build: Build) -> Self {
        Self { build, parts: HashSet::new(), bytes: 0, last_at: 0, is_closing: false }
    }

    fn add(&mut self, part: &Part, bytes: u64) {
        self.parts.insert(part.name.clone());
        self.bytes += bytes;
        self.last_at = self.last_at.max(part.arrived_at);
    }
}

/// The builds that are open.
pub(super) struct Open {
    folder: PathBuf,
    builds: Mutex<HashMap<i64, OpenBuild>>,
}

impl Open {
    /// Takes up what a former process left open; builds that are known are closed already.
    pub(super) fn take_up(
        folder: &Path,
        is_known: &dyn Fn(&Build) -> annals_data::Result<bool>,
    ) -> crate::Result<Self> {
        fs::create_dir_all(folder).map_err(Error::file(folder))?;
        let open = Self { folder: folder.to_owned(), builds: Mutex::default() };
        for entry in fs::read_dir(folder).map_err(Error::file(folder))? {
            let path = entry.map_err(Error::file(folder))?.path();
            if !path.is_dir() {
                continue;
            }
            let parts = read_parts(&path).map_err(Error::file(&path))?;
            let build = parts.first().map(|(part, _)| part.facts.build.clone());
            // Without a store to ask nothing is thrown away.
            match build.filter(|build| !is_known(build).unwrap_or(false)) {
                None => fs::remove_dir_all(&path).map_err(Error::file(&path))?,
                Some(build) => {
                    let build_id = id::build_id(&build.project, &build.key);
                    let mut taken = OpenBuild::new(build);
                    parts.iter().for_each(|(part, bytes)| taken.add(part, *bytes));
                    open.lock().insert(build_id, taken);
                }
            }
        }
        Ok(open)
    }

    /// Returns how many builds are open.
    pub(super) fn count(&self) -> usize {
        self.lock().len()
    }

    /// Returns whether a build is open.
    pub(super) fn holds(&self, build_id: i64) -> bool {
        self.lock().contains_key(&build_id)
    }

    /// Keeps a part durably, unless its build is closed; a part of the same name is replaced.
    pub(super) fn keep(&self, part: &Part, is_known: bool, bounds: &Bounds) -> Result<Held> {
        let build = &part.facts.build;
        let build_id = id::build_id(&build.project, &build.key);
        let mut builds = self.lock();
        match builds.get(&build_id) {
            Some(open) if open.is_closing => return Ok(Held::Late),
            Some(open) => fits(open, part, bounds)?,
            None if is_known => return Ok(Held::Late),
            None => {}
        }
        let bytes: u64 = builds.values().map(|open| open.bytes).sum();
        if bytes >= bounds.spool_bytes || builds.len() >= bounds.spool_count {
            let what = "the builds that wait for further parts fill the spool";
            return Err(Refusal::full(what, "spool_bytes", bounds.spool_bytes, 60));
        }
        let folder = self.folder_of(build_id);
        let path = folder.join(format!("{:016x}.{PART}", id::id(&[&part.name])));
        let before = read_part(&path).ok().map(|(part, _)| part.facts);
        let written = write_part(&folder, &path, part);
        let written = written.map_err(|error| Refusal::unavailable(format!("the part cannot be kept now: {error}")))?;
        builds.entry(build_id).or_insert_with(|| OpenBuild::new(build.clone())).add(part, written);
        Ok(if before.as_ref() == Some(&part.facts) { Held::Again } else { Held::Kept })
    }

    /// Returns the builds to which nothing came since then.
    pub(super) fn idle(&self, since: i64) -> Vec<i64> {
        let builds = self.lock();
        let idle = builds.iter().filter(|(_, open)| open.last_at <= since && !open.is_closing);
        idle.map(|(id, _)| *id).collect()
    }

    /// Begins to close a build: returns all of it; parts that come from now on are late. `None` if it is not open.
    pub(super) fn close(&self, build_id: i64) -> Result<Option<BuildFacts>> {
        let mut builds = self.lock();
        let Some(open) = builds.get_mut(&build_id).filter(|open| !open.is_closing) else { return Ok(None) };
        let parts = read_parts(&self.folder_of(build_id)).map_err(Refusal::internal)?;
        let facts = merge(parts.into_iter().map(|(part, _)| part).collect())?;
        open.is_closing = facts.is_some();
        Ok(facts)
    }

    /// Ends the closing of a build: it is in the spool, or it could not be and stays open.
    pub(super) fn closed(&self, build_id: i64, is_kept: bool) {
        let mut builds = self.lock();
        if !is_kept {
            builds.entry(build_id).and_modify(|open| open.is_closing = false);
            return;
        }
        // A folder that stays is known to be closed when it is taken up again.
        if let Err(error) = fs::remove_dir_all(self.folder_of(build_id)) {
            tracing::warn!(%error, "the parts of a closed build stay on disk");
        }
        builds.remove(&build_id);
    }

    fn folder_of(&self, build_id: i64) -> PathBuf {
        self.folder.join(format!("{build_id:016x}"))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<i64, OpenBuild>> {
        self.builds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Refuses a part of another build under the same key, and one part too many.
fn fits(open: &OpenBuild, part: &Part, bounds: &Bounds) -> Result<()> {
    let (a, b) = (&open.build, &part.facts.build);
    for (field, a, b) in
        [("branch", &a.branch, &b.branch), ("revision", &a.revision, &b.revision), ("builder", &a.builder, &b.builder)]
    {
        if a != b {
            let detail = format!("the parts of one build have one {field}: this key's build has `{a}`, not `{b}`");
            return Err(Refusal::unprocessable(detail).fact("field", field));
        }
    }
    if open.parts.len() >= bounds.parts && !open.parts.contains(&part.name) {
        return Err(Refusal::too_large("the build has too many parts", "parts", bounds.parts));
    }
    Ok(())
}

/// Makes one build of its parts, in the order in which they came.
fn merge(mut parts: Vec<Part>) -> Result<Option<BuildFacts>> {
    parts.sort_by_key(|part| part.arrived_at);
    let Some(first) = parts.first() else { return Ok(None) };
    let mut build = first.facts.build.clone();
    let said = parts.iter().filter_map(|part| part.said).min();
    let of = |field: fn(&Build) -> Option<i64>| parts.iter().filter_map(move |part| field(&part.facts.build));
    build.started_at = of(|build| build.started_at).min();
    build.finished_at = of(|build| build.finished_at).max();
    build.is_failures_only = parts.iter().any(|part| part.facts.build.is_failures_only);
    let is_one_worker = parts.iter().all(|part| part.facts.build.worker == build.worker);
    build.worker = build.worker.filter(|_| is_one_worker);
    let (mut attempts, mut outcomes) = (Attempts::default(), Outcomes::default());
    for part in parts {
        attempts.add(&part.facts.outcomes, &mut outcomes).map_err(Refusal::internal)?;
    }
    (build.result, build.reason) = run::judge(&[], &outcomes)?;
    conclude(&mut build, said);
    Ok(Some(BuildFacts { build, steps: Vec::new(), outcomes }))
}

/// Lets the sender's word on how a build ended count where it is worse than what its tests say; a reason stays.
pub(super) fn conclude(build: &mut Build, said: Option<BuildResult>) {
    if let Some(said) = said.filter(|said| *said < build.result || *said == BuildResult::Skipped) {
        build.result = said;
        build.reason.get_or_insert_with(|| format!("its sender says `{}`", said.as_str()));
    }
}

fn write_part(folder: &Path, path: &Path, part: &Part) -> std::io::Result<u64> {
    if !folder.exists() {
        fs::create_dir_all(folder)?;
        spool::sync_folder(folder)?;
    }
    spool::write_durable(path, [&spool::frame(part)?])
}

fn read_parts(folder: &Path) -> std::io::Result<Vec<(Part, u64)>> {
    let mut parts = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == PART) {
            match read_part(&path) {
                // What the system says of a file may pass; what is in it does not.
                Err(error) if error.raw_os_error().is_none() => {
                    tracing::error!(path = %path.display(), %error, "a part of a build is damaged; it is put aside");
                    put_aside(&path)?;
                }
                read => parts.push(read?),
            }
        }
    }
    Ok(parts)
}

/// Moves a damaged part out of the folder of its build, which goes when the build is closed.
fn put_aside(path: &Path) -> std::io::Result<()> {
    let mut names = path.components().rev().filter_map(|component| component.as_os_str().to_str());
    let (part, build) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
    let folder = path.ancestors().nth(2).unwrap_or(path);
    fs::rename(path, folder.join(format!("{build}-{part}.unreadable")))
}

fn read_part(path: &Path) -> std::io::Result<(Part, u64)> {
    let file = File::open(path)?;
    let bytes = file.metadata()?.len();
    Ok((serde_json::from_reader(std::io::BufReader::new(zstd::Decoder::new(file)?))?, bytes))
}

/// Returns the present time, as parts are ordered by it.
pub(super) fn now() -> i64 {
    clock::now()
}
