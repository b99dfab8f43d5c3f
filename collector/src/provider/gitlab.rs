//! GitLab CI.
//!
//! A pipeline of merged results tests a merge that GitLab made; the head of the merge request is in a variable of its
//! own. `parallel: N` appends ` 1/N` to the name of the job, `parallel: matrix` appends the values: only the former is a
//! split of one job, though both set the index.

use super::variables::Variables;
use super::{Provider, Run};

pub(super) const PROVIDER: Provider = Provider { name: "gitlab", is_here: |v| v.is_set("GITLAB_CI"), read };

fn read(v: &Variables) -> Run {
    let request = v.text(&["CI_MERGE_REQUEST_IID", "CI_EXTERNAL_PULL_REQUEST_IID"]);
    let target = ["CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_NAME"];
    let head = ["CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", "CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_SHA", "CI_COMMIT_SHA"];
    let (builder, shard) = job(v);
    Run {
        project: v.text(&["CI_PROJECT_NAME"]),
        branch: if request.is_some() { v.branch(&target) } else { v.branch(&["CI_COMMIT_BRANCH"]) },
        revision: if request.is_some() { v.text(&head) } else { v.text(&["CI_COMMIT_SHA"]) },
        builder,
        run: v.text(&["CI_PIPELINE_ID"]),
        job: v.text(&["CI_JOB_ID"]),
        number: v.number("CI_PIPELINE_IID"),
        url: v.text(&["CI_JOB_URL", "CI_PIPELINE_URL"]),
        worker: v.text(&["CI_RUNNER_DESCRIPTION"]),
        shard,
        pull_request: request,
        author: v.get("CI_COMMIT_AUTHOR").map(person),
        started_at: v.time("CI_JOB_STARTED_AT"),
        ..Run::default()
    }
}

/// Returns the job's name without its index, and the index.
fn job(v: &Variables) -> (Option<String>, Option<String>) {
    let Some(name) = v.get("CI_JOB_NAME") else { return (None, None) };
    let shard = v.shard("CI_NODE_INDEX", "CI_NODE_TOTAL").zip(v.get("CI_NODE_TOTAL"));
    let split = shard.and_then(|(index, total)| Some((name.strip_suffix(&format!(" {index}/{total}"))?, index)));
    match split {
        Some((name, index)) => (Some(name.to_owned()), Some(index)),
        None => (Some(name.to_owned()), None),
    }
}

/// Reads `Ada <ada@example.org>`.
fn person(text: &str) -> (String, String) {
    match text.rsplit_once('<') {
        Some((name, rest)) => (name.trim().to_owned(), rest.trim_end_matches('>').trim().to_owned()),
        None => (text.to_owned(), String::new()),
    }
}
