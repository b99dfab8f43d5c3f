//! The services: GitHub, GitLab, CircleCI, Azure, Bitbucket, Travis, AppVeyor.

use std::fs;

use super::{reads, told, variables};
use crate::provider::detect;

const GITHUB: &str = "
    CI=true
    GITHUB_ACTIONS=true
    GITHUB_WORKFLOW=ci
    GITHUB_JOB=unit
    GITHUB_REPOSITORY=acme/engine
    GITHUB_SERVER_URL=https://github.com
    GITHUB_RUN_ID=8812000001
    GITHUB_RUN_NUMBER=731
    GITHUB_RUN_ATTEMPT=2
    RUNNER_ENVIRONMENT=github-hosted
    RUNNER_NAME=GitHub Actions 14
    RUNNER_OS=Linux
    RUNNER_TRACKING_ID=github_5f0e
    ImageOS=ubuntu24
";

/// Returns what is told of a job on GitHub with an event's file.
fn github(more: &str, event: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("event.json");
    fs::write(&path, event).unwrap();
    let mut all = variables(&format!("{GITHUB}{more}"));
    all.insert("GITHUB_EVENT_PATH".to_owned(), path.display().to_string());
    told(&detect(&all).unwrap())
}

#[test]
fn github_pushes() {
    let push = "
        GITHUB_EVENT_NAME=push
        GITHUB_REF=refs/heads/feature/rope
        GITHUB_REF_NAME=feature/rope
        GITHUB_REF_TYPE=branch
        GITHUB_SHA=1111111111111111111111111111111111111111
    ";
    reads(
        &format!("{GITHUB}{push}"),
        "provider github
         project engine
         branch feature/rope
         revision 1111111111111111111111111111111111111111
         builder ci/unit
         run 8812000001/2
         job github_5f0e
         attempt 2
         number 731
         url https://github.com/acme/engine/actions/runs/8812000001
         worker ubuntu24",
    );
    let tag = push.replace("refs/heads/feature/rope", "refs/tags/v1").replace("TYPE=branch", "TYPE=tag");
    let own = tag + "GITHUB_WORKFLOW=.github/workflows/nightly.yml\nRUNNER_ENVIRONMENT=self-hosted\nRUNNER_NAME=big-1";
    let said = told(&detect(&variables(&format!("{GITHUB}{own}"))).unwrap());
    assert!(
        !said.contains("branch") && said.contains("builder nightly/unit") && said.contains("worker big-1"),
        "{said}"
    );
}

#[test]
fn github_pull_requests_are_their_head_on_the_branch_they_are_for() {
    let more = "
        GITHUB_EVENT_NAME=pull_request
        GITHUB_REF=refs/pull/12/merge
        GITHUB_REF_NAME=12/merge
        GITHUB_HEAD_REF=rope
        GITHUB_BASE_REF=main
        GITHUB_SHA=2222222222222222222222222222222222222222
    ";
    let event = r#"{"pull_request": {"number": 12, "user": {"login": "ada", "id": 7},
        "head": {"ref": "rope", "sha": "3333333333333333333333333333333333333333"}, "base": {"ref": "main"}}}"#;
    let said = github(more, event);
    for line in [
        "branch main",
        "revision 3333333333333333333333333333333333333333",
        "request 12",
        "author ada <7+ada@users.noreply.github.com>",
    ] {
        assert!(said.lines().any(|l| l == line), "{line}: {said}");
    }
}

#[test]
fn github_workflows_that_send_the_reports_of_another_one_speak_of_that_one() {
    let more = "
        GITHUB_EVENT_NAME=workflow_run
        GITHUB_REF=refs/heads/main
        GITHUB_SHA=4444444444444444444444444444444444444444
    ";
    let event = r#"{"workflow_run": {"id": 99, "name": "tests", "event": "pull_request", "run_attempt": 1,
        "run_number": 5, "head_branch": "rope", "head_sha": "3333333333333333333333333333333333333333",
        "html_url": "https://github.com/acme/engine/actions/runs/99", "pull_requests": [],
        "actor": {"login": "ada", "id": 7},
        "head_commit": {"author": {"name": "Ada", "email": "ada@example.org"}}}}"#;
    let expected = "provider github\nproject engine\nrevision 3333333333333333333333333333333333333333\nbuilder tests\n\
        run 99/1\nattempt 1\nnumber 5\nurl https://github.com/acme/engine/actions/runs/99\nrequest rope\n\
        author Ada <ada@example.org>\n";
    assert_eq!(github(more, event), expected);
    let push = github(more, &event.replace("\"pull_request\"", "\"push\""));
    assert!(push.contains("branch rope\n") && !push.contains("request"), "{push}");
}

