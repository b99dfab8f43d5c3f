//! What is sent: reports in every wrapping, changes, questions; once, whoever sends it how often.

use std::sync::atomic::Ordering;
use std::time::Duration;

use annals_collector::intake::{Bounds, Intake, Setup};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use futures::future::join_all;
use serde_json::json;

use super::site::{Form, REPORT, Shelf, Site, gzip, zstd};

fn raw(query: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(format!("/api/v1/ingest?wait=true&{query}")).body(body.into()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn many_reports_are_one_build_however_they_are_wrapped() {
    let site = Site::new(Bounds::default()).await;
    let form =
        Form::build(json!({ "key": "k", "url": "https://me:pw@ci.example/7", "attempt": 2, "result": "exception" }))
            .report("a.xml", REPORT)
            .report("b.xml.gz", gzip(REPORT.replace("good", "fine").as_bytes()))
            .report("c.xml", zstd(REPORT.replace("good", "fair").as_bytes()));
    let reply = site.upload(&form).await;
    assert_eq!((reply.status, reply.text("key")), (StatusCode::CREATED, "k"), "{reply:?}");
    assert_eq!((&reply.body["outcome_count"], &reply.body["is_replay"]), (&json!(6), &json!(false)));
    let again = site.upload(&form).await;
    assert_eq!((again.status, &again.body["is_replay"]), (StatusCode::OK, &json!(true)), "{again:?}");
    for (encoding, bytes) in [("gzip", gzip(&form.body())), ("zstd", zstd(&form.body()))] {
        let mut request = form.request("/api/v1/ingest");
        *request.body_mut() = Body::from(bytes);
        request.headers_mut().insert("content-encoding", encoding.parse().unwrap());
        let reply = site.send(request).await;
        assert_eq!((reply.status, &reply.body["is_replay"]), (StatusCode::OK, &json!(true)), "{encoding} {reply:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_report_is_a_whole_request() {
    let site = Site::new(Bounds::default()).await;
    let head = "project=p&revision=r1&builder=unit&position=4&number=12&environment.OS=linux";
    let first = site.send(raw(head, REPORT)).await;
    assert_eq!((first.status, &first.body["outcome_count"]), (StatusCode::CREATED, &json!(2)), "{first:?}");
    assert!(first.text("key").starts_with("ingest/"));
    let packed = site.send(raw(head, gzip(REPORT.as_bytes()))).await;
    assert_eq!((packed.text("key"), &packed.body["is_replay"]), (first.text("key"), &json!(true)));
    let retried = site.send(raw(&format!("{head}&attempt=2"), REPORT)).await;
    assert_ne!(retried.text("key"), first.text("key"), "another attempt is another build");
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_place_builds_whose_sender_does_not_know_where_they_stand() {
    let site = Site::new(Bounds::default()).await;
    let [root, second, third, side] = ["1", "2", "3", "4"].map(|digit| digit.repeat(40));
    let question = |revisions: &[&String]| {
        let body = json!({ "project": "p", "revisions": revisions }).to_string();
        Request::post("/api/v1/known").body(Body::from(body)).unwrap()
    };
    let unplaced = |revision: &str, key: &str| {
        Form::build(json!({ "revision": revision, "key": key, "position": null })).report("a.xml", REPORT)
    };
    site.upload(&unplaced(&third, "lost")).await.refuses(422, "git fetch --unshallow");
    assert_eq!(site.send(question(&[&third, &root])).await.body["unknown"], json!([third, root]));
    let line: [(&str, &[&str]); 2] = [(&second, &[&root]), (&root, &[])];
    let reply = site.upload(&unplaced(&second, "two").changes(&line)).await;
    assert_eq!((reply.status, &reply.body["change_count"]), (StatusCode::CREATED, &json!(2)), "{reply:?}");
    assert_eq!(site.send(question(&[&third, &root])).await.body["unknown"], json!([third]));
    // Only changes, and at once a build on them: the second upload waits for the first.
    let form = Form::build(json!({ "revision": third })).changes(&[(&third, &[&second, &side])]);
    assert_eq!(site.post("/api/v1/ingest", &form).await.status, StatusCode::ACCEPTED);
    assert_eq!(site.upload(&unplaced(&third, "three")).await.status, StatusCode::CREATED);
    let position = |branch: &str, revision: &str| site.store.state().position("p", branch, revision, &[]).unwrap();
    assert_eq!([position("main", &second), position("main", &third)], [Some(1), Some(2)]);
    assert_eq!((position("topic", &third), position("main", &side)), (Some(2), None));
    assert_eq!(site.upload(&form).await.status, StatusCode::OK, "nothing of it is new");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_uploads_of_one_build_one_is_true() {
    let site = Site::new(Bounds::default()).await;
    let forms = (0..12).map(|number| {
        let report = REPORT.replace("good", &format!("good{number}"));
        Form::build(json!({ "key": format!("k{}", number % 3) })).report("a.xml", report)
    });
    let forms: Vec<Form> = forms.collect();
    let replies = join_all(forms.iter().map(|form| site.upload(form))).await;
    let news = replies.iter().filter(|reply| reply.body["is_replay"] == json!(false));
    assert_eq!(news.map(|reply| reply.text("key")).collect::<std::collections::BTreeSet<_>>().len(), 3);
    assert_eq!(replies.iter().filter(|reply| reply.status == StatusCode::CREATED).count(), 3, "{replies:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_acknowledged_outlives_a_full_disk_and_a_restart() {
    let site = Site::new(Bounds::default()).await;
    site.is_full.store(true, Ordering::SeqCst);
    let form = |key: &str| Form::build(json!({ "key": key })).report("a.xml", REPORT);
    assert_eq!(site.post("/api/v1/ingest", &form("one")).await.status, StatusCode::ACCEPTED);
    let status = || site.send(Request::get("/api/v1/intake").body(Body::empty()).unwrap());
    while status().await.status == StatusCode::OK {
        tokio::task::yield_now().await;
    }
    assert_eq!((&status().await.body["waiting_count"], site.has("p", "one")), (&json!(1), false));
    assert!(status().await.text("error").contains("no space left"));
    assert!(site.post("/api/v1/ingest", &form("one")).await.body["is_replay"] == json!(true));
    // Another process cannot take the spool up meanwhile; once this one is gone, it can.
    let shelf = || Shelf { store: site.store.clone(), is_full: Default::default() };
    let folder = site.folder.path().join("spool");
    assert!(Intake::open(&folder, shelf(), Setup::default()).is_err());
    // What cannot even be kept is not acknowledged.
    std::fs::rename(&folder, folder.with_extension("gone")).unwrap();
    let refused = site.post("/api/v1/ingest", &form("two")).await;
    refused.refuses(503, "cannot be kept");
    assert!(refused.retry_after.is_some());
    std::fs::rename(folder.with_extension("gone"), &folder).unwrap();
    site.is_full.store(false, Ordering::SeqCst);
    assert!(site.intake.settle(Duration::from_secs(60)).await);
    assert!(site.has("p", "one") && !site.has("p", "two"));
    assert_eq!(status().await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_open_projects() {
    let site = Site::with(Setup { bounds: Bounds::default(), is_local: false, ..Setup::default() }).await;
    let state = site.store.state();
    let send = async |project: &str, authorization: &str| {
        let form = Form::build(json!({ "project": project })).report("a.xml", REPORT);
        let mut request = form.request("/api/v1/ingest");
        if !authorization.is_empty() {
            request.headers_mut().insert("authorization", authorization.parse().unwrap());
        }
        site.send(request).await
    };
    send("p", "").await.refuses(401, "annals token create");
    let (id, text) = state.create_token("ci", Some("p"), None).unwrap();
    let (_, old) = state.create_token("old", None, Some(1)).unwrap();
    let (_, all) = state.create_token("all", None, None).unwrap();
    send("p", &format!("Bearer {text}x")).await.refuses(401, "not known");
    send("p", &format!("Bearer {old}")).await.refuses(401, "expired");
    send("q", &format!("Bearer {text}")).await.refuses(403, "`p` only");
    assert_eq!(send("p", &format!("Bearer {text}")).await.status, StatusCode::ACCEPTED);
    assert_eq!(send("p", &format!("Token token=\"{text}\"")).await.body["is_replay"], json!(true));
    assert_eq!(send("q", &format!("bearer {all}")).await.status, StatusCode::ACCEPTED);
    assert!(state.revoke_token(id).unwrap() && !state.revoke_token(id).unwrap());
    send("p", &format!("Bearer {text}")).await.refuses(401, "revoked");
    let known = Request::post("/api/v1/known").body(Body::from(r#"{"project":"p","revisions":[]}"#)).unwrap();
    assert_eq!(site.send(known).await.status, StatusCode::UNAUTHORIZED);
    let tokens = state.tokens().unwrap();
    assert!(tokens[0].used_at.is_some() && tokens[0].revoked_at.is_some() && tokens[1].used_at.is_none());
    assert!(
        !std::fs::read(site.folder.path().join("state.sqlite"))
            .unwrap()
            .windows(20)
            .any(|w| w == &text.as_bytes()[..20])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_site_cannot_upload() {
    let site = Site::new(Bounds::default()).await;
    let mut request = Form::build(json!({})).report("a.xml", REPORT).request("/api/v1/ingest");
    request.headers_mut().insert("origin", "https://evil.example".parse().unwrap());
    site.send(request).await.refuses(403, "other sites");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_can_never_be_committed_does_not_stop_the_others() {
    let site = Site::new(Bounds::default()).await;
    let form = |key: &str| Form::build(json!({ "key": key })).report("a.xml", REPORT);
    let poison = site.post("/api/v1/ingest", &form("poison")).await;
    assert_eq!(poison.status, StatusCode::ACCEPTED, "{poison:?}");
    let good = site.upload(&form("good")).await;
    assert_eq!(good.status, StatusCode::CREATED, "{good:?}");
    assert!(site.intake.settle(Duration::from_secs(60)).await);
    let status = site.intake.status();
    assert_eq!((status.refused_count, status.waiting_count, status.committed_count), (1, 0, 1), "{status:?}");
    assert!(site.has("p", "good") && !site.has("p", "poison"));
    // A person finds the upload, and why.
    let refused = site.folder.path().join("spool/refused");
    let names = || std::fs::read_dir(&refused).unwrap().map(|entry| entry.unwrap().path());
    assert_eq!(names().count(), 2);
    let reason = names().find(|path| path.to_string_lossy().ends_with(".reason.txt")).unwrap();
    assert_eq!(std::fs::read_to_string(reason).unwrap(), "this build is no build\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_upload_passes_by_the_disk() {
    let site = Site::new(Bounds::default()).await;
    let case = |number: usize| format!("<testcase classname='c{}' name='n{number}'/>\n", number / 100);
    let cases: String = (0..40_000).map(case).collect();
    let report = format!("<testsuite>{cases}{cases}</testsuite>");
    let form = Form::build(json!({ "key": "large" })).report("a.xml", &report).report("b.xml", zstd(report.as_bytes()));
    let reply = site.upload(&form).await;
    assert_eq!((reply.status, &reply.body["outcome_count"]), (StatusCode::CREATED, &json!(160_000)), "{reply:?}");
    let again = site.upload(&form).await;
    assert_eq!(again.body["is_replay"], json!(true), "{again:?}");
}
