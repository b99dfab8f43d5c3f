//! The fixture's site for human eyes: `cargo test -p annals-web look -- --ignored`, then <http://127.0.0.1:8011>.

use std::path::Path;

use annals_web::Limits;
use tokio::net::TcpListener;

use crate::fixture::{session, site_of};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "serves until it is stopped"]
async fn look() {
    let site = site_of(session(&[]).await, Path::new("/nonexistent"), Limits::default());
    axum::serve(TcpListener::bind("127.0.0.1:8011").await.unwrap(), site).await.unwrap();
}