#[test]
fn github_queues_are_patches() {
    let more = "
        GITHUB_EVENT_NAME=merge_group
        GITHUB_REF=refs/heads/gh-readonly-queue/main/pr-12-4f2a
        GITHUB_SHA=5555555555555555555555555555555555555555
    ";
    let event = r#"{"merge_group": {"head_sha": "5555555555555555555555555555555555555555", "base_ref": "refs/heads/main",
        "head_ref": "refs/heads/gh-readonly-queue/main/pr-12-4f2a",
        "head_commit": {"author": {"name": "Ada", "email": "ada@example.org"}}}}"#;
    let said = github(more, event);
    assert!(said.contains("branch main\n") && said.contains("request 12\nauthor Ada <ada@example.org>\n"), "{said}");
}

#[test]
fn gitlab_splits_and_matrices() {
    let job = "
        CI=true
        GITLAB_CI=true
        CI_PROJECT_NAME=engine
        CI_COMMIT_SHA=1111111111111111111111111111111111111111
        CI_COMMIT_BRANCH=main
        CI_COMMIT_REF_NAME=main
        CI_COMMIT_AUTHOR=Ada Lovelace <ada@example.org>
        CI_PIPELINE_ID=90210
        CI_PIPELINE_IID=44
        CI_JOB_ID=5551
        CI_JOB_NAME=rspec 2/3
        CI_NODE_INDEX=2
        CI_NODE_TOTAL=3
        CI_JOB_URL=https://gitlab.com/acme/engine/-/jobs/5551
        CI_JOB_STARTED_AT=2026-01-02T03:04:05Z
        CI_RUNNER_DESCRIPTION=big-1
    ";
    let expected = "provider gitlab
        project engine
        branch main
        revision 1111111111111111111111111111111111111111
        builder rspec
        run 90210
        job 5551
        number 44
        url https://gitlab.com/acme/engine/-/jobs/5551
        worker big-1
        shard 2
        author Ada Lovelace <ada@example.org>
        started 1767323045000000";
    reads(job, expected);
    let matrix = job.replace("rspec 2/3", "rspec: [linux, 3.12]");
    reads(&matrix, &expected.replace("builder rspec", "builder rspec: [linux, 3.12]").replace("shard 2\n", "\n"));
}

#[test]
fn gitlab_merge_requests_are_their_head() {
    reads(
        "GITLAB_CI=true
         CI_COMMIT_SHA=2222222222222222222222222222222222222222
         CI_MERGE_REQUEST_IID=12
         CI_MERGE_REQUEST_SOURCE_BRANCH_NAME=rope
         CI_MERGE_REQUEST_SOURCE_BRANCH_SHA=3333333333333333333333333333333333333333
         CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main",
        "provider gitlab
         branch main
         revision 3333333333333333333333333333333333333333
         request 12",
    );
    // Outside of pipelines for merged results the variable is there and blank.
    reads(
        "GITLAB_CI=true
         CI_COMMIT_SHA=2222222222222222222222222222222222222222
         CI_MERGE_REQUEST_IID=12
         CI_MERGE_REQUEST_SOURCE_BRANCH_SHA=",
        "provider gitlab
         revision 2222222222222222222222222222222222222222
         request 12",
    );
}

#[test]
fn circleci_names_the_request_and_not_its_target() {
    let job = "
        CIRCLECI=true
        CIRCLE_PROJECT_REPONAME=engine
        CIRCLE_BRANCH=rope
        CIRCLE_SHA1=1111111111111111111111111111111111111111
        CIRCLE_JOB=unit
        CIRCLE_WORKFLOW_ID=0c5d-77
        CIRCLE_WORKFLOW_JOB_ID=aa-1
        CIRCLE_BUILD_NUM=318
        CIRCLE_BUILD_URL=https://circleci.com/gh/acme/engine/318
        CIRCLE_NODE_INDEX=0
        CIRCLE_NODE_TOTAL=4
        CIRCLE_USERNAME=ada
    ";
    let common = "revision 1111111111111111111111111111111111111111
        builder unit
        run 0c5d-77
        job aa-1
        number 318
        url https://circleci.com/gh/acme/engine/318
        shard 0";
    reads(job, &format!("provider circleci\nproject engine\nbranch rope\n{common}\nauthor ada <>"));
    let request = format!("{job}\nCIRCLE_PULL_REQUEST=https://github.com/acme/engine/pull/12");
    reads(&request, &format!("provider circleci\nproject engine\n{common}\nrequest 12\nauthor ada <>"));
}

