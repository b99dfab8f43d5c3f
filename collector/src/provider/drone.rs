//! Drone. `DRONE_BRANCH` of a pull request is its target.

use super::variables::Variables;
use super::{Provider, Run};

pub(super) const PROVIDER: Provider = Provider { name: "drone", is_here: |v| v.is_set("DRONE"), read };

fn read(v: &Variables) -> Run {
    Run {
        project: v.text(&["DRONE_REPO_NAME"]),
        branch: v.branch(&["DRONE_TARGET_BRANCH", "DRONE_BRANCH"]).filter(|_| v.get("DRONE_TAG").is_none()),
        revision: v.text(&["DRONE_COMMIT_SHA"]),
        // Sending reports is mostly a step of its own: the stage is what ran.
        builder: v.text(&["DRONE_STAGE_NAME", "DRONE_STEP_NAME"]),
        run: v.text(&["DRONE_BUILD_NUMBER"]),
        job: v.text(&["DRONE_STAGE_NUMBER"]),
        number: v.number("DRONE_BUILD_NUMBER"),
        url: v.text(&["DRONE_BUILD_LINK"]),
        worker: v.text(&["DRONE_STAGE_MACHINE"]),
        pull_request: v.text(&["DRONE_PULL_REQUEST"]),
        author: v.person(&["DRONE_COMMIT_AUTHOR_NAME", "DRONE_COMMIT_AUTHOR"], "DRONE_COMMIT_AUTHOR_EMAIL"),
        started_at: v.time("DRONE_BUILD_STARTED"),
        ..Run::default()
    }
}
