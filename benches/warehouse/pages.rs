//! How long pages take: cold, on a session that nobody has asked yet, and warm.

use std::time::Instant;

use annals_analytics::Warehouse;
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

/// How often each page is asked for when warm.
const ROUNDS: usize = 20;

/// Pages that stand for all: one of each kind, with the id of a row that is there.
const PAGES: &[(&str, &str)] = &[
    ("/", ""),
    ("/problem?state=all", ""),
    ("/problem/{}", "SELECT problem_id FROM problem ORDER BY change_count DESC NULLS LAST, problem_id LIMIT 1"),
    ("/incident/{}", "SELECT incident_id FROM incident ORDER BY problem_count DESC, incident_id LIMIT 1"),
    ("/test/{}", "SELECT test_id FROM problem ORDER BY problem_id LIMIT 1"),
    ("/build", ""),
    ("/build/{}", "SELECT opened_build_id FROM problem ORDER BY problem_id LIMIT 1"),
    ("/grid", ""),
    ("/author", ""),
    ("/author/{}", "SELECT person_id FROM author_total ORDER BY change_count DESC, person_id LIMIT 1"),
    ("/view/flaky_test", ""),
    ("/view/problem.csv", ""),
];

/// Prints the times of all pages, and of DuckDB finding the open problems.
pub(crate) async fn measure(warehouse: &Warehouse, peer: Option<&peer::Streaks>) -> Result<()> {
    println!("{:32} {:>9} {:>9} {:>9} {:>9}", "page", "cold ms", "p50 ms", "p99 ms", "bytes");
    let mut list = 0.0;
    for (page, key) in PAGES {
        let path = match *key {
            "" => (*page).to_owned(),
            key => page.replace("{}", &text(warehouse, key).await?),
        };
        // A session of its own, so that nothing is warm but the engine.
        let site = site(warehouse).await?;
        let (cold, length) = ask(&site, &path).await?;
        let mut times = Vec::with_capacity(ROUNDS);
        for _ in 0..ROUNDS {
            times.push(ask(&site, &path).await?.0);
        }
        times.sort_by(f64::total_cmp);
        let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize];
        println!("{page:32} {cold:>9.1} {:>9.1} {:>9.1} {length:>9}", at(0.5), at(0.99));
        if *page == "/problem?state=all" {
            list = at(0.5);
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

/// Returns the site over a session that nobody has used.
async fn site(warehouse: &Warehouse) -> Result<Router> {
    let session = warehouse.fresh_session().await?;
    let sessions = move || {
        let session = session.clone();
        Box::pin(async move { Ok(session) }) as futures::future::BoxFuture<'static, _>
    };
    let logs = warehouse.store().log_folder();
    Ok(router(App::with_clock(sessions, &logs, Limits::default(), chrono::Utc::now)))
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

/// Returns the first value that a query gives, as text.
async fn text(warehouse: &Warehouse, sql: &str) -> Result<String> {
    let batches = warehouse.session().await?.query(sql).await?.collect().await?;
    ensure!(batches.iter().any(|batch| batch.num_rows() > 0), "no row: {sql}");
    let first = batches.iter().find(|batch| batch.num_rows() > 0).expect("just looked for");
    let texts = cast(first.column(0), &DataType::Utf8)?;
    let texts: &StringArray = texts.as_string();
    Ok(texts.value(0).to_owned())
}
