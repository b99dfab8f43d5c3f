//! What other programs send: Buildkite's collectors, Buildbot, and the webhooks of the forges.

use annals_collector::intake::{Bounds, Secrets, Setup};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};

use super::site::{Form, REPORT, Site, gzip};

const RSPEC: &str = include_str!("../../fixtures/buildkite/rspec.json");

#[tokio::test(flavor = "multi_thread")]
async fn buildkite_collectors_send_here_by_another_address() {
    let site = Site::new(Bounds::default()).await;
    let revision = "b".repeat(40);
    site.upload(&Form::build(json!({ "revision": revision })).report("a.xml", REPORT)).await;
    let (_, token) = site.store.state().create_token("ci", Some("p"), None).unwrap();
    let authorized = |mut request: Request<Body>| {
        request.headers_mut().insert("authorization", format!("Token token=\"{token}\"").parse().unwrap());
        request
    };
    let run = |form: Form| {
        let fields = [
            ("format", "json"),
            ("run_env[CI]", "buildkite"),
            ("run_env[key]", "run-7"),
            ("run_env[job_id]", "j1"),
            ("run_env[branch]", "refs/heads/main"),
            ("run_env[commit_sha]", &revision),
            ("run_env[number]", "7"),
        ];
        fields.into_iter().fold(form, |form, (name, value)| form.with(name, None, value.as_bytes()))
    };
    let form = run(Form::default().with("data", Some("r.json"), RSPEC.as_bytes()));
    let reply = site.send(authorized(form.request("/v1/uploads"))).await;
    assert_eq!(
        (reply.status, &reply.body["queued"], &reply.body["errors"]),
        (StatusCode::ACCEPTED, &json!(4), &json!([])),
        "{reply:?}"
    );
    let again = site.send(authorized(form.request("/v1/uploads"))).await;
    assert_eq!((&again.body["queued"], &again.body["id"]), (&json!(0), &reply.body["id"]));
    // Junit in the same run, and JSON as the Ruby collector sends it.
    let junit = run(Form::default().with("data", Some("r.xml"), REPORT.as_bytes()));
    assert_eq!(site.send(authorized(junit.request("/v1/uploads"))).await.body["queued"], json!(2));
    let data: Value = serde_json::from_str(RSPEC).unwrap();
    let run_env = json!({ "CI": "rspec", "key": "run-8", "commit_sha": revision, "number": 8, "url": null });
    let body = json!({ "format": "json", "run_env": run_env, "data": data }).to_string();
    let request = Request::post("/v1/uploads?builder=rspec").header("content-type", "application/json");
    let request = request.header("content-encoding", "gzip").body(Body::from(gzip(body.as_bytes()))).unwrap();
    assert_eq!(site.send(authorized(request)).await.body["queued"], json!(4));
    site.send(form.request("/v1/uploads")).await.refuses(401, "token");
    let bare = Form::default().with("data", None, b"[]");
    site.send(authorized(bare.request("/v1/uploads"))).await.refuses(422, "");
}

const SECRET: &str = "a secret of ours";

async fn hooked() -> Site {
    let all = || Some(SECRET.to_owned());
    let secrets = Secrets { github: all(), gitlab: all(), gitea: all(), buildbot: all() };
    Site::with(Setup { secrets, is_local: true, ..Setup::default() }).await
}

fn event(path: &str, headers: &[(&str, &str)], body: &Value) -> Request<Body> {
    let request = headers.iter().fold(Request::post(path), |request, (name, value)| request.header(*name, *value));
    request.body(Body::from(body.to_string())).unwrap()
}