#[test]
fn azure_reads_whole_references() {
    let job = "
        TF_BUILD=True
        BUILD_REPOSITORY_NAME=acme/engine
        BUILD_SOURCEBRANCH=refs/heads/release/2.1
        BUILD_SOURCEBRANCHNAME=2.1
        BUILD_SOURCEVERSION=1111111111111111111111111111111111111111
        BUILD_DEFINITIONNAME=engine ci
        BUILD_BUILDID=660
        SYSTEM_JOBNAME=linux
        SYSTEM_JOBID=12f1170f
        SYSTEM_JOBATTEMPT=1
        SYSTEM_TEAMFOUNDATIONCOLLECTIONURI=https://dev.azure.com/acme/
        SYSTEM_TEAMPROJECT=The Engine
        SYSTEM_JOBPOSITIONINPHASE=1
        SYSTEM_TOTALJOBSINPHASE=1
        AGENT_NAME=Azure Pipelines 3
        BUILD_REQUESTEDFOR=Ada
        BUILD_REQUESTEDFOREMAIL=ada@example.org
    ";
    let expected = "provider azure
        project engine
        branch release/2.1
        revision 1111111111111111111111111111111111111111
        builder engine ci/linux
        run 660
        job 12f1170f
        attempt 1
        number 660
        url https://dev.azure.com/acme/The%20Engine/_build/results?buildId=660
        author Ada <ada@example.org>";
    reads(job, expected);
    let request = format!(
        "{job}
        BUILD_SOURCEBRANCH=refs/pull/12/merge
        SYSTEM_PULLREQUEST_PULLREQUESTID=12
        SYSTEM_PULLREQUEST_TARGETBRANCH=refs/heads/main
        SYSTEM_PULLREQUEST_SOURCECOMMITID=3333333333333333333333333333333333333333"
    );
    let said = told(&detect(&variables(&request)).unwrap());
    assert!(said.contains("branch main\nrevision 3333") && said.contains("request 12\n"), "{said}");
}

#[test]
fn bitbucket_has_no_name_for_a_step() {
    let job = "
        CI=true
        BITBUCKET_BUILD_NUMBER=31
        BITBUCKET_REPO_SLUG=engine
        BITBUCKET_REPO_FULL_NAME=acme/engine
        BITBUCKET_BRANCH=rope
        BITBUCKET_COMMIT=1111111111111111111111111111111111111111
        BITBUCKET_PIPELINE_UUID={9b-1}
        BITBUCKET_STEP_UUID={9b-2}
        BITBUCKET_PARALLEL_STEP=0
        BITBUCKET_PARALLEL_STEP_COUNT=2
    ";
    let expected = "provider bitbucket
        project engine
        branch rope
        revision 1111111111111111111111111111111111111111
        run 9b-1
        job 9b-2
        number 31
        url https://bitbucket.org/acme/engine/pipelines/results/31
        shard 0";
    reads(job, expected);
    let request = format!("{job}\nBITBUCKET_PR_ID=12\nBITBUCKET_PR_DESTINATION_BRANCH=main");
    reads(&request, &format!("{}\nrequest 12", expected.replace("rope", "main")));
}

#[test]
fn travis_says_false_where_there_is_no_request() {
    let job = "
        TRAVIS=true
        TRAVIS_REPO_SLUG=acme/engine
        TRAVIS_BRANCH=main
        TRAVIS_COMMIT=1111111111111111111111111111111111111111
        TRAVIS_JOB_NAME=unit
        TRAVIS_BUILD_ID=8001
        TRAVIS_JOB_ID=8002
        TRAVIS_BUILD_NUMBER=77
        TRAVIS_JOB_WEB_URL=https://app.travis-ci.com/acme/engine/jobs/8002
        TRAVIS_TAG=
    ";
    let expected = "provider travis
        project engine
        branch main
        revision 1111111111111111111111111111111111111111
        builder unit
        run 8001
        job 8002
        number 77
        url https://app.travis-ci.com/acme/engine/jobs/8002";
    reads(&format!("{job}\nTRAVIS_PULL_REQUEST=false\nTRAVIS_PULL_REQUEST_SHA="), expected);
    let request =
        format!("{job}\nTRAVIS_PULL_REQUEST=12\nTRAVIS_PULL_REQUEST_SHA=3333333333333333333333333333333333333333");
    reads(&request, &format!("{}\nrequest 12", expected.replace('1'.to_string().repeat(40).as_str(), &"3".repeat(40))));
}

#[test]
fn appveyor_gives_the_head_of_a_request() {
    reads(
        "APPVEYOR=True
         APPVEYOR_URL=https://ci.appveyor.com
         APPVEYOR_REPO_NAME=acme/engine
         APPVEYOR_REPO_BRANCH=main
         APPVEYOR_REPO_TAG=false
         APPVEYOR_REPO_COMMIT=1111111111111111111111111111111111111111
         APPVEYOR_REPO_COMMIT_AUTHOR=Ada
         APPVEYOR_REPO_COMMIT_AUTHOR_EMAIL=ada@example.org
         APPVEYOR_PULL_REQUEST_NUMBER=12
         APPVEYOR_PULL_REQUEST_HEAD_COMMIT=3333333333333333333333333333333333333333
         APPVEYOR_BUILD_ID=41
         APPVEYOR_BUILD_NUMBER=9
         APPVEYOR_JOB_ID=u7x
         APPVEYOR_JOB_NAME=Image: Visual Studio 2022
         APPVEYOR_ACCOUNT_NAME=acme
         APPVEYOR_PROJECT_SLUG=engine",
        "provider appveyor
         project engine
         branch main
         revision 3333333333333333333333333333333333333333
         builder Image: Visual Studio 2022
         run 41
         job u7x
         number 9
         url https://ci.appveyor.com/project/acme/engine/builds/41/job/u7x
         request 12
         author Ada <ada@example.org>",
    );
}
