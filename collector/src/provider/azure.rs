//! Azure Pipelines. `BUILD_SOURCEBRANCHNAME` is only the last part of the branch, so the whole reference is read.

use super::variables::{Variables, joined};
use super::{Provider, Run};

pub(super) const PROVIDER: Provider = Provider { name: "azure", is_here: |v| v.is_set("TF_BUILD"), read };

fn read(v: &Variables) -> Run {
    let request = v.text(&["SYSTEM_PULLREQUEST_PULLREQUESTNUMBER", "SYSTEM_PULLREQUEST_PULLREQUESTID"]);
    let target = ["SYSTEM_PULLREQUEST_TARGETBRANCH", "SYSTEM_PULLREQUEST_TARGETBRANCHNAME"];
    let job = v.get("SYSTEM_JOBNAME").filter(|job| *job != "__default");
    Run {
        project: v.repository("BUILD_REPOSITORY_NAME"),
        branch: if request.is_some() { v.branch(&target) } else { v.branch(&["BUILD_SOURCEBRANCH"]) },
        revision: v.text(&["SYSTEM_PULLREQUEST_SOURCECOMMITID", "BUILD_SOURCEVERSION"]),
        builder: joined(&[v.get("BUILD_DEFINITIONNAME"), job]),
        run: v.text(&["BUILD_BUILDID"]),
        job: v.text(&["SYSTEM_JOBID"]),
        attempt: v.number("SYSTEM_JOBATTEMPT"),
        number: v.number("BUILD_BUILDID"),
        url: url(v),
        worker: worker(v),
        shard: v.shard("SYSTEM_JOBPOSITIONINPHASE", "SYSTEM_TOTALJOBSINPHASE"),
        pull_request: request,
        author: v.person(&["BUILD_SOURCEVERSIONAUTHOR", "BUILD_REQUESTEDFOR"], "BUILD_REQUESTEDFOREMAIL"),
        ..Run::default()
    }
}

fn url(v: &Variables) -> Option<String> {
    let server = v.get("SYSTEM_TEAMFOUNDATIONCOLLECTIONURI").or_else(|| v.get("SYSTEM_COLLECTIONURI"))?;
    let project = v.get("SYSTEM_TEAMPROJECT")?.replace(' ', "%20");
    Some(format!("{}/{project}/_build/results?buildId={}", server.trim_end_matches('/'), v.get("BUILD_BUILDID")?))
}

/// Hosted agents are numbered anew each time.
fn worker(v: &Variables) -> Option<String> {
    let is_hosted = |name: &str| name.starts_with("Azure Pipelines") || name.starts_with("Hosted Agent");
    v.text(&["AGENT_NAME"]).filter(|name| !is_hosted(name))
}
