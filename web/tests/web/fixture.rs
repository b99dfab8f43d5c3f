//! A site over tables made by hand, so that pages can be tested without a store.

use std::path::Path;
use std::sync::Arc;

use annals_analytics::Session;
use annals_analytics::saved::Library;
use annals_web::{App, Limits, router};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use chrono::{DateTime, Utc};
use datafusion::catalog::{
    CatalogProvider, MemoryCatalogProvider, MemorySchemaProvider, TableFunctionArgs, TableFunctionImpl, TableProvider,
};
use datafusion::common::{TableReference, plan_err};
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::FutureExt;
use tokio::sync::OnceCell;
use tower::ServiceExt;

const SCHEMAS: [&str; 4] = ["raw", "step", "mart", "system"];

/// Returns a context without tables.
fn context() -> SessionContext {
    let config = SessionConfig::new()
        .with_default_catalog_and_schema("annals", "mart")
        .with_create_default_catalog_and_schema(false)
        .with_target_partitions(2)
        .with_information_schema(true);
    let context = SessionContext::new_with_config(config);
    let catalog = Arc::new(MemoryCatalogProvider::new());
    for name in SCHEMAS {
        catalog.register_schema(name, Arc::new(MemorySchemaProvider::new())).unwrap();
    }
    context.register_catalog("annals", catalog);
    context
}

/// Returns the context that the fixture's tables were made in, once for all tests.
async fn tables() -> &'static SessionContext {
    static TABLES: OnceCell<SessionContext> = OnceCell::const_new();
    let make = || async {
        let context = context();
        for statement in include_str!("fixture.sql").split(";\n").map(str::trim).filter(|s| !s.is_empty()) {
            run(&context, statement).await;
        }
        context
    };
    TABLES.get_or_init(make).await
}

async fn run(context: &SessionContext, statement: &str) {
    context.sql(statement).await.unwrap_or_else(|e| panic!("{e}\nin {statement}")).collect().await.unwrap();
}

/// Returns a session over the fixture's tables, after further statements.
pub async fn session(further: &[&str]) -> Arc<Session> {
    let (context, made) = (context(), tables().await.catalog("annals").unwrap());
    for schema in SCHEMAS {
        let tables = made.schema(schema).unwrap();
        for name in tables.table_names() {
            let table = tables.table(&name).await.unwrap().unwrap();
            context.register_table(TableReference::partial(schema, name), table).unwrap();
        }
    }
    for statement in further {
        run(&context, statement).await;
    }
    for (function, table) in [("compare_windows", "window_comparison"), ("rerun_order", "tests_to_rerun")] {
        let rows = context.table_provider(TableReference::partial("mart", table)).await.unwrap();
        context.register_udtf(function, Arc::new(Fixed(rows)));
    }
    Arc::new(Session::of(context, 7))
}

/// A table function that always gives the same rows; it wants words, as those that it stands for do.
#[derive(Debug)]
struct Fixed(Arc<dyn TableProvider>);

impl TableFunctionImpl for Fixed {
    fn call_with_args(&self, args: TableFunctionArgs) -> datafusion::error::Result<Arc<dyn TableProvider>> {
        let is_fault = args.exprs().iter().any(|word| word.to_string().contains("no window"));
        if is_fault { plan_err!("`no window <b>by</b>` is none") } else { Ok(Arc::clone(&self.0)) }
    }
}

fn clock() -> DateTime<Utc> {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

/// Returns the site of a session.
pub fn site_of(session: Arc<Session>, log_dir: &Path, limits: Limits) -> Router {
    let sessions = move || {
        let session = Arc::clone(&session);
        async move { Ok(session) }.boxed()
    };
    let queries = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/web/queries");
    router(App::with_clock(sessions, log_dir, limits, clock).with_library(Library::new(None, Some(queries))))
}

/// Returns the site over the fixture, with room for answers but little patience.
pub async fn site() -> Router {
    site_of(session(&[]).await, Path::new("/nonexistent"), Limits::default())
}

/// What came back.
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// Sends a request.
pub async fn send(site: &Router, request: Request<Body>) -> Reply {
    let response = site.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    Reply { status: parts.status, headers: parts.headers, body: to_bytes(body, usize::MAX).await.unwrap().to_vec() }
}

/// Asks for a page.
pub async fn get(site: &Router, path: &str) -> Reply {
    send(site, Request::get(path).body(Body::empty()).unwrap()).await
}

/// Posts a query.
pub async fn post(site: &Router, path: &str, kind: &str, body: &str) -> Reply {
    send(site, Request::post(path).header("content-type", kind).body(Body::from(body.to_owned())).unwrap()).await
}
