//! Bodies: read within their bounds, and decompressed within theirs.
//!
//! What a body holds is [`super::form`]'s business.

use std::borrow::Cow;
use std::io::Read;
use std::sync::Arc;

use axum::body::{Body, HttpBody};
use axum::http::{HeaderMap, header};
use flate2::read::MultiGzDecoder;
use futures::future::poll_fn;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Bounds;
use super::refusal::{Refusal, Result};

/// The unit in which the memory of requests is accounted for.
const UNIT: usize = 64 << 10;
/// What is thrown away of the body of a refused request, so that its sender reads the refusal.
const DRAIN: usize = 16 << 20;

/// The memory that all requests together may hold.
#[derive(Clone)]
pub(super) struct Memory {
    units: Arc<Semaphore>,
}

/// A body that has arrived; it gives its memory back when it is dropped.
pub(super) struct Arrived {
    pub(super) bytes: Vec<u8>,
    _held: Option<OwnedSemaphorePermit>,
}

impl Memory {
    pub(super) fn new(bounds: &Bounds) -> Self {
        Self { units: Arc::new(Semaphore::new((bounds.memory_bytes / UNIT).clamp(1, Semaphore::MAX_PERMITS))) }
    }

    /// Reads a body whole.
    pub(super) async fn read(&self, headers: &HeaderMap, body: Body, bounds: &Bounds) -> Result<Arrived> {
        let too_large = || Refusal::too_large("the request has too many bytes", "request_bytes", bounds.request_bytes);
        let said = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        if said.is_some_and(|length| length > bounds.request_bytes) {
            return Err(too_large());
        }
        let read = async {
            let (mut body, mut bytes, mut held) = (body, Vec::new(), None);
            while let Some(data) = next(&mut body).await? {
                if bytes.len() + data.len() > bounds.request_bytes {
                    return Err(too_large());
                }
                bytes.extend_from_slice(&data);
                self.hold(bytes.len(), &mut held, bounds)?;
            }
            Ok(Arrived { bytes, _held: held })
        };
        let timeout = tokio::time::timeout(bounds.request_time(), read);
        timeout.await.unwrap_or_else(|_| Err(Refusal::late(bounds.request_s)))
    }

    /// Takes memory for so many bytes in all, or says that there is none: waiting for it could wait for ever.
    fn hold(&self, bytes: usize, held: &mut Option<OwnedSemaphorePermit>, bounds: &Bounds) -> Result<()> {
        let has = held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let more = bytes.div_ceil(UNIT).saturating_sub(has);
        let full =
            |_| Refusal::full("the uploads under way fill the memory", "memory_bytes", bounds.memory_bytes as u64, 2);
        let permit = self.units.clone().try_acquire_many_owned(more as u32).map_err(full)?;
        match held {
            Some(held) => held.merge(permit),
            None => *held = Some(permit),
        }
        Ok(())
    }
}

/// Reads what is left of a refused request and forgets it: a sender that still writes reads no answer.
pub(super) async fn drain(body: Body, bounds: &Bounds) {
    let (mut body, mut count) = (body, 0);
    let read = async {
        while let Ok(Some(data)) = next(&mut body).await {
            count += data.len();
            if count > DRAIN {
                break;
            }
        }
    };
    // A sender that is late is refused all the same.
    let _ = tokio::time::timeout(bounds.request_time(), read).await;
}

async fn next(body: &mut Body) -> Result<Option<impl std::ops::Deref<Target = [u8]> + use<>>> {
    loop {
        let frame = poll_fn(|context| std::pin::Pin::new(&mut *body).poll_frame(context)).await;
        match frame {
            None => return Ok(None),
            Some(Err(error)) => return Err(Refusal::malformed(format!("the request ends too early: {error}"))),
            // Trailers say nothing here.
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}

/// How much a request may still become by decompression.
pub(super) struct Budget {
    left: usize,
    whole: usize,
}

impl Budget {
    /// Returns the budget of a request of `sent` bytes.
    pub(super) fn new(sent: usize, bounds: &Bounds) -> Self {
        let whole = bounds.decompressed(sent);
        Self { left: whole, whole }
    }

    /// Returns a body as its `Content-Encoding` says.
    pub(super) fn decode<'b>(&mut self, headers: &HeaderMap, bytes: &'b [u8]) -> Result<Cow<'b, [u8]>> {
        let encodings = headers.get_all(header::CONTENT_ENCODING);
        let named: Vec<String> = encodings
            .iter()
            .flat_map(|value| value.to_str().unwrap_or("?").split(','))
            .map(|name| name.trim().to_ascii_lowercase())
            .filter(|name| !name.is_empty() && name != "identity")
            .collect();
        match named.as_slice() {
            [] => Ok(Cow::Borrowed(bytes)),
            [one] if one == "gzip" || one == "x-gzip" => self.gunzip("the request", bytes).map(Cow::Owned),
            [one] if one == "zstd" => self.unzstd("the request", bytes).map(Cow::Owned),
            other => {
                let named = other.join(", ");
                Err(Refusal::media_type(format!("Content-Encoding `{named}` is not read; gzip and zstd are")))
            }
        }
    }

    /// Returns a part as its first bytes say: gzip, zstd or as it is.
    pub(super) fn unpack<'b>(&mut self, label: &str, bytes: &'b [u8]) -> Result<Cow<'b, [u8]>> {
        match bytes {
            [0x1f, 0x8b, ..] => self.gunzip(label, bytes).map(Cow::Owned),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => self.unzstd(label, bytes).map(Cow::Owned),
            _ => self.spend(bytes.len()).map(|()| Cow::Borrowed(bytes)),
        }
    }

    fn gunzip(&mut self, label: &str, bytes: &[u8]) -> Result<Vec<u8>> {
        self.fill(label, "gzip", MultiGzDecoder::new(bytes))
    }

    fn unzstd(&mut self, label: &str, bytes: &[u8]) -> Result<Vec<u8>> {
        let decoder = zstd::Decoder::with_buffer(bytes).map_err(|error| damaged(label, "zstd", &error))?;
        self.fill(label, "zstd", decoder)
    }

    fn fill(&mut self, label: &str, kind: &str, decoder: impl Read) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let read = decoder.take(self.left as u64 + 1).read_to_end(&mut bytes);
        self.spend(bytes.len())?;
        read.map_err(|error| damaged(label, kind, &error))?;
        Ok(bytes)
    }

    fn spend(&mut self, bytes: usize) -> Result<()> {
        let what = "the request is too large when it is decompressed";
        self.left = self.left.checked_sub(bytes).ok_or_else(|| {
            Refusal::too_large(what, "decompressed_bytes", self.whole).fact("advice", "`ratio` bounds it too")
        })?;
        Ok(())
    }
}

fn damaged(label: &str, kind: &str, error: &std::io::Error) -> Refusal {
    Refusal::malformed(format!("{label}: the {kind} stream is damaged or ends too early: {error}"))
}
