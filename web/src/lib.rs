//! How knowledge gets out of Annals: pages, charts, SQL, mail, exports.
//!
//! The map:
//!
//! - [`mod@router`]: the site map; every address is declared there once.
//! - [`App`]: what the handlers share: where sessions come from, the logs, the bounds.
//! - `page`: one file per page; each reads single views through `select` and fills one template.
//! - `chart`: one file per chart, drawn as SVG.
//! - `query`: SQL from readers, over the desk that all protocols share.
//! - [`export`]: record batches as csv, xlsx, html, markdown, json, ndjson, parquet or arrow.
//! - [`mail`]: rows of views as e-mails, and their delivery.
//! - [`mcp`]: the catalog and SQL for assistants.
//!
//! Nothing here joins or aggregates: if a page needs a number, a view of `annals-analytics` gives it.

pub mod app;
pub mod export;
pub mod mail;
pub mod mcp;
pub mod router;

mod chart;
mod error;
mod listen;
mod page;
mod query;
mod request;
mod select;
mod show;
mod successor;
mod table;

pub use app::{App, Limits};
pub use error::{Error, Result};
pub use router::router;

/// Serves a site, [`router()`]'s or one that it is merged into, on `listener` until `shutdown` completes; requests under way are then finished.
pub async fn serve(site: axum::Router, listener: tokio::net::TcpListener, shutdown: impl Future<Output = ()>) {
    listen::serve(site, listener, listen::HEAD, shutdown).await;
}
