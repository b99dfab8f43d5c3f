//! Every address of the site answers, escapes what is hostile, and says what it should.

use std::collections::BTreeSet;

use annals_web::Limits;
use annals_web::router::ROUTES;
use axum::http::StatusCode;

use crate::fixture::{get, session, site, site_of};

/// One example per route, and what it must say.
const EXAMPLES: &[(&str, &str, &[&str])] = &[
    (
        "/",
        "/",
        &[
            "Open incidents",
            "2 tests of parser",
            "4,321,567",
            "linux-unit",
            "85.0 %",
            "/chart/pass_rate.svg",
            "/chart/time_to_fix.svg",
            "net.http",
        ],
    ),
    ("/problem", "/problem", &["reads &lt;script&gt;", "3.2 d", "2026-11-18&nbsp;08:00", "3&nbsp;d&nbsp;ago", "muted"]),
    (
        "/problem/{problem_id}",
        "/problem/p-1",
        &[
            "Last 50 tested positions",
            "is held guilty",
            "90.0 %",
            "Merge docs",
            "range changed",
            "parser.rs:17 stands in",
            "from 5 changes to 2",
            "Perhaps nobody",
            "weight 2.25",
            "7 builds for 2 changes",
            "begun by itself",
        ],
    ),
    (
        "/incident/{incident_id}",
        "/incident/demo~feature%2f%3ci%3e~linux%3fx%231~58",
        &[
            "It came back",
            "failed in the same words",
            "is the same failure, seen in the wider range of gone/",
            "2 of 2",
            "What it says",
            "timed out",
            "Blamelist",
            "Merge docs",
        ],
    ),
    ("/change/{revision}", "/change/c0ffee0058", &["90.0 %", "If one breaks", "retries", "34.0 %", "/problem/p-1"]),
    ("/degradation", "/degradation", &["retries &lt;script&gt;", "4 positions", "20.0 %", "Reset"]),
    ("/slower", "/slower", &["3.25", "130", "Before"]),
    ("/readiness", "/readiness?sort=now", &["extreme", "40.0 %", "retries &lt;b"]),
    ("/compare", "/compare?base=days%3D7..37", &["regressed", "2.0 % → 50.0 %", "0.4 %", "value=\"days=7..37\""]),
    ("/recurrence", "/recurrence", &["same words", "/incident/32"]),
    ("/renamed", "/renamed", &["reads_all", "81.0 %", "reads_&lt;b"]),
    ("/suspicion", "/suspicion", &["75.0 %", "2026-10", "/chart/reliability.svg", "0.62"]),
    ("/build", "/build", &["mass_failure", "step 57", "rows 1–50", "next →", "exception"]),
    (
        "/build/{build_id}",
        "/build/160",
        &["exit status 1", "timed out", "/log/demo/160/1%20setup.zst", "2 variables", "204,800 bytes, cut", "PATH"],
    ),
    ("/log/{*path}", "/log/demo/160/1%20setup.zst", &["hello <b>log</b>"]),
    ("/grid", "/grid", &["retries", "/build/160", "≈", "not run"]),
    ("/test/{test_id}", "/test/703", &["same revision", "95th percentile", "/chart/duration.svg?test=703", "failed"]),
    ("/author", "/author", &["94.7 %", "Ada &#60;b&#62;", "+3 merges", "–"]),
    (
        "/author/{person_id}",
        "/author/11",
        &["9 weeks", "guilty", "/chart/author_activity.svg?person=11", "broke", "green", "not tested"],
    ),
    ("/view", "/view", &["Problems: failing streaks", "step.verdict", "Verdicts &#60;b&#62;"]),
    (
        "/view/{name}",
        "/view/problem",
        &["One row per problem", "hash of the series", "SELECT 1 &#60; 2", "/view/problem.xlsx"],
    ),
    (
        "/sql",
        "/sql?q=SELECT+name,+position+FROM+test_grid+LIMIT+3",
        &["3 rows in", "reads &#60;script&#62;", "format=parquet"],
    ),
    ("/api/sql", "/api/sql?q=SELECT+1+AS+a", &["\"rows\":[[1]]"]),
    ("/api/query", "/api/query", &["\"queries\":[", "\"name\":\"open_since\"", "\"default\":\"2\""]),
    ("/api/query/{name}", "/api/query/open_since?days=3", &["\"row_count\":2"]),
    ("/api/openapi.json", "/api/openapi.json", &["\"openapi\":\"3.1.0\"", "\"/api/sql\""]),
    ("/api/view/{file}", "/api/view/problem.json?problem_id=p-1", &["\"row_count\":1"]),
    ("/chart/{name}", "/chart/pass_rate.svg?project=demo&branch=main", &["<svg", "role=\"img\"", "Pass rate by day"]),
    ("/assets/annals.css", "/assets/annals.css", &["prefers-color-scheme: dark"]),
    ("/favicon.svg", "/favicon.svg", &["<svg"]),
    ("/healthz", "/healthz", &["ok", "version 7"]),
];

