//! `/log/{path}`: the log of a step as plain text, decompressed, and nothing outside the folder of logs.

use std::io::Read;
use std::path::{Component, Path as FilePath, PathBuf};

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::{App, Error, Result};

/// The first bytes of a zstd frame (RFC 8878, 3.1.1).
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

pub(crate) async fn show(State(app): State<App>, Path(path): Path<String>) -> Result<Response> {
    let (folder, bound) = (app.log_dir().to_path_buf(), app.limits().log);
    let read = tokio::task::spawn_blocking(move || read(&folder, &path, bound)).await.map_err(Error::internal)??;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], read).into_response())
}

/// Returns at most `bound` bytes of a log.
fn read(folder: &FilePath, path: &str, bound: u64) -> Result<Vec<u8>> {
    let missing = || Error::NotFound("there is no such log".into());
    let file = locate(folder, path).ok_or_else(missing)?;
    let bytes = std::fs::read(file).map_err(|_| missing())?;
    let mut text = Vec::new();
    let mut append = |source: &mut dyn Read| source.take(bound + 1).read_to_end(&mut text).map_err(Error::internal);
    match bytes.starts_with(&ZSTD) {
        true => append(&mut zstd::Decoder::with_buffer(bytes.as_slice()).map_err(Error::internal)?)?,
        false => append(&mut bytes.as_slice())?,
    };
    if text.len() as u64 > bound {
        text.truncate(bound as usize);
        text.extend_from_slice(b"\n[cut here; the file holds more]\n");
    }
    Ok(text)
}

/// Returns the file of a relative path, if it lies in the folder even after its links are followed.
fn locate(folder: &FilePath, path: &str) -> Option<PathBuf> {
    let path = FilePath::new(path);
    let is_plain = path.components().all(|c| matches!(c, Component::Normal(_)));
    let folder = folder.canonicalize().ok()?;
    let file = folder.join(path).canonicalize().ok().filter(|_| is_plain)?;
    (file.starts_with(&folder) && file.is_file()).then_some(file)
}
