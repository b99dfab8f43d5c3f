//! What each provider sets, as its documentation and its jobs show it, and what is read from that.

mod hosted;
mod own;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{PROVIDERS, Run, detect};

/// Reads `NAME=value` lines.
fn variables(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(|line| line.split_once('=').unwrap()).map(|(name, value)| (name.into(), value.into())).collect()
}

/// Says what is known of a run, one word and value per line.
fn told(run: &Run) -> String {
    let mut text = format!("provider {}\n", run.provider);
    let mut tell = |word: &str, value: Option<String>| {
        value.into_iter().for_each(|value| writeln!(text, "{word} {value}").unwrap());
    };
    tell("project", run.project.clone());
    tell("branch", run.branch.clone());
    tell("revision", run.revision.clone());
    tell("builder", run.builder.clone());
    tell("run", run.run.clone());
    tell("job", run.job.clone());
    tell("attempt", run.attempt.map(|number| number.to_string()));
    tell("number", run.number.map(|number| number.to_string()));
    tell("url", run.url.clone());
    tell("worker", run.worker.clone());
    tell("shard", run.shard.clone());
    tell("request", run.pull_request.clone());
    tell("author", run.author.as_ref().map(|(name, address)| format!("{name} <{address}>")));
    tell("started", run.started_at.map(|at| at.to_string()));
    text
}

/// Holds what is read from an environment against what it should say; indentation does not count.
#[track_caller]
fn reads(environment: &str, expected: &str) {
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let run = detect(&variables(environment)).expect("a provider is recognised");
    assert_eq!(told(&run).lines().collect::<Vec<_>>(), expected);
}

#[test]
fn a_machine_without_a_ci_has_none() {
    assert_eq!(detect(&variables("HOME=/home/ada\nCI=true\nPATH=/bin\nGITHUB_ACTIONS=\nTRAVIS=false")), None);
}

#[test]
fn nothing_but_the_mark_is_enough() {
    let marks = [
        "BUILDBOT_BUILDERNAME=x",
        "FORGEJO_ACTIONS=true\nGITEA_ACTIONS=true\nGITHUB_ACTIONS=true",
        "GITEA_ACTIONS=true\nGITHUB_ACTIONS=true",
        "GITHUB_ACTIONS=true",
        "GITLAB_CI=true",
        "CI=woodpecker\nDRONE=true",
        "DRONE=true",
        "BUILDKITE=true",
        "CIRCLECI=true",
        "TF_BUILD=True",
        "BITBUCKET_BUILD_NUMBER=3",
        "TRAVIS=true",
        "APPVEYOR=True",
        "TEAMCITY_VERSION=2025.07",
        "JENKINS_URL=http://ci/",
    ];
    for (mark, provider) in marks.iter().zip(PROVIDERS) {
        assert_eq!(detect(&variables(mark)).unwrap().provider, provider.name, "{mark}");
    }
    assert_eq!(marks.len(), PROVIDERS.len());
}

#[test]
fn senseless_values_are_no_values() {
    let run = detect(&variables(
        "GITHUB_ACTIONS=true\nGITHUB_RUN_NUMBER=many\nGITHUB_RUN_ATTEMPT=99999999999999999999\n\
         GITHUB_EVENT_NAME=pull_request\nGITHUB_EVENT_PATH=/nowhere/event.json\nGITHUB_REPOSITORY=/\nGITHUB_SHA=  ",
    ))
    .unwrap();
    assert_eq!(run, Run { provider: "github", ..Run::default() });
    let run = detect(&variables("BUILDKITE=true\nBUILDKITE_RETRY_COUNT=9223372036854775807")).unwrap();
    assert_eq!(run.attempt, None);
}
