//! Jenkins: freestyle jobs, pipelines, multibranch projects.
//!
//! A multibranch project has one job per branch, named by it: the branch goes away, so that the builder is the same on
//! all of them. Scripted pipelines do not set `GIT_COMMIT`; the checkout tells it then.

use super::variables::Variables;
use super::{Provider, Run};

pub(super) const PROVIDER: Provider =
    Provider { name: "jenkins", is_here: |v| v.is_set("JENKINS_URL") || v.is_set("JENKINS_HOME"), read };

fn read(v: &Variables) -> Run {
    let request = v.text(&["CHANGE_ID"]);
    let own = || v.branch(&["BRANCH_NAME", "GIT_LOCAL_BRANCH", "GIT_BRANCH"]).filter(|_| v.get("TAG_NAME").is_none());
    let branch = if request.is_some() { v.branch(&["CHANGE_TARGET"]) } else { own() };
    Run {
        project: v.repository("GIT_URL").or_else(|| v.repository("GIT_URL_1")),
        branch: branch.map(|branch| branch.strip_prefix("origin/").unwrap_or(&branch).to_owned()),
        revision: v.text(&["GIT_COMMIT"]),
        builder: builder(v),
        run: v.get("JOB_NAME").zip(v.get("BUILD_NUMBER")).map(|(job, number)| format!("{job}/{number}")),
        number: v.number("BUILD_NUMBER"),
        url: v.text(&["BUILD_URL"]),
        worker: v.text(&["NODE_NAME"]),
        pull_request: request,
        author: v.person(&["CHANGE_AUTHOR_DISPLAY_NAME", "CHANGE_AUTHOR"], "CHANGE_AUTHOR_EMAIL"),
        ..Run::default()
    }
}

fn builder(v: &Variables) -> Option<String> {
    let job = v.get("JOB_NAME")?;
    let is_multibranch = v.get("BRANCH_NAME").is_some();
    let parent = job.rsplit_once('/').filter(|_| is_multibranch).map(|(parent, _)| parent);
    Some(parent.unwrap_or(job).to_owned())
}
