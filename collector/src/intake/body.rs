//! Bodies: read within their bounds, and decompressed within theirs, while they are read.
//!
//! What a body holds is [`super::form`]'s business, where it lies [`super::stored`]'s.

use std::cell::{Cell, RefCell};
use std::io::{self, Read, Write};
use std::rc::Rc;
use std::sync::Arc;

use axum::body::{Body, HttpBody};
use axum::http::{HeaderMap, header};
use futures::future::poll_fn;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Bounds;
use super::refusal::{Refusal, Result};
use super::stored::{Gathering, Stored};
use crate::unpack;

/// The unit in which the bytes of requests are accounted for.
const UNIT: usize = 64 << 10;
/// What is thrown away of the body of a refused request, so that its sender reads the refusal.
const DRAIN: usize = 16 << 20;

/// The room that all requests together may take, in memory and on disk.
#[derive(Clone)]
pub(super) struct Memory {
    units: Arc<Semaphore>,
}

/// A body that has arrived; it gives its room back when it is dropped.
pub(super) struct Arrived {
    pub(super) body: Stored,
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
            let (mut body, mut gathering, mut held) = (body, Gathering::default(), None);
            while let Some(data) = next(&mut body).await? {
                let length = gathering.len() as usize + data.len();
                if length > bounds.request_bytes {
                    return Err(too_large());
                }
                self.hold(length, &mut held, bounds)?;
                gathering.write_all(&data).map_err(no_room)?;
            }
            Ok(Arrived { body: gathering.finish().map_err(no_room)?, _held: held })
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

fn no_room(error: io::Error) -> Refusal {
    Refusal::unavailable(format!("the folder for temporary files takes no request now: {error}"))
}

/// How much a request may still become by decompression; clones share it.
#[derive(Clone)]
pub(super) struct Budget {
    left: Rc<Cell<usize>>,
    whole: usize,
    /// Why reading had to end.
    refusal: Rc<RefCell<Option<Refusal>>>,
}

impl Budget {
    /// Returns the budget of a request of `sent` bytes.
    pub(super) fn new(sent: u64, bounds: &Bounds) -> Self {
        let whole = bounds.decompressed(sent as usize);
        Self { left: Rc::new(Cell::new(whole)), whole, refusal: Rc::default() }
    }

    /// Returns a body as its `Content-Encoding` says.
    pub(super) fn decode(&self, headers: &HeaderMap, body: &Stored) -> Result<Stored> {
        let encodings = headers.get_all(header::CONTENT_ENCODING);
        let named: Vec<String> = encodings
            .iter()
            .flat_map(|value| value.to_str().unwrap_or("?").split(','))
            .map(|name| name.trim().to_ascii_lowercase())
            .filter(|name| !name.is_empty() && name != "identity")
            .collect();
        match named.as_slice() {
            [] => Ok(body.clone()),
            [one] if matches!(one.as_str(), "gzip" | "x-gzip" | "zstd") => {
                let mut gathering = Gathering::default();
                let copied = io::copy(&mut self.unpack("the request", body), &mut gathering);
                copied.map_err(|error| self.refuse(error))?;
                gathering.finish().map_err(no_room)
            }
            other => {
                let named = other.join(", ");
                Err(Refusal::media_type(format!("Content-Encoding `{named}` is not read; gzip and zstd are")))
            }
        }
    }

    /// Returns a part as its first bytes say: gzip, zstd or as it is.
    pub(super) fn unpack(&self, label: &str, part: &Stored) -> Unpacked {
        let unpacked = unpack::unpack(part.clone());
        let (label, budget) = (label.to_owned(), self.clone());
        match unpacked {
            Ok(input) => Unpacked { input, label, budget },
            Err(error) => Unpacked { input: Box::new(Failing(Some(error))), label, budget },
        }
    }

    /// Returns a part whole, for those that are read so.
    pub(super) fn whole(&self, label: &str, part: &Stored) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let read = self.unpack(label, part).read_to_end(&mut bytes);
        read.map_err(|error| self.refuse(error))?;
        Ok(bytes)
    }

    /// Returns why reading ended: what it met, or `error` where that is the reason itself.
    pub(super) fn refuse(&self, error: impl Into<Refusal>) -> Refusal {
        self.refusal.take().unwrap_or_else(|| error.into())
    }
}

/// A part that is decompressed while it is read, within the budget.
pub(super) struct Unpacked {
    input: unpack::Input,
    label: String,
    budget: Budget,
}

impl Read for Unpacked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Budget { left, whole, refusal } = &self.budget;
        let read = self.input.read(buffer).and_then(|count| match left.get().checked_sub(count) {
            Some(less) => {
                left.set(less);
                Ok(count)
            }
            None => {
                let what = "the request is too large when it is decompressed";
                let bound = Refusal::too_large(what, "decompressed_bytes", *whole);
                refusal.replace(Some(bound.fact("advice", "`ratio` bounds it too")));
                Err(io::Error::other(what))
            }
        });
        if let Err(error) = &read
            && error.kind() == io::ErrorKind::InvalidData
        {
            refusal.replace(Some(Refusal::malformed(format!("{}: {error}", self.label))));
        }
        read
    }
}

/// A part of which not even the beginning can be read.
struct Failing(Option<io::Error>);

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}