/// Returns a folder of logs with one compressed log in it.
fn logs() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("logs/demo/160")).unwrap();
    let log = zstd::encode_all(&b"hello <b>log</b>\n"[..], 3).unwrap();
    std::fs::write(folder.path().join("logs/demo/160/1 setup.zst"), log).unwrap();
    std::fs::write(folder.path().join("secret"), "secret").unwrap();
    folder
}

#[tokio::test]
async fn every_route_has_an_example_that_answers() {
    let logs = logs();
    let site = site_of(session(&[]).await, &logs.path().join("logs"), Limits::default());
    for route in ROUTES {
        let example = EXAMPLES.iter().find(|(path, _, _)| *path == route.path);
        let (_, address, says) = example.unwrap_or_else(|| panic!("no test asks for {}", route.path));
        let reply = get(&site, address).await;
        assert_eq!(reply.status, StatusCode::OK, "{address}: {}", reply.text());
        for said in *says {
            assert!(reply.text().contains(said), "{address} does not say `{said}`:\n{}", reply.text());
        }
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{address}");
        assert!(reply.header("content-security-policy").starts_with("default-src 'none'"), "{address}");
    }
    assert_eq!(EXAMPLES.len(), ROUTES.len(), "an example without a route");
}

#[test]
fn the_interface_says_what_the_site_map_says() {
    let told: serde_json::Value = serde_json::from_str(include_str!("../../src/openapi.json")).unwrap();
    let told: BTreeSet<&str> = told["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    // Stars mean something to the router only, and the protocol of assistants is no page.
    let served = ROUTES.iter().map(|route| if route.path == "/log/{*path}" { "/log/{path}" } else { route.path });
    assert_eq!(told, served.chain(["/mcp"]).collect());
}

#[tokio::test]
async fn nothing_from_outside_becomes_markup() {
    let site = site().await;
    let further = [
        "/problem/p-2",
        "/problem?state=all&name=%22%3E%3Cscript%3E",
        "/sql?q=%3C/textarea%3E%3Cscript%3E",
        "/view/problem?name=%3Cscript%3E",
    ];
    let pages = EXAMPLES.iter().map(|(_, address, _)| *address).chain(further);
    for address in pages.filter(|a| !a.starts_with("/log") && !a.starts_with("/api")) {
        let reply = get(&site, address).await;
        let text = reply.text();
        for probe in ["<script", "<b>Lovelace", "<img src=x", "<i>windows", "<b>by</b>", "href=\"javascript:"] {
            assert!(!text.contains(probe), "{address} lets `{probe}` through");
        }
        assert!(!text.contains(" style=") && !text.contains(" onclick"), "{address} has inline style or script");
    }
}

#[tokio::test]
async fn pages_are_navigable_without_sight_or_mouse() {
    let site = site().await;
    for address in [
        "/",
        "/problem",
        "/problem/p-1",
        "/test/701",
        "/build/160",
        "/author/11",
        "/grid",
        "/sql",
        "/view/problem",
        "/compare",
        "/readiness",
        "/suspicion",
        "/change/c0ffee0058",
    ] {
        let reply = get(&site, address).await;
        let text = reply.text();
        assert!(text.contains("class=\"skip\"") && text.contains("<main id=\"main\">"), "{address}");
        assert_eq!(text.matches("<h1").count(), 1, "{address}");
        assert_eq!(text.matches("<th>").count(), 0, "{address} has a head without scope");
        assert!(text.contains("lang=\"en\"") && !text.contains("<script"), "{address}");
        assert!(!text.contains("http://") && !text.contains("https://"), "{address} loads from elsewhere");
    }
}

#[tokio::test]
async fn what_failed_comes_before_what_passed() {
    let site = site().await;
    for (address, failed_count, is_the_end) in
        [("/build/140", 200, false), ("/build/140?from=700", 200, false), ("/build/140?from=800", 100, true)]
    {
        let reply = get(&site, address).await;
        let text = reply.text();
        assert_eq!(text.matches("\"name\">storm_").count(), failed_count, "{address}");
        assert_eq!((text.contains(">calm<"), !text.contains("next outcomes")), (is_the_end, is_the_end), "{address}");
    }
}

#[tokio::test]
async fn every_number_leads_to_its_query() {
    let site = site().await;
    for address in [
        "/",
        "/problem/p-1",
        "/incident/demo~feature%2f%3ci%3e~linux%3fx%231~58",
        "/test/701",
        "/build/160",
        "/author/11",
        "/grid",
        "/degradation",
        "/suspicion",
        "/compare",
        "/change/c0ffee0058",
    ] {
        let page = get(&site, address).await;
        let links: Vec<_> = page.text().split("href=\"").skip(1).filter_map(|t| t.split('"').next()).collect();
        let queries: Vec<_> = links.iter().filter(|l| l.starts_with("/api/sql?")).collect();
        assert!(!queries.is_empty(), "{address}");
        for link in queries {
            let link = link.replace("&amp;", "&");
            let reply = get(&site, &link).await;
            assert_eq!(reply.status, StatusCode::OK, "{address}: {link}: {}", reply.text());
            assert_eq!(reply.header("content-type"), "text/csv; charset=utf-8");
        }
    }
}

#[tokio::test]
async fn links_inside_the_site_lead_somewhere() {
    let site = site().await;
    let mut seen = std::collections::BTreeSet::new();
    for address in [
        "/",
        "/problem?state=all",
        "/problem/p-1",
        "/incident/demo~feature%2f%3ci%3e~linux%3fx%231~58",
        "/test/701",
        "/build/160",
        "/build",
        "/author",
        "/author/11",
        "/grid",
        "/view",
        "/view/problem",
        "/sql",
        "/recurrence",
        "/slower",
        "/readiness",
        "/change/c0ffee0058",
    ] {
        let page = get(&site, address).await;
        let links = page.text().split("href=\"").skip(1).filter_map(|t| t.split('"').next());
        seen.extend(links.filter(|l| l.starts_with('/')).map(|l| l.replace("&amp;", "&").replace("&#38;", "&")));
        let images = page.text().split("src=\"").skip(1).filter_map(|t| t.split('"').next());
        seen.extend(images.map(|l| l.replace("&amp;", "&")));
    }
    for link in seen.iter().filter(|l| !l.starts_with("/log/")) {
        let reply = get(&site, link).await;
        // The fixture describes two views only, has builds of one builder only, and tells who wrote few of its changes.
        let is_missing = ["/view/step", "/change/"].iter().any(|start| link.starts_with(start))
            || link.contains("step.verdict")
            || link == "/build/161";
        assert!(reply.status == StatusCode::OK || is_missing, "{link}: {}", reply.status);
    }
    assert!(seen.len() > 100, "{}", seen.len());
}

#[tokio::test]
async fn lists_are_filtered_sorted_and_paged() {
    let site = site().await;
    let page = |query: &'static str| {
        let site = site.clone();
        async move { get(&site, &format!("/problem?{query}")).await.text().to_owned() }
    };
    assert!(page("state=resolved").await.contains("/problem/p-3\""));
    assert!(!page("state=resolved").await.contains("/problem/p-1\""));
    assert!(page("state=all&age=10").await.contains("/problem/p-4\""));
    assert!(!page("state=all&age=10").await.contains("/problem/p-3\""));
    assert!(page("person=11").await.contains("/problem/p-1\""));
    assert!(!page("person=11").await.contains("/problem/p-2\""));
    assert!(page("person=12").await.contains("No problem is like that"));
    assert!(page("builder=nobody").await.contains("No problem is like that"));
    assert!(!page("name=%25").await.contains("/problem/p-1\""), "a percent sign is not a wild card");
    let all = page("state=all&sort=age").await;
    assert!(all.find("/problem/p-4\"") < all.find("/problem/p-1\""));
    let hostile = page("sort=age;DROP+TABLE+problem&page=-3&age=NaN&person=x").await;
    assert!(hostile.contains("/problem/p-1\""));
    let second = get(&site, "/build?page=2&builder=linux-unit").await;
    assert!(second.text().contains("rows 51–60") && second.text().contains("builder=linux-unit&amp;page=1"));
}

