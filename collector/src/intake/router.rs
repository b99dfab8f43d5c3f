//! The addresses of uploads, each with what it takes.

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};

use super::hook::{GITEA, GITHUB, GITLAB, buildbot};
use super::{Intake, buildkite, known, upload};
use crate::wire;

/// One address.
pub struct Route {
    /// Its path.
    pub path: &'static str,
    /// What it takes.
    pub takes: &'static str,
    handler: fn() -> MethodRouter<Intake>,
}

/// All addresses.
pub const ROUTES: &[Route] = &[
    Route { path: wire::INGEST, takes: "reports of a build, and changes", handler: || post(upload::ingest) },
    Route { path: wire::KNOWN, takes: "the question which changes are missing", handler: || post(known::ask) },
    Route { path: buildkite::PATH, takes: "uploads to Buildkite's Test Engine", handler: || post(buildkite::take) },
    Route { path: "/hooks/buildbot", takes: "builds from Buildbot's HttpStatusPush", handler: || post(buildbot::take) },
    Route {
        path: "/hooks/github",
        takes: "pushes from GitHub",
        handler: || post(|state, uri, headers, body| GITHUB.take(state, uri, headers, body)),
    },
    Route {
        path: "/hooks/gitlab",
        takes: "pushes from GitLab",
        handler: || post(|state, uri, headers, body| GITLAB.take(state, uri, headers, body)),
    },
    Route {
        path: "/hooks/gitea",
        takes: "pushes from Gitea and Forgejo",
        handler: || post(|state, uri, headers, body| GITEA.take(state, uri, headers, body)),
    },
    Route { path: "/api/v1/intake", takes: "the question how uploads do", handler: || get(status) },
];

/// The addresses in the words of OpenAPI 3.1: an object of `paths` and of `schemas`.
pub const OPENAPI: &str = include_str!("openapi.json");

impl Intake {
    /// Returns the addresses, to be merged into a site.
    pub fn router(&self) -> Router {
        let routes = ROUTES.iter().fold(Router::new(), |site, route| site.route(route.path, (route.handler)()));
        // Bodies are bounded where they are read, by bounds that name themselves.
        routes.layer(DefaultBodyLimit::disable()).layer(map_response(protect)).with_state(self.clone())
    }
}

/// Keeps what a sender said, and gets back in a refusal, from being taken for a page.
async fn protect(mut response: Response) -> Response {
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Tells how uploads do; status 503 while commits fail.
async fn status(State(intake): State<Intake>) -> Response {
    let status = intake.status();
    let code = if status.error.is_some() { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    (code, [(header::CACHE_CONTROL, "no-store")], axum::Json(status)).into_response()
}
