//! What a browser sees instead of a page.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};

use crate::Error;

#[derive(Template)]
#[template(path = "error.html")]
struct Page<'a> {
    css: &'static str,
    title: &'a str,
    message: String,
}

/// Returns an error as a page, with its status.
pub(crate) fn page(error: &Error) -> Response {
    let status = error.status();
    let title = status.canonical_reason().unwrap_or("Error");
    let page = Page { css: super::asset::css_path(), title, message: error.to_string() };
    match page.render() {
        Ok(text) => (status, Html(text)).into_response(),
        Err(_) => (status, error.to_string()).into_response(),
    }
}