#[tokio::test]
async fn the_worst_outcomes_come_first() {
    let site = site().await;
    let reply = get(&site, "/build/160").await;
    let text = reply.text();
    let outcomes = &text[text.find("Outcomes, failures first").unwrap()..];
    let place = |word: &str| outcomes.find(word).unwrap();
    assert!(place("!</span>errored") < place("✕</span>failed") && place("✕</span>failed") < place("✓</span>passed"));
}

#[tokio::test]
async fn an_incident_that_people_have_moved_leads_to_where_it_went() {
    let site = site().await;
    let reply = get(&site, "/incident/gone%2f%3ci%3e").await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER);
    assert_eq!(get(&site, reply.header("location")).await.status, StatusCode::OK);
    assert_eq!(get(&site, "/incident/never").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_late_builds_have_moved_is_found_by_the_names_that_it_had() {
    let site = site().await;
    let now = "/incident/demo%7Efeature%2F%3Ci%3E%7Elinux%3Fx%231%7E58";
    for (old, now) in [
        ("/incident/demo~main~56-60", Some(now)),
        ("/incident/demo~main~50-59", Some(now)),
        ("/incident/demo~main~born-58", Some(now)),
        ("/incident/demo~main~57-60", None),
        ("/incident/demo~main~50-56", None),
        ("/incident/demo~other~56-60", None),
        ("/incident/demo~main~56-many", None),
        ("/problem/1f5-60", Some("/problem/p-1")),
        ("/problem/1f5-57", Some("/problem/p-1")),
        ("/problem/1f5-22", Some("/problem/p-3")),
        ("/problem/1f5-30", None),
        ("/problem/f00-60", None),
        ("/problem/1f5-many", None),
    ] {
        let reply = get(&site, old).await;
        let status = if now.is_some() { StatusCode::SEE_OTHER } else { StatusCode::NOT_FOUND };
        assert_eq!((reply.status, reply.header("location")), (status, now.unwrap_or_default()), "{old}");
    }
}

#[tokio::test]
async fn findings_are_filtered_and_faults_are_told() {
    let site = site().await;
    let page = |address: &'static str| {
        let site = site.clone();
        async move { get(&site, address).await.text().to_owned() }
    };
    assert!(!page("/slower").await.contains("elsewhere"), "one builder at a time");
    assert!(page("/slower?builder=%3Ci%3Ewindows%3C/i%3E").await.contains("elsewhere"));
    assert!(page("/degradation?project=none").await.contains("has stepped up."));
    assert!(page("/compare?base=no+window").await.contains("is none"));
    assert!(!page("/compare?status=regressed").await.contains("reads"));
    for missing in ["/change/ffffffffff", "/change/c0ffee0058%27", "/change/%3Cb%3E"] {
        assert_eq!(get(&site, missing).await.status, StatusCode::NOT_FOUND, "{missing}");
    }
    let long = format!("/compare?base={}", "x".repeat(400));
    assert_eq!(get(&site, &long).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn figures_about_authors_can_be_switched_off() {
    let off =
        session(&["DROP TABLE raw.setting", "CREATE TABLE raw.setting AS SELECT 'author_stats' AS name, 0.0 AS value"]);
    let site = site_of(off.await, std::path::Path::new("/nonexistent"), Limits::default());
    for address in ["/author", "/author/11"] {
        let reply = get(&site, address).await;
        assert!(reply.text().contains("does not show figures about single authors"), "{address}");
        assert!(!reply.text().contains("94.7 %") && !reply.text().contains("guilty"), "{address}");
    }
    assert_eq!(get(&site, "/chart/author_activity.svg?person=11").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_empty_store_has_pages_too() {
    let empty = session(&[]).await;
    for table in [
        "builder_health",
        "build_summary",
        "incident",
        "problem",
        "flaky_test",
        "branch_day",
        "test_grid",
        "author_total",
        "store_overview",
    ] {
        let sql = format!("CREATE OR REPLACE TABLE mart.{table} AS SELECT * FROM mart.{table} WHERE false");
        empty.context.sql(&sql).await.unwrap().collect().await.unwrap();
    }
    let site = site_of(empty, std::path::Path::new("/nonexistent"), Limits::default());
    for (address, says) in [
        ("/", "Nothing is broken"),
        ("/problem", "No problem is like that"),
        ("/build", "No build is like that"),
        ("/grid", "No builds yet"),
        ("/author", "No changes are known yet"),
    ] {
        let reply = get(&site, address).await;
        assert_eq!(reply.status, StatusCode::OK);
        assert!(reply.text().contains(says), "{address}: {}", reply.text());
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let logs = logs();
    let site = site_of(session(&[]).await, &logs.path().join("logs"), Limits::default());
    for address in [
        "/nothing",
        "/problem/99",
        "/problem/x",
        "/incident/99",
        "/test/99",
        "/build/99",
        "/author/99",
        "/chart/x.svg",
        "/chart/pass_rate",
        "/view/nothing",
        "/view/nothing.csv",
        "/view/Problem%22;.csv",
        "/log/nothing",
        "/log/../secret",
        "/log/%2e%2e/secret",
        "/log/..%2fsecret",
        "/log/demo/../../secret",
        "/log/%2fetc%2fpasswd",
        "/log/demo",
        "/log/demo%00",
    ] {
        let reply = get(&site, address).await;
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{address}");
        assert!(reply.text().contains("<h1>Not Found</h1>"), "{address}");
        assert!(!reply.text().contains("secret"), "{address}");
    }
    std::os::unix::fs::symlink(logs.path().join("secret"), logs.path().join("logs/link")).unwrap();
    assert_eq!(get(&site, "/log/link").await.status, StatusCode::NOT_FOUND, "links out of the folder are not followed");
}

#[tokio::test]
async fn a_log_is_text_and_bounded() {
    let logs = logs();
    let limits = Limits { log: 5, ..Limits::default() };
    let site = site_of(session(&[]).await, &logs.path().join("logs"), limits);
    let reply = get(&site, "/log/demo/160/1%20setup.zst").await;
    assert_eq!(reply.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(reply.text(), "hello\n[cut here; the file holds more]\n");
}
