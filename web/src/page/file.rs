//! An answer as a file: streamed while it is computed, and told apart from the last one by its tag.
//!
//! The first bytes are held back until there are a few, so that whatever fails early is still an error with a status,
//! and a short answer says in its head how many rows it has. Dropping the response stops the query.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::OnceLock;
use std::time::{Instant, SystemTime};

use annals_analytics::outside::{Asker, Clock, Question, Rows};
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::stream;

use crate::export::{self, End, Format, Stream, Wish};
use crate::{App, Error, Result, query};

/// Bytes that are held back.
const HELD: usize = 1 << 20;

/// Answers a question as a file; `said` is all of it that matters, `name` what browsers save it as.
pub(super) async fn answer(
    app: &App,
    headers: &HeaderMap,
    asker: &Asker,
    question: Question,
    wish: &Wish,
    said: &str,
    name: Option<&str>,
) -> Result<Response> {
    let tag = tag(app, asker, &question, wish, said);
    let known = headers.get(header::IF_NONE_MATCH).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if let Some(tag) = &tag
        && known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag)
    {
        let headers = [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, "no-cache".to_owned())];
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let started = Instant::now();
    let rows = query::ask(app, asker, question, app.limits().rows).await?;
    let (stream, held) = Stream::begin(&rows.schema, wish).map_err(refused)?;
    let mut file = File { rows, stream: Some(stream), started, row_count: 0 };
    let version = file.rows.version;
    let mut held = held;
    while held.len() < HELD
        && let Some(bytes) = file.next().await?
    {
        held.extend(bytes);
    }
    let counts = file.stream.is_none().then(|| (file.rows.is_truncated(), file.row_count));
    let body = match counts {
        Some(_) => Body::from(held),
        None => Body::from_stream(stream::try_unfold((Some(held), file), rest)),
    };
    let mut response = respond(body, wish.format, version, counts, name);
    if let Some(tag) = tag.and_then(|tag| HeaderValue::from_str(&tag).ok()) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    Ok(response)
}

/// An answer on its way into a file.
struct File {
    rows: Rows,
    /// Nothing once the last bytes are written.
    stream: Option<Stream>,
    started: Instant,
    row_count: usize,
}

impl File {
    /// Returns the next bytes, or nothing at the end.
    async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        let Some(stream) = &mut self.stream else { return Ok(None) };
        match self.rows.next().await {
            Some(batch) => Ok(Some(stream.write(batch?).map_err(refused)?)),
            None => {
                let version = self.rows.version;
                let end = End { is_truncated: self.rows.is_truncated(), version, elapsed: self.started.elapsed() };
                self.row_count = stream.row_count();
                Ok(self.stream.take().map(|stream| stream.finish(&end)).transpose().map_err(refused)?)
            }
        }
    }
}

/// Returns the held bytes, then the rest; a failure now can only break the body off, and say so where there is a place.
async fn rest((held, mut file): (Option<Vec<u8>>, File)) -> Result<Option<(Vec<u8>, (Option<Vec<u8>>, File))>, Error> {
    if let Some(bytes) = held {
        return Ok(Some((bytes, (None, file))));
    }
    match file.next().await {
        Ok(bytes) => Ok(bytes.map(|bytes| (bytes, (None, file)))),
        Err(error) => match file.stream.take().and_then(|stream| stream.broken(&error.to_string())) {
            Some(bytes) => Ok(Some((bytes, (None, file)))),
            None => Err(error),
        },
    }
}

/// Returns what changes whenever the answer may; nothing for an answer that chance decides, or what has no version.
///
/// An answer that reads the clock stands for the minute in which it was given.
fn tag(app: &App, asker: &Asker, question: &Question, wish: &Wish, said: &str) -> Option<String> {
    static START: OnceLock<SystemTime> = OnceLock::new();
    let clock = question.clock();
    let minute = (clock == Clock::Time).then(|| app.now().timestamp() / 60);
    let mut hasher = DefaultHasher::new();
    // Another process may be another Annals, with other views.
    (START.get_or_init(SystemTime::now), question.version, asker.role == Default::default()).hash(&mut hasher);
    (said, wish.format.name(), wish.shape, wish.texts, wish.is_defused, minute).hash(&mut hasher);
    (clock != Clock::Chance).then(|| format!("\"{}-{:016x}\"", question.version, hasher.finish()))
}

/// Says why rows cannot be written in a format.
pub(super) fn refused(error: export::Error) -> Error {
    match error {
        export::Error::TooLarge(_, _) => Error::TooLarge(error.to_string()),
        other => Error::BadRequest(format!("this answer cannot be written in this format: {other}")),
    }
}

/// Answers with a file; `counts` are whether it is cut and its rows, where they are known before it is sent; `name`
/// makes browsers save it under that name.
pub(super) fn respond(
    body: impl IntoResponse,
    format: Format,
    version: i64,
    counts: Option<(bool, usize)>,
    name: Option<&str>,
) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    let mut set = |name: &'static str, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    };
    set("content-type", format.content_type().to_owned());
    set("x-annals-version", version.to_string());
    if let Some((is_truncated, row_count)) = counts {
        set("x-annals-truncated", is_truncated.to_string());
        set("x-annals-row-count", row_count.to_string());
    }
    set("cache-control", "no-cache".to_owned());
    set("vary", "accept, authorization".to_owned());
    if format == Format::Html {
        set("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox".to_owned());
    }
    let is_shown = matches!(format, Format::Json | Format::Html | Format::Ndjson);
    if !is_shown {
        set(
            "content-disposition",
            format!("attachment; filename=\"{}.{}\"", name.unwrap_or("answer"), format.extension()),
        );
    }
    response
}
