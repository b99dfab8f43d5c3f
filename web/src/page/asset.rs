//! The style sheet, the icon and the answer to "are you well": what pages need besides themselves.

use std::sync::LazyLock;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use crate::{App, Result};

const CSS: &str = include_str!("../../static/annals.css");
const ICON: &str = include_str!("../../static/icon.svg");

/// Returns the address of the style sheet; it changes with its text, so that browsers may keep it for ever.
pub(super) fn css_path() -> &'static str {
    static PATH: LazyLock<String> = LazyLock::new(|| {
        // FNV-1a, 64 bits: <http://www.isthe.com/chongo/tech/comp/fnv/>.
        let hash =
            CSS.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        format!("/assets/annals.css?v={hash:016x}")
    });
    &PATH
}

pub(crate) async fn css() -> impl IntoResponse {
    let kept = (header::CACHE_CONTROL, "public, max-age=31536000, immutable");
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8"), kept], CSS)
}

pub(crate) async fn icon() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "public, max-age=86400")], ICON)
}

/// Answers `ok` and the version of the data, once a session can be had.
pub(crate) async fn health(State(app): State<App>) -> Result<String> {
    Ok(format!("ok\nversion {}\n", app.session().await?.version))
}
