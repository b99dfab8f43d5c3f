//! GitHub Actions, and Gitea's and Forgejo's, which set the same variables and `GITHUB_ACTIONS` too.
//!
//! `GITHUB_SHA` of a pull request is a merge that nobody will ever see again, and that of `workflow_run` is the newest
//! revision of the default branch: the event's file says what was tested. A matrix is in no variable; `--builder` is
//! where to say it.

use serde_json::Value;

use super::variables::{Variables, branch, joined};
use super::{Provider, Run};

pub(super) const GITHUB: Provider =
    Provider { name: "github", is_here: |v| v.is_set("GITHUB_ACTIONS"), read: |v| read(v, "GITHUB_RUN_ID") };
// Their pages go by the number in the repository, not by the run's id.
pub(super) const GITEA: Provider =
    Provider { name: "gitea", is_here: |v| v.is_set("GITEA_ACTIONS"), read: |v| read(v, "GITHUB_RUN_NUMBER") };
pub(super) const FORGEJO: Provider =
    Provider { name: "forgejo", is_here: |v| v.is_set("FORGEJO_ACTIONS"), read: |v| read(v, "GITHUB_RUN_NUMBER") };

fn read(v: &Variables, page: &str) -> Run {
    let event = v.file("GITHUB_EVENT_PATH").and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(Value::Null);
    let run = plain(v, page);
    match v.get("GITHUB_EVENT_NAME") {
        Some("workflow_run") => of_workflow(run, &event["workflow_run"]),
        Some("merge_group") => of_queue(run, &event["merge_group"]),
        _ if event["pull_request"].is_object() => of_pull_request(run, v, &event["pull_request"]),
        _ => run,
    }
}

fn plain(v: &Variables, page: &str) -> Run {
    let attempt = v.number("GITHUB_RUN_ATTEMPT");
    let run = v.get("GITHUB_RUN_ID").map(|run| format!("{run}/{}", attempt.unwrap_or(1)));
    let is_branch = v.get("GITHUB_REF_TYPE") != Some("tag");
    Run {
        project: v.repository("GITHUB_REPOSITORY"),
        branch: v.get("GITHUB_REF").filter(|_| is_branch).and_then(branch),
        revision: v.text(&["GITHUB_SHA"]),
        builder: joined(&[v.get("GITHUB_WORKFLOW").map(workflow), v.get("GITHUB_JOB")]),
        run,
        // Jobs of a matrix have one name, but not one runner. Some set the id to 0, to leave processes behind.
        job: v.text(&["RUNNER_TRACKING_ID"]).filter(|id| id != "0").or_else(|| v.text(&["RUNNER_NAME"])),
        attempt,
        number: v.number("GITHUB_RUN_NUMBER"),
        url: url(v, page),
        worker: worker(v),
        ..Run::default()
    }
}

/// A workflow without a name goes by its path.
fn workflow(name: &str) -> &str {
    let file = name.strip_prefix(".github/workflows/").unwrap_or(name);
    file.strip_suffix(".yml").or(file.strip_suffix(".yaml")).unwrap_or(file)
}

fn url(v: &Variables, page: &str) -> Option<String> {
    let (server, repository) = (v.get("GITHUB_SERVER_URL")?, v.get("GITHUB_REPOSITORY")?);
    Some(format!("{}/{repository}/actions/runs/{}", server.trim_end_matches('/'), v.get(page)?))
}

/// A hosted runner has a new name each time; its image is what lasts.
fn worker(v: &Variables) -> Option<String> {
    match v.get("RUNNER_ENVIRONMENT") {
        Some("github-hosted") => v.text(&["ImageOS", "RUNNER_OS"]),
        _ => v.text(&["RUNNER_NAME"]),
    }
}

fn of_pull_request(run: Run, v: &Variables, request: &Value) -> Run {
    Run {
        branch: text(&request["base"]["ref"]).or_else(|| v.branch(&["GITHUB_BASE_REF"])),
        revision: text(&request["head"]["sha"]).or(run.revision),
        pull_request: request["number"].as_i64().map(|number| number.to_string()),
        author: login(&request["user"]),
        ..run
    }
}

/// A workflow that runs after another one, with its artefacts: so reports of forks come in, which have no secrets.
fn of_workflow(run: Run, other: &Value) -> Run {
    let attempt = other["run_attempt"].as_i64();
    let is_request = other["event"].as_str().is_some_and(|event| event.starts_with("pull_request"));
    let request = &other["pull_requests"][0];
    let number = request["number"].as_i64().map(|number| number.to_string());
    let target = text(&request["base"]["ref"]);
    Run {
        branch: if is_request { target } else { text(&other["head_branch"]) },
        revision: text(&other["head_sha"]).or(run.revision),
        builder: text(&other["name"]).or(run.builder),
        run: other["id"].as_i64().map(|id| format!("{id}/{}", attempt.unwrap_or(1))).or(run.run),
        attempt: attempt.or(run.attempt),
        number: other["run_number"].as_i64().or(run.number),
        url: text(&other["html_url"]).or(run.url),
        job: None,
        worker: None,
        // GitHub lists no pull request of a fork; that it is one still counts.
        pull_request: is_request.then(|| number.or(text(&other["head_branch"])).unwrap_or_default()),
        author: person(&other["head_commit"]["author"]).or_else(|| login(&other["actor"])),
        ..run
    }
}

/// A merge queue tries changes before they are on their branch: a patch of the one who wrote them.
fn of_queue(run: Run, group: &Value) -> Run {
    Run {
        branch: text(&group["base_ref"]).as_deref().and_then(branch),
        revision: text(&group["head_sha"]).or(run.revision),
        pull_request: text(&group["head_ref"]).as_deref().and_then(queued),
        author: person(&group["head_commit"]["author"]),
        ..run
    }
}

/// Returns the number in `refs/heads/gh-readonly-queue/main/pr-12-4f2a…`.
fn queued(reference: &str) -> Option<String> {
    let number = reference.rsplit('/').next()?.strip_prefix("pr-")?.split('-').next()?;
    Some(number.to_owned())
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn person(value: &Value) -> Option<(String, String)> {
    Some((text(&value["name"])?, text(&value["email"]).unwrap_or_default()))
}

/// The address is the one that GitHub itself gives to those who hide theirs.
fn login(user: &Value) -> Option<(String, String)> {
    let name = text(&user["login"])?;
    let address = user["id"].as_i64().map(|id| format!("{id}+{name}@users.noreply.github.com")).unwrap_or_default();
    Some((name, address))
}
