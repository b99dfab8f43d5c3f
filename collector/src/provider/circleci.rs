//! CircleCI. It names the pull request, but not the branch that it is to be merged into: the checkout's default is taken.

use super::variables::Variables;
use super::{Provider, Run};

pub(super) const PROVIDER: Provider = Provider { name: "circleci", is_here: |v| v.is_set("CIRCLECI"), read };

fn read(v: &Variables) -> Run {
    let request = v.get("CIRCLE_PULL_REQUEST").or_else(|| v.get("CIRCLE_PR_NUMBER"));
    let request = request.and_then(|url| url.rsplit('/').next()).map(str::to_owned);
    let own = || v.branch(&["CIRCLE_BRANCH"]).filter(|_| v.get("CIRCLE_TAG").is_none());
    Run {
        project: v.text(&["CIRCLE_PROJECT_REPONAME"]),
        branch: if request.is_some() { None } else { own() },
        revision: v.text(&["CIRCLE_SHA1"]),
        builder: v.text(&["CIRCLE_JOB"]),
        run: v.text(&["CIRCLE_WORKFLOW_ID"]),
        job: v.text(&["CIRCLE_WORKFLOW_JOB_ID", "CIRCLE_BUILD_NUM"]),
        number: v.number("CIRCLE_BUILD_NUM"),
        url: v.text(&["CIRCLE_BUILD_URL"]),
        shard: v.shard("CIRCLE_NODE_INDEX", "CIRCLE_NODE_TOTAL"),
        pull_request: request,
        author: v.person(&["CIRCLE_PR_USERNAME", "CIRCLE_USERNAME"], ""),
        ..Run::default()
    }
}
