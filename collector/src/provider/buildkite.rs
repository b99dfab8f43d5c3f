//! Buildkite. A build that was started by hand has `HEAD` as its commit until the first job has checked it out.

use super::variables::{Variables, joined};
use super::{Provider, Run};

pub(super) const PROVIDER: Provider = Provider { name: "buildkite", is_here: |v| v.is_set("BUILDKITE"), read };

fn read(v: &Variables) -> Run {
    let request = v.pull_request("BUILDKITE_PULL_REQUEST");
    let is_tag = v.get("BUILDKITE_TAG").is_some();
    let own = || v.branch(&["BUILDKITE_BRANCH"]).filter(|_| !is_tag);
    let step = v.get("BUILDKITE_STEP_KEY").or_else(|| v.get("BUILDKITE_LABEL").map(label));
    let author = v.person(&["BUILDKITE_BUILD_AUTHOR"], "BUILDKITE_BUILD_AUTHOR_EMAIL");
    let page = v.get("BUILDKITE_BUILD_URL");
    Run {
        project: v.repository("BUILDKITE_REPO").or_else(|| v.text(&["BUILDKITE_PIPELINE_SLUG"])),
        branch: if request.is_some() { v.branch(&["BUILDKITE_PULL_REQUEST_BASE_BRANCH"]) } else { own() },
        revision: v.text(&["BUILDKITE_COMMIT"]).filter(|commit| commit != "HEAD"),
        builder: joined(&[v.get("BUILDKITE_PIPELINE_SLUG"), step]),
        run: v.text(&["BUILDKITE_BUILD_ID"]),
        job: v.text(&["BUILDKITE_JOB_ID"]),
        attempt: v.number("BUILDKITE_RETRY_COUNT").and_then(|count| count.checked_add(1)),
        number: v.number("BUILDKITE_BUILD_NUMBER"),
        url: page.map(|page| v.get("BUILDKITE_JOB_ID").map_or(page.to_owned(), |job| format!("{page}#{job}"))),
        worker: v.text(&["BUILDKITE_AGENT_NAME"]),
        shard: v.shard("BUILDKITE_PARALLEL_JOB", "BUILDKITE_PARALLEL_JOB_COUNT"),
        pull_request: request,
        author: author.or_else(|| v.person(&["BUILDKITE_BUILD_CREATOR"], "BUILDKITE_BUILD_CREATOR_EMAIL")),
        ..Run::default()
    }
}

/// Returns a label without the pictures before it: `:rspec: unit`.
fn label(text: &str) -> &str {
    let mut rest = text;
    while let Some((word, after)) = rest.split_once(' ') {
        if !(word.len() > 2 && word.starts_with(':') && word.ends_with(':')) {
            break;
        }
        rest = after.trim_start();
    }
    rest
}