/// Signs as HMAC-SHA-256 is defined, for a key shorter than a block.
fn sign(body: &Value) -> String {
    use sha2::{Digest, Sha256};
    let padded =
        |pad: u8| SECRET.bytes().chain(std::iter::repeat(0)).take(64).map(|byte| byte ^ pad).collect::<Vec<u8>>();
    let inner = Sha256::digest([padded(0x36), body.to_string().into_bytes()].concat());
    let outer = Sha256::digest([padded(0x5c), inner.to_vec()].concat());
    outer.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn push(ids: &[&str], before: &str) -> Value {
    let commit = |id: &&str| {
        let person = json!({ "name": "Ines Okafor", "email": "ines@example.org", "username": "ines" });
        json!({ "id": id, "message": "core: add\n\nbody", "timestamp": "2026-03-01T12:00:00+01:00", "author": person,
            "added": ["a.rs"], "modified": ["b.rs"], "removed": [] })
    };
    let commits: Vec<Value> = ids.iter().map(commit).collect();
    json!({ "ref": "refs/heads/main", "before": before, "after": ids.last().unwrap(), "commits": commits,
        "repository": { "name": "engine", "full_name": "acme/engine" }, "forced": false })
}

#[tokio::test(flavor = "multi_thread")]
async fn pushes_bring_changes_whose_parents_can_be_told() {
    let site = hooked().await;
    let [zero, one, two, three] = ["0", "1", "2", "3"].map(|digit| digit.repeat(40));
    let body = push(&[&two, &three], &one);
    let signature = format!("sha256={}", sign(&body));
    let github = |event_name: &str, signature: &str, body: &Value| {
        event("/hooks/github", &[("x-github-event", event_name), ("x-hub-signature-256", signature)], body)
    };
    site.send(github("push", "sha256=00", &body)).await.refuses(401, "signature");
    site.send(event("/hooks/github", &[("x-github-event", "push")], &body)).await.refuses(401, "signature");
    let reply = site.send(github("push", &signature, &body)).await;
    assert_eq!((reply.status, &reply.body["change_count"]), (StatusCode::ACCEPTED, &json!(2)), "{reply:?}");
    assert!(site.intake.settle(std::time::Duration::from_secs(60)).await);
    assert!(site.store.knows_change("engine", &two).unwrap() && !site.store.knows_change("engine", &one).unwrap());
    let reply = site.send(github("workflow_run", &signature, &body)).await;
    assert!(reply.text("ignored").contains("workflow_run") && site.intake.status().ignored_count == 1);
    for (field, value, reason) in [
        ("forced", json!(true), "rewritten"),
        ("before", json!(zero), "new"),
        ("ref", json!("refs/tags/v1"), "no push"),
    ] {
        let mut body = body.clone();
        body[field] = value;
        let reply = site.send(github("push", &format!("sha256={}", sign(&body)), &body)).await;
        assert!(reply.text("ignored").contains(reason), "{reply:?}");
    }
    // Gitea lists the newest first, and signs under another name.
    let mut body = push(&["5", "4"].map(|digit| digit.repeat(40)).each_ref().map(String::as_str), &three);
    body["after"] = json!("5".repeat(40));
    let signature = sign(&body);
    let reply = site
        .send(event("/hooks/gitea?project=p", &[("x-gitea-event", "push"), ("x-gitea-signature", &signature)], &body))
        .await;
    assert_eq!(reply.body["change_count"], json!(2), "{reply:?}");
    let body = push(&[&two], &one);
    let gitlab = |token: &str| {
        event("/hooks/gitlab?project=q", &[("x-gitlab-event", "Push Hook"), ("x-gitlab-token", token)], &body)
    };
    assert_eq!(site.send(gitlab(SECRET)).await.body["change_count"], json!(1));
    site.send(gitlab("another secret")).await.refuses(401, "signature");
    let bare = Site::new(Bounds::default()).await;
    bare.send(github("push", &signature, &body)).await.refuses(404, "`[hook]`");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buildbot_tells_of_its_builds() {
    let site = hooked().await;
    let mut body: Value = serde_json::from_str(include_str!("../../fixtures/buildbot/build.json")).unwrap();
    let send = |body: &Value, authorization: &str| event("/hooks/buildbot", &[("authorization", authorization)], body);
    let bearer = format!("Bearer {SECRET}");
    site.send(send(&body, "Bearer wrong")).await.refuses(401, "secret");
    site.send(send(&body, &bearer)).await.refuses(422, "position");
    let revision = "1".repeat(40);
    let known = Form::build(json!({ "project": "engine", "revision": revision })).changes(&[(&revision, &[])]);
    site.upload(&known).await;
    let reply = site.send(send(&body, &bearer)).await;
    assert_eq!((reply.status, &reply.body["outcome_count"]), (StatusCode::ACCEPTED, &json!(4)), "{reply:?}");
    assert!(site.intake.settle(std::time::Duration::from_secs(60)).await);
    assert!(site.has("engine", reply.text("key")), "{reply:?}");
    assert_eq!(site.send(send(&body, &bearer)).await.status, StatusCode::OK, "told twice, there once");
    body["complete"] = json!(false);
    // The password of `auth=("annals", …)`.
    let basic = "Basic YW5uYWxzOmEgc2VjcmV0IG9mIG91cnM=";
    assert!(site.send(send(&body, basic)).await.text("ignored").contains("not ended"));
}
