//! How long pages take: in a session in which nothing is computed, as a command meets it; then as `annals serve` shows a
//! version, the first page of a kind, others of that kind, and the first again.

use std::sync::Arc;
use std::time::Instant;

use annals_analytics::{Session, Warehouse};
use annals_web::{App, Limits, router};
use anyhow::{Result, ensure};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use datafusion::arrow::array::{AsArray, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use tower::ServiceExt;

use super::peer;

/// How many other pages of a kind are asked for when warm, and how often the first again.
const ROUNDS: usize = 20;

/// Every address of the site that computes something, with what is put into it: values of rows that are there.
const PAGES: &[(&str, &str)] = &[
    ("/", ""),
    ("/problem?state=all", ""),
    ("/problem/{}", "SELECT problem_id FROM problem ORDER BY change_count DESC NULLS LAST, problem_id"),
    ("/incident/{}", "SELECT incident_id FROM incident ORDER BY problem_count DESC, incident_id"),
    ("/test/{}", "SELECT test_id FROM problem GROUP BY test_id ORDER BY min(problem_id)"),
    ("/build", ""),
    ("/build/{}", "SELECT opened_build_id FROM problem GROUP BY opened_build_id ORDER BY min(problem_id)"),
    ("/change/{}", "SELECT opened_revision FROM problem GROUP BY opened_revision ORDER BY min(problem_id)"),
    ("/grid?{}", LANES),
    ("/author", ""),
    ("/author/{}", "SELECT person_id FROM author_total ORDER BY change_count DESC, person_id"),
    ("/degradation", ""),
    ("/slower?{}", LANES),
    ("/readiness", ""),
    ("/compare?base=days%3D7..37&sample=days%3D7", ""),
    ("/recurrence", ""),
    ("/renamed", ""),
    ("/suspicion", ""),
    ("/view", ""),
    ("/view/flaky_test", ""),
    ("/view/problem.csv", ""),
    ("/chart/pass_rate.svg?{}", BRANCHES),
    ("/chart/open_problems.svg?{}", BRANCHES),
    ("/chart/time_to_fix.svg?{}", BRANCHES),
    ("/chart/duration.svg?test={}", "SELECT test_id FROM problem GROUP BY test_id ORDER BY min(problem_id)"),
    (
        "/chart/author_activity.svg?person={}",
        "SELECT person_id FROM author_total ORDER BY change_count DESC, person_id",
    ),
    ("/chart/reliability.svg", ""),
];

const LANES: &str =
    "SELECT 'project=' || project || '&branch=' || branch || '&builder=' || builder FROM builder_health";
const BRANCHES: &str = "SELECT DISTINCT 'project=' || project || '&branch=' || branch FROM builder_health";

/// Prints the times of all pages, and of DuckDB finding the open problems.
pub(crate) async fn measure(warehouse: &Warehouse, peer: Option<&peer::Streaks>) -> Result<()> {
    println!(
        "{:44} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "page", "bare ms", "first ms", "others ms", "p99 ms", "again ms", "bytes"
    );
    let mut list = 0.0;
    let judged = warehouse.judge().await?;
    for (page, key) in PAGES {
        let paths = match *key {
            "" => vec![(*page).to_owned()],
            key => texts(warehouse, key, ROUNDS + 1).await?.iter().map(|id| page.replace("{}", id)).collect(),
        };
        // Sessions of their own, so that of the first nothing is warm but the engine.
        let bare = ask(&site(warehouse, warehouse.fresh_session().await?), &paths[0]).await?.0;
        let site = site(warehouse, Arc::new(judged.unasked()));
        let (first, length) = ask(&site, &paths[0]).await?;
        let others = times(&site, &paths[1..]).await?;
        let again = times(&site, &vec![paths[0].clone(); ROUNDS]).await?;
        let [middle, most, again] = [at(&others, 0.5), at(&others, 0.99), at(&again, 0.5)];
        println!("{page:44} {bare:>9.1} {first:>9.1} {middle:>9} {most:>9} {again:>9} {length:>9}");
        if *page == "/problem?state=all" {
            list = bare;
        }
    }
    if let Some(peer) = peer {
        let open = number(warehouse, "SELECT count(*) FROM problem WHERE state = 'open'").await?;
        let by_sql = (peer.streak_seconds + peer.problem_seconds) * 1e3;
        println!("open problems: annals {open}, DuckDB {} by {by_sql:.0} ms from the outcomes", peer.problems);
        println!(
            "  of which {:.1} ms from its streaks; time ratio page / SQL {:.3}",
            peer.problem_seconds * 1e3,
            list / by_sql
        );
    }
    Ok(())
}

/// Returns the site over one session.
fn site(warehouse: &Warehouse, session: Arc<Session>) -> Router {
    let sessions = move || {
        let session = session.clone();
        Box::pin(async move { Ok(session) }) as futures::future::BoxFuture<'static, _>
    };
    let logs = warehouse.store().log_folder();
    router(App::with_clock(sessions, &logs, Limits::default(), chrono::Utc::now))
}

/// Asks for pages, one after another; returns the milliseconds of each, in order of size.
async fn times(site: &Router, paths: &[String]) -> Result<Vec<f64>> {
    let mut times = Vec::with_capacity(paths.len());
    for path in paths {
        times.push(ask(site, path).await?.0);
    }
    times.sort_by(f64::total_cmp);
    Ok(times)
}

/// Returns a quantile of times in order of size; nothing where there are none.
fn at(times: &[f64], share: f64) -> String {
    let last = times.len().saturating_sub(1) as f64;
    times.get((last * share).round() as usize).map(|time| format!("{time:.1}")).unwrap_or_default()
}

/// Asks for a page; returns milliseconds and the bytes of the answer.
async fn ask(site: &Router, path: &str) -> Result<(f64, usize)> {
    let start = Instant::now();
    let response = site.clone().oneshot(Request::get(path).body(Body::empty())?).await?;
    let status = response.status();
    let body = to_bytes(response.into_body(), usize::MAX).await?;
    ensure!(status.is_success(), "{path}: {status}: {}", String::from_utf8_lossy(&body));
    Ok((start.elapsed().as_secs_f64() * 1e3, body.len()))
}

/// Returns the number that a query gives.
pub(crate) async fn number(warehouse: &Warehouse, sql: &str) -> Result<i64> {
    let batches = warehouse.session().await?.query(sql).await?.collect().await?;
    Ok(batches[0].column(0).as_primitive::<Int64Type>().value(0))
}

/// Returns the first values that a query gives, as texts.
async fn texts(warehouse: &Warehouse, sql: &str, count: usize) -> Result<Vec<String>> {
    let batches = warehouse.session().await?.query(sql).await?.limit(0, Some(count))?.collect().await?;
    let mut all = Vec::with_capacity(count);
    for batch in &batches {
        let texts = cast(batch.column(0), &DataType::Utf8)?;
        let texts: &StringArray = texts.as_string();
        all.extend(texts.iter().flatten().map(str::to_owned));
    }
    ensure!(!all.is_empty(), "no row: {sql}");
    Ok(all)
}
