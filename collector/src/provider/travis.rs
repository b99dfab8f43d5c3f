//! Travis CI. `TRAVIS_BRANCH` of a pull request is its target, and of a tag the tag.

use super::variables::Variables;
use super::{Provider, Run};

pub(super) const PROVIDER: Provider = Provider { name: "travis", is_here: |v| v.is_set("TRAVIS"), read };

fn read(v: &Variables) -> Run {
    let request = v.pull_request("TRAVIS_PULL_REQUEST");
    let head = if request.is_some() { v.text(&["TRAVIS_PULL_REQUEST_SHA"]) } else { None };
    Run {
        project: v.repository("TRAVIS_REPO_SLUG"),
        branch: v.branch(&["TRAVIS_BRANCH"]).filter(|_| v.get("TRAVIS_TAG").is_none()),
        revision: head.or_else(|| v.text(&["TRAVIS_COMMIT"])),
        builder: v.text(&["TRAVIS_JOB_NAME", "TRAVIS_OS_NAME"]),
        run: v.text(&["TRAVIS_BUILD_ID"]),
        job: v.text(&["TRAVIS_JOB_ID"]),
        number: v.number("TRAVIS_BUILD_NUMBER"),
        url: v.text(&["TRAVIS_JOB_WEB_URL", "TRAVIS_BUILD_WEB_URL"]),
        pull_request: request,
        ..Run::default()
    }
}
