//! What runs on machines of one's own: Jenkins, Buildkite's agents, TeamCity, Drone, Woodpecker, Gitea, Buildbot.

use std::fs;

use super::{reads, told, variables};
use crate::provider::detect;

#[test]
fn jenkins_multibranch_jobs_lose_their_branch() {
    let job = "
        JENKINS_URL=https://ci.example.org/
        JOB_NAME=acme/engine/feature%2Frope
        BRANCH_NAME=feature/rope
        BUILD_NUMBER=18
        BUILD_URL=https://ci.example.org/job/acme/job/engine/job/feature%252Frope/18/
        NODE_NAME=linux-3
        GIT_URL=git@example.org:acme/engine.git
        GIT_BRANCH=feature/rope
        GIT_COMMIT=1111111111111111111111111111111111111111
    ";
    let expected = "provider jenkins
        project engine
        branch feature/rope
        revision 1111111111111111111111111111111111111111
        builder acme/engine
        run acme/engine/feature%2Frope/18
        number 18
        url https://ci.example.org/job/acme/job/engine/job/feature%252Frope/18/
        worker linux-3";
    reads(job, expected);
    let request = format!(
        "{job}
        BRANCH_NAME=PR-12
        CHANGE_ID=12
        CHANGE_TARGET=main
        CHANGE_BRANCH=feature/rope
        CHANGE_AUTHOR=ada
        CHANGE_AUTHOR_DISPLAY_NAME=Ada Lovelace
        CHANGE_AUTHOR_EMAIL=ada@example.org"
    );
    let person = "request 12\nauthor Ada Lovelace <ada@example.org>";
    reads(&request, &format!("{}\n{person}", expected.replace("branch feature/rope", "branch main")));
}

#[test]
fn jenkins_freestyle_jobs_know_the_remote_branch() {
    reads(
        "JENKINS_HOME=/var/jenkins
         JOB_NAME=nightly
         BUILD_NUMBER=4
         GIT_BRANCH=origin/main
         GIT_COMMIT=1111111111111111111111111111111111111111",
        "provider jenkins
         branch main
         revision 1111111111111111111111111111111111111111
         builder nightly
         run nightly/4
         number 4",
    );
}

#[test]
fn buildkite_jobs() {
    let job = "
        BUILDKITE=true
        BUILDKITE_REPO=git@github.com:acme/engine.git
        BUILDKITE_PIPELINE_SLUG=engine-ci
        BUILDKITE_BRANCH=rope
        BUILDKITE_COMMIT=1111111111111111111111111111111111111111
        BUILDKITE_LABEL=:rust: :linux: unit tests
        BUILDKITE_BUILD_ID=0190-a
        BUILDKITE_BUILD_NUMBER=1542
        BUILDKITE_BUILD_URL=https://buildkite.com/acme/engine-ci/builds/1542
        BUILDKITE_JOB_ID=0190-b
        BUILDKITE_RETRY_COUNT=1
        BUILDKITE_AGENT_NAME=big-1
        BUILDKITE_PARALLEL_JOB=2
        BUILDKITE_PARALLEL_JOB_COUNT=5
        BUILDKITE_BUILD_AUTHOR=Ada
        BUILDKITE_BUILD_AUTHOR_EMAIL=ada@example.org
    ";
    let expected = "provider buildkite
        project engine
        branch rope
        revision 1111111111111111111111111111111111111111
        builder engine-ci/unit tests
        run 0190-a
        job 0190-b
        attempt 2
        number 1542
        url https://buildkite.com/acme/engine-ci/builds/1542#0190-b
        worker big-1
        shard 2
        author Ada <ada@example.org>";
    reads(&format!("{job}\nBUILDKITE_PULL_REQUEST=false\nBUILDKITE_PULL_REQUEST_BASE_BRANCH="), expected);
    let request = format!(
        "{job}
        BUILDKITE_PULL_REQUEST=12
        BUILDKITE_PULL_REQUEST_BASE_BRANCH=main
        BUILDKITE_STEP_KEY=unit
        BUILDKITE_COMMIT=HEAD"
    );
    let said = told(&detect(&variables(&request)).unwrap());
    assert!(said.contains("branch main\nbuilder engine-ci/unit\n") && said.contains("request 12\n"), "{said}");
}

#[test]
fn teamcity_tells_most_in_files() {
    let folder = tempfile::tempdir().unwrap();
    let (build, configuration) = (folder.path().join("build.properties"), folder.path().join("config.properties"));
    fs::write(&build, format!("#comment\nteamcity.configuration.properties.file={}\n", configuration.display()))
        .unwrap();
    let said = "teamcity.build.branch=refs/heads/rope\nteamcity.build.id=991\nagent.name=big-1\n\
        teamcity.serverUrl=https\\://tc.example.org\nvcsroot.url=https\\://example.org/acme/engine.git\n";
    fs::write(&configuration, said).unwrap();
    let job = format!(
        "TEAMCITY_VERSION=2025.07 (build 197242)
         TEAMCITY_BUILDCONF_NAME=Unit
         TEAMCITY_BUILD_PROPERTIES_FILE={}
         BUILD_NUMBER=55
         BUILD_VCS_NUMBER=1111111111111111111111111111111111111111",
        build.display()
    );
    let expected = "provider teamcity
        project engine
        branch rope
        revision 1111111111111111111111111111111111111111
        builder Unit
        run 991
        number 55
        url https://tc.example.org/build/991
        worker big-1";
    reads(&job, expected);
    let request = "teamcity.pullRequest.number=12\nteamcity.pullRequest.target.branch=main\n";
    fs::write(&configuration, said.to_owned() + request).unwrap();
    reads(&job, &format!("{}\nrequest 12", expected.replace("rope", "main")));
    fs::write(&configuration, said.replace("refs/heads/rope", "<default>")).unwrap();
    reads(&job, &expected.replace("branch rope", ""));
}

