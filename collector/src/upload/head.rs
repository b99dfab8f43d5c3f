//! What an upload says of its build: options first, then the CI, then the surrounding checkout.

use std::collections::BTreeMap;
use std::env;

use chrono::DateTime;

use super::files::Pack;
use crate::error::{Error, Result};
use crate::history::History;
use crate::ingest::Given;
use crate::mirror;
use crate::provider::Run;
use crate::wire::Head;

/// The branch where nobody says one.
const BRANCH: &str = "main";

/// What the caller asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// What it says of the build.
    pub given: Given,
    /// The part of the build that this upload is; `auto` is the CI's own index of the job.
    pub part: Option<String>,
    /// The build is closed with this upload.
    pub is_final: bool,
}

impl Wish {
    /// Returns the head of the upload, without its place in the history: [`super::place`] adds it.
    ///
    /// # Errors
    ///
    /// What must be known and is not: the project, the revision, the builder, and of builds in parts the key.
    pub fn head(&self, run: Option<&Run>, checkout: Option<&History>, pack: &Pack) -> Result<Head> {
        let unknown = Run::default();
        let said = run.unwrap_or(&unknown);
        let given = self.completed(said, checkout);
        let revision = given.revision(checkout, true)?;
        check(&revision)?;
        let (builder, part) = (given.builder()?, self.part(said)?);
        let started_at = given.started_at.or(pack.started_at);
        Ok(Head {
            project: given.project(checkout)?,
            branch: given.branch(checkout).unwrap_or_else(|_| BRANCH.to_owned()),
            position: given.position,
            key: self.key(said, &builder, part.as_deref(), pack)?,
            revision,
            builder,
            part,
            is_final: self.is_final,
            number: given.number,
            attempt: said.attempt,
            url: given.url.as_deref().map(mirror::without_credentials),
            worker: given.worker,
            environment: environment(said),
            started_at: started_at.and_then(DateTime::from_timestamp_micros),
            patch_author: given.patch_author,
            ..Head::default()
        })
    }

    fn completed(&self, run: &Run, checkout: Option<&History>) -> Given {
        let given = self.given.clone();
        // A CI says where the job ran, a request where it is to go: the checkout's own branch is neither.
        let target = || run.pull_request.as_ref().and_then(|_| checkout?.remote_branch());
        let provider = Some(run.provider).filter(|name| !name.is_empty()).map(str::to_owned);
        Given {
            project: given.project.or_else(|| run.project.clone()),
            branch: given.branch.or_else(|| run.branch.clone()).or_else(target),
            revision: given.revision.or_else(|| run.revision.clone()),
            builder: given.builder.or_else(|| run.builder.clone()).or(provider),
            number: given.number.or(run.number),
            url: given.url.or_else(|| run.url.clone()),
            worker: given.worker.or_else(|| run.worker.clone()),
            started_at: given.started_at.or(run.started_at),
            patch_author: given.patch_author.or_else(|| patch_author(run)),
            ..given
        }
    }

    fn part(&self, run: &Run) -> Result<Option<String>> {
        match self.part.as_deref() {
            Some("auto") => {
                let reason = "the CI does not split this job".to_owned();
                run.shard.clone().map(Some).ok_or(Error::Missing { what: "part", reason, option: "--part" })
            }
            part => Ok(part.map(str::to_owned)),
        }
    }

    /// Returns the key. Parts must share it; other uploads of one job are told apart by what they hold, because a
    /// matrix can have several jobs of one name.
    fn key(&self, run: &Run, builder: &str, part: Option<&str>, pack: &Pack) -> Result<Option<String>> {
        let is_part = part.is_some() || self.is_final;
        let shared = run.run.as_ref().map(|id| format!("{}/{id}/{builder}", run.provider));
        match (&self.given.key, shared) {
            (Some(key), _) => Ok(Some(key.clone())),
            (None, Some(shared)) if is_part => Ok(Some(shared)),
            (None, Some(shared)) => {
                let job = run.job.as_deref().unwrap_or("job");
                Ok(Some(format!("{shared}/{job}/{}/{}", run.attempt.unwrap_or(1), pack.hash())))
            }
            (None, None) if is_part => {
                let reason = "the parts of a build share one, and no CI tells it".to_owned();
                Err(Error::Missing { what: "key", reason, option: "--key" })
            }
            (None, None) => Ok(None),
        }
    }
}

/// A request of somebody unknown is still no build of its branch.
fn patch_author(run: &Run) -> Option<(String, String)> {
    let request = run.pull_request.as_ref()?;
    Some(run.author.clone().unwrap_or_else(|| (format!("author of {request}"), String::new())))
}

/// Other systems than git number their revisions; an abbreviated commit id would be a revision that does not exist.
fn check(revision: &str) -> Result<()> {
    let is_hex = revision.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_number = revision.bytes().all(|byte| byte.is_ascii_digit());
    if revision.len() < 40 && is_hex && !is_number {
        let reason = format!("`{revision}` is no full commit id, and no checkout around knows it");
        return Err(Error::Missing { what: "revision", reason, option: "--revision" });
    }
    Ok(())
}

fn environment(run: &Run) -> BTreeMap<String, String> {
    let request = run.pull_request.clone().unwrap_or_default();
    let all = [
        ("annals", env!("CARGO_PKG_VERSION").to_owned()),
        ("arch", env::consts::ARCH.to_owned()),
        ("ci", run.provider.to_owned()),
        ("os", env::consts::OS.to_owned()),
        ("pull_request", request),
    ];
    all.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name.to_owned(), value)).collect()
}
