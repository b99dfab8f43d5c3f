//! Bitbucket Pipelines. The name of a step is in no variable; `--builder` is where to say it.

use super::variables::Variables;
use super::{Provider, Run};

pub(super) const PROVIDER: Provider =
    Provider { name: "bitbucket", is_here: |v| v.is_set("BITBUCKET_BUILD_NUMBER"), read };

fn read(v: &Variables) -> Run {
    let request = v.text(&["BITBUCKET_PR_ID"]);
    let uuid = |name| v.get(name).map(|uuid: &str| uuid.trim_matches(['{', '}']).to_owned());
    Run {
        project: v.text(&["BITBUCKET_REPO_SLUG"]),
        branch: v.branch(&[if request.is_some() { "BITBUCKET_PR_DESTINATION_BRANCH" } else { "BITBUCKET_BRANCH" }]),
        revision: v.text(&["BITBUCKET_COMMIT"]),
        run: uuid("BITBUCKET_PIPELINE_UUID").or_else(|| v.text(&["BITBUCKET_BUILD_NUMBER"])),
        job: uuid("BITBUCKET_STEP_UUID"),
        attempt: v.number("BITBUCKET_STEP_RUN_NUMBER"),
        number: v.number("BITBUCKET_BUILD_NUMBER"),
        url: url(v),
        shard: v.shard("BITBUCKET_PARALLEL_STEP", "BITBUCKET_PARALLEL_STEP_COUNT"),
        pull_request: request,
        ..Run::default()
    }
}

fn url(v: &Variables) -> Option<String> {
    let repository = v.get("BITBUCKET_REPO_FULL_NAME")?;
    let number = v.get("BITBUCKET_BUILD_NUMBER")?;
    Some(format!("https://bitbucket.org/{repository}/pipelines/results/{number}"))
}
