//! Woodpecker. It shares names of variables with GitLab, and older ones set those of Drone.

use super::variables::Variables;
use super::{Provider, Run};

pub(super) const PROVIDER: Provider = Provider {
    name: "woodpecker",
    is_here: |v| v.get("CI") == Some("woodpecker") || v.get("CI_SYSTEM_NAME") == Some("woodpecker"),
    read,
};

fn read(v: &Variables) -> Run {
    Run {
        project: v.text(&["CI_REPO_NAME"]).or_else(|| v.repository("CI_REPO")),
        branch: v.branch(&["CI_COMMIT_TARGET_BRANCH", "CI_COMMIT_BRANCH"]).filter(|_| v.get("CI_COMMIT_TAG").is_none()),
        revision: v.text(&["CI_COMMIT_SHA"]),
        builder: v.text(&["CI_WORKFLOW_NAME", "CI_STEP_NAME"]),
        run: v.text(&["CI_PIPELINE_NUMBER", "CI_BUILD_NUMBER"]),
        job: v.text(&["CI_WORKFLOW_NUMBER"]),
        number: v.number("CI_PIPELINE_NUMBER").or_else(|| v.number("CI_BUILD_NUMBER")),
        url: v.text(&["CI_PIPELINE_URL", "CI_BUILD_LINK"]),
        worker: v.text(&["CI_MACHINE"]),
        pull_request: v.text(&["CI_COMMIT_PULL_REQUEST"]),
        author: v.person(&["CI_COMMIT_AUTHOR"], "CI_COMMIT_AUTHOR_EMAIL"),
        started_at: v.time("CI_PIPELINE_STARTED").or_else(|| v.time("CI_PIPELINE_CREATED")),
        ..Run::default()
    }
}