#[test]
fn drone_pipelines() {
    reads(
        "CI=true
         DRONE=true
         DRONE_REPO=acme/engine
         DRONE_REPO_NAME=engine
         DRONE_BRANCH=main
         DRONE_SOURCE_BRANCH=rope
         DRONE_TARGET_BRANCH=main
         DRONE_PULL_REQUEST=12
         DRONE_COMMIT_SHA=3333333333333333333333333333333333333333
         DRONE_COMMIT_AUTHOR=ada
         DRONE_COMMIT_AUTHOR_NAME=Ada
         DRONE_COMMIT_AUTHOR_EMAIL=ada@example.org
         DRONE_STAGE_NAME=linux
         DRONE_STAGE_NUMBER=1
         DRONE_STAGE_MACHINE=big-1
         DRONE_STEP_NAME=send
         DRONE_BUILD_NUMBER=64
         DRONE_BUILD_STARTED=1767323045
         DRONE_BUILD_LINK=https://drone.example.org/acme/engine/64",
        "provider drone
         project engine
         branch main
         revision 3333333333333333333333333333333333333333
         builder linux
         run 64
         job 1
         number 64
         url https://drone.example.org/acme/engine/64
         worker big-1
         request 12
         author Ada <ada@example.org>
         started 1767323045000000",
    );
}

#[test]
fn woodpecker_is_not_taken_for_drone() {
    reads(
        "CI=woodpecker
         DRONE=true
         CI_REPO=acme/engine
         CI_REPO_NAME=engine
         CI_COMMIT_SHA=1111111111111111111111111111111111111111
         CI_COMMIT_BRANCH=main
         CI_COMMIT_AUTHOR=ada
         CI_COMMIT_AUTHOR_EMAIL=ada@example.org
         CI_WORKFLOW_NAME=unit
         CI_WORKFLOW_NUMBER=2
         CI_STEP_NAME=send
         CI_PIPELINE_NUMBER=8
         CI_PIPELINE_URL=https://wp.example.org/repos/1/pipeline/8
         CI_PIPELINE_STARTED=1767323045
         CI_MACHINE=big-1",
        "provider woodpecker
         project engine
         branch main
         revision 1111111111111111111111111111111111111111
         builder unit
         run 8
         job 2
         number 8
         url https://wp.example.org/repos/1/pipeline/8
         worker big-1
         author ada <ada@example.org>
         started 1767323045000000",
    );
}

#[test]
fn gitea_and_forgejo_are_not_taken_for_github() {
    let job = "
        CI=true
        GITHUB_ACTIONS=true
        GITEA_ACTIONS=true
        GITHUB_REPOSITORY=acme/engine
        GITHUB_SERVER_URL=https://git.example.org
        GITHUB_REF=refs/heads/main
        GITHUB_SHA=1111111111111111111111111111111111111111
        GITHUB_WORKFLOW=ci.yaml
        GITHUB_JOB=unit
        GITHUB_RUN_ID=5012
        GITHUB_RUN_NUMBER=31
        RUNNER_NAME=big-1
    ";
    let expected = "project engine
        branch main
        revision 1111111111111111111111111111111111111111
        builder ci/unit
        run 5012/1
        job big-1
        number 31
        url https://git.example.org/acme/engine/actions/runs/31
        worker big-1";
    reads(job, &format!("provider gitea\n{expected}"));
    reads(&format!("{job}\nFORGEJO_ACTIONS=true"), &format!("provider forgejo\n{expected}"));
}

#[test]
fn buildbot_is_told_by_its_configuration() {
    let job = "
        BUILDBOT_BUILDERNAME=linux-unit
        BUILDBOT_BUILDNUMBER=812
        BUILDBOT_BRANCH=main
        BUILDBOT_REVISION=
        BUILDBOT_GOT_REVISION=1111111111111111111111111111111111111111
        BUILDBOT_PROJECT=None
        BUILDBOT_REPOSITORY=https://example.org/acme/engine.git
        BUILDBOT_WORKERNAME=big-1
        BUILDBOT_URL=https://bb.example.org/#/builders/3/builds/812
    ";
    let expected = "provider buildbot
        project engine
        branch main
        revision 1111111111111111111111111111111111111111
        builder linux-unit
        run linux-unit/812
        number 812
        url https://bb.example.org/#/builders/3/builds/812
        worker big-1";
    reads(job, expected);
    reads(&job.replace("BRANCH=main", "BRANCH=None"), &expected.replace("branch main", ""));
}
