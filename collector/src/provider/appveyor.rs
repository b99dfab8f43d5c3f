//! AppVeyor. `APPVEYOR_REPO_BRANCH` of a pull request is its target.

use super::variables::Variables;
use super::{Provider, Run};

pub(super) const PROVIDER: Provider = Provider { name: "appveyor", is_here: |v| v.is_set("APPVEYOR"), read };

fn read(v: &Variables) -> Run {
    let is_tag = v.is_set("APPVEYOR_REPO_TAG");
    Run {
        project: v.repository("APPVEYOR_REPO_NAME"),
        branch: v.branch(&["APPVEYOR_REPO_BRANCH"]).filter(|_| !is_tag),
        revision: v.text(&["APPVEYOR_PULL_REQUEST_HEAD_COMMIT", "APPVEYOR_REPO_COMMIT"]),
        builder: v.text(&["APPVEYOR_JOB_NAME", "APPVEYOR_BUILD_WORKER_IMAGE"]),
        run: v.text(&["APPVEYOR_BUILD_ID"]),
        job: v.text(&["APPVEYOR_JOB_ID"]),
        number: v.number("APPVEYOR_BUILD_NUMBER"),
        url: url(v),
        pull_request: v.text(&["APPVEYOR_PULL_REQUEST_NUMBER"]),
        author: v.person(&["APPVEYOR_REPO_COMMIT_AUTHOR"], "APPVEYOR_REPO_COMMIT_AUTHOR_EMAIL"),
        ..Run::default()
    }
}

fn url(v: &Variables) -> Option<String> {
    let server = v.get("APPVEYOR_URL").unwrap_or("https://ci.appveyor.com").trim_end_matches('/');
    let (account, slug) = (v.get("APPVEYOR_ACCOUNT_NAME")?, v.get("APPVEYOR_PROJECT_SLUG")?);
    let job = v.get("APPVEYOR_JOB_ID").map(|job| format!("/job/{job}")).unwrap_or_default();
    Some(format!("{server}/project/{account}/{slug}/builds/{}{job}", v.get("APPVEYOR_BUILD_ID")?))
}
