//! The site as its readers see it: every route, chart, export and mail, over tables made by hand.

#![allow(missing_docs, unreachable_pub, clippy::unwrap_used)]

mod answer;
mod chart;
mod export;
mod fixture;
mod look;
mod mail;
mod mcp;
mod route;
mod saved;
mod sql;
