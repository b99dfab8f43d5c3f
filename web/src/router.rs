//! The site map: every address stands here once, with what it shows.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use serde_json::json;

use crate::page::{
    api_query, api_sql, asset, author, build, change, chart, compare, error, finding, grid, incident, log, mcp,
    openapi, overview, problem, sql, test, view,
};
use crate::{App, Error};

/// One address of the site.
pub struct Route {
    /// Its pattern.
    pub path: &'static str,
    /// What it shows.
    pub shows: &'static str,
    handler: fn() -> MethodRouter<App>,
}

/// All addresses, in the order in which a reader meets them.
pub const ROUTES: &[Route] = &[
    Route { path: "/", shows: "how things stand", handler: || get(overview::show) },
    Route { path: "/problem", shows: "problems, filtered and sorted", handler: || get(problem::index) },
    Route { path: "/problem/{problem_id}", shows: "one problem", handler: || get(problem::show) },
    Route { path: "/incident/{incident_id}", shows: "problems with one cause", handler: || get(incident::show) },
    Route { path: "/build", shows: "builds, filtered and sorted", handler: || get(build::index) },
    Route { path: "/build/{build_id}", shows: "one build", handler: || get(build::show) },
    Route { path: "/change/{revision}", shows: "one change", handler: || get(change::show) },
    Route { path: "/log/{*path}", shows: "the log of a step", handler: || get(log::show) },
    Route { path: "/grid", shows: "tests x positions of a builder", handler: || get(grid::show) },
    Route { path: "/test/{test_id}", shows: "one test", handler: || get(test::show) },
    Route { path: "/author", shows: "authors", handler: || get(author::index) },
    Route { path: "/author/{person_id}", shows: "one author", handler: || get(author::show) },
    Route { path: "/degradation", shows: "tests that fail more often", handler: || get(finding::degradation) },
    Route { path: "/slower", shows: "tests that became slower", handler: || get(finding::slower) },
    Route { path: "/readiness", shows: "suites that are fit, or not", handler: || get(finding::readiness) },
    Route { path: "/compare", shows: "two windows side by side", handler: || get(compare::show) },
    Route { path: "/recurrence", shows: "incidents that came back", handler: || get(finding::recurrence) },
    Route { path: "/renamed", shows: "tests that were probably renamed", handler: || get(finding::renamed) },
    Route { path: "/suspicion", shows: "how often suspicion was right", handler: || get(finding::suspicion) },
    Route { path: "/view", shows: "the catalog of views", handler: || get(view::index) },
    Route { path: "/view/{name}", shows: "one view, or its rows as a file", handler: || get(view::show) },
    Route { path: "/sql", shows: "a query and its answer", handler: || get(sql::show).post(sql::save) },
    Route { path: "/api/sql", shows: "a query's answer as data", handler: || get(api_sql::get).post(api_sql::post) },
    Route { path: "/api/query", shows: "what is asked by name", handler: || get(api_query::list) },
    Route {
        path: "/api/query/{name}",
        shows: "the answer to a saved query",
        handler: || get(api_query::get).put(api_query::put).delete(api_query::delete),
    },
    Route { path: "/api/view/{file}", shows: "a view's rows as data", handler: || get(view::data) },
    Route { path: "/api/openapi.json", shows: "the interface for programs", handler: || get(openapi::show) },
    Route { path: "/chart/{name}", shows: "a chart as SVG", handler: || get(chart::show) },
    Route { path: "/assets/annals.css", shows: "the style sheet", handler: || get(asset::css) },
    Route { path: "/favicon.svg", shows: "the icon", handler: || get(asset::icon) },
    Route { path: "/healthz", shows: "whether the site can answer", handler: || get(asset::health) },
];

/// Pages may load their own styles and pictures and send forms to the site itself; nothing else.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'none'";

/// Returns the site.
pub fn router(state: App) -> Router {
    let body = state.limits().body;
    let site = ROUTES.iter().fold(Router::new(), |site, route| site.route(route.path, (route.handler)()));
    // No page and nothing to look at: the protocol wants GET to be refused.
    let site = site.route("/mcp", post(mcp::post));
    site.fallback(|| async { Error::NotFound("there is no such page".into()) })
        .layer(DefaultBodyLimit::max(body))
        .layer(middleware::from_fn(explain))
        .layer(middleware::from_fn(protect))
        .with_state(state)
}

/// Gives an error the body that suits its reader.
async fn explain(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_api = path.starts_with("/api/") || path == "/mcp";
    let mut response = next.run(request).await;
    let Some(error) = response.extensions_mut().remove::<Error>() else { return response };
    let mut told = if is_api { problem_json(&error) } else { error::page(&error) };
    for name in [header::RETRY_AFTER, header::WWW_AUTHENTICATE] {
        if let Some(value) = response.headers().get(&name) {
            told.headers_mut().insert(name, value.clone());
        }
    }
    told
}

/// Writes an error as RFC 9457 says.
fn problem_json(error: &Error) -> Response {
    let status = error.status();
    let mut body = json!({
        "type": "about:blank",
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "detail": error.to_string(),
        "message": error.to_string(),
    });
    if let Some((line, column)) = error.place() {
        body["line"] = line.into();
        body["column"] = column.into();
    }
    (status, [(header::CONTENT_TYPE, "application/problem+json")], body.to_string()).into_response()
}

/// Sets the headers that keep hostile names and texts harmless, unless a page has stricter ones.
async fn protect(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut default = |name: HeaderName, value| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    default(header::CONTENT_SECURITY_POLICY, POLICY);
    default(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    default(header::REFERRER_POLICY, "same-origin");
    default(header::X_FRAME_OPTIONS, "DENY");
    response
}
