//! Which CI runs this process, and what it says of the build: read off environment variables alone.
//!
//! Each provider has one file below this one. What a variable does not tell stays `None`: the options of the command
//! line come before it, the surrounding checkout after it ([`crate::upload`]). Nothing here asks the network.
//!
//! A pull request is a build of a patch: its branch is the one that it is to be merged into, because that is where its
//! tests are compared, and its revision is the head of the patch, not the merge that the CI made to try it.

mod appveyor;
mod azure;
mod bitbucket;
mod buildbot;
mod buildkite;
mod circleci;
mod drone;
mod github;
mod gitlab;
mod jenkins;
mod teamcity;
#[cfg(test)]
mod tests;
mod travis;
mod variables;
mod woodpecker;

use std::collections::BTreeMap;

use variables::Variables;

/// Every known provider, in the order in which they are tried: first those that set the variables of another one too.
const PROVIDERS: &[Provider] = &[
    buildbot::PROVIDER,
    github::FORGEJO,
    github::GITEA,
    github::GITHUB,
    gitlab::PROVIDER,
    woodpecker::PROVIDER,
    drone::PROVIDER,
    buildkite::PROVIDER,
    circleci::PROVIDER,
    azure::PROVIDER,
    bitbucket::PROVIDER,
    travis::PROVIDER,
    appveyor::PROVIDER,
    teamcity::PROVIDER,
    jenkins::PROVIDER,
];

/// One provider: how it is called, recognised and read.
struct Provider {
    /// The name in keys and in the environment of builds.
    name: &'static str,
    /// Whether it runs this process.
    is_here: fn(&Variables) -> bool,
    /// Reads what it says; the name is filled in by [`detect`].
    read: fn(&Variables) -> Run,
}

/// What a provider says of the build that runs in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// The provider's name.
    pub provider: &'static str,
    /// The project: the repository's own name, without its owner.
    pub project: Option<String>,
    /// The branch; of a pull request the one that it is to be merged into.
    pub branch: Option<String>,
    /// The full commit id; of a pull request its head.
    pub revision: Option<String>,
    /// The name of the job, alike in every run.
    pub builder: Option<String>,
    /// What tells the run from all others of the provider, alike for the shards of a job.
    pub run: Option<String>,
    /// What tells the job from all others, where the provider says it.
    pub job: Option<String>,
    /// Which attempt at the run or the job this is, from 1.
    pub attempt: Option<i64>,
    /// The number that people know the build by.
    pub number: Option<i64>,
    /// The page of the build.
    pub url: Option<String>,
    /// The machine, where it has a name that lasts.
    pub worker: Option<String>,
    /// The index of the shard, where the provider splits the job.
    pub shard: Option<String>,
    /// The number of the pull request.
    pub pull_request: Option<String>,
    /// Name and address of who wrote the revision or the pull request, as far as the provider says it.
    pub author: Option<(String, String)>,
    /// When the build began, microseconds since 1970 UTC.
    pub started_at: Option<i64>,
}

/// Returns what the provider that set `variables` says; `None` where no known one did.
pub fn detect(variables: &BTreeMap<String, String>) -> Option<Run> {
    let variables = Variables::new(variables);
    let provider = PROVIDERS.iter().find(|provider| (provider.is_here)(&variables))?;
    Some(Run { provider: provider.name, ..(provider.read)(&variables) })
}
