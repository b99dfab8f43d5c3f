//! Reports of this machine's builds, sent to a server or kept until it can be reached.
//!
//! The way of an upload: [`Pack`] finds and reads the reports, [`Wish::head`] says whose they are, [`place`] puts them
//! into the history, [`Parcel`] makes one body of it, [`Queue`] makes that durable, [`lacking`] asks which changes the
//! server lacks, [`Client`] sends it all. What the user is told, and when, is the caller's.

mod changes;
mod client;
mod files;
mod graph;
mod head;
mod parcel;
mod queue;

use std::path::Path;
use std::time::Duration;

use crate::history::History;
use crate::wire::Head;

pub use changes::{Changes, Missed, lacking};
pub use client::{Client, Failure, Patience};
pub use files::{Pack, Packed};
pub use head::Wish;
pub use parcel::{Label, Parcel};
pub use queue::{Queue, Turn, Waiting};

/// The history that a head was placed in, and what its sender should know of that.
#[derive(Debug, Default)]
pub struct Placed {
    /// Where position and changes are read from.
    pub history: Option<History>,
    /// What could not be found out, as a sentence.
    pub warning: Option<String>,
}

/// Completes a head by what the surrounding checkout knows: position and, of a patch, its author.
///
/// A checkout that ends before the root cannot count a position: the missing commits are fetched into `cache`, for at
/// most `bound`, without touching the checkout. No `bound` fetches nothing.
pub fn place(head: &mut Head, checkout: Option<&History>, cache: Option<&Path>, bound: Option<Duration>) -> Placed {
    let Some(checkout) = checkout else { return Placed::default() };
    let is_shallow = checkout.is_shallow().unwrap_or(false);
    let is_whole = !is_shallow && checkout.resolve(&head.revision).is_ok();
    let completed = match (is_whole, cache, bound) {
        (true, ..) => Ok(checkout.clone()),
        (false, Some(cache), Some(bound)) => graph::complete(checkout, head, cache, bound),
        _ => Err("it is not to be completed".to_owned()),
    };
    let (history, warning) = match completed {
        Ok(history) => (history, None),
        Err(reason) => {
            let what = if is_shallow { "the checkout is shallow" } else { "the checkout lacks the revision" };
            (checkout.clone(), Some(format!("{what}, and {reason}: the server must know the position by itself")))
        }
    };
    head.is_shallow = is_shallow && warning.is_some();
    if warning.is_none() && head.position.is_none() {
        head.position = history.position(&head.revision).ok();
    }
    if head.patch_author.is_some() {
        head.patch_author = author(&history, head).or(head.patch_author.take());
    }
    let is_known = history.resolve(&head.revision).is_ok();
    Placed { history: is_known.then_some(history), warning: warning.filter(|_| head.position.is_none()) }
}

/// Who wrote the head of a patch is said best by the commit itself, after `.mailmap`.
fn author(history: &History, head: &Head) -> Option<(String, String)> {
    let change = history.read(&head.project, &head.revision, std::slice::from_ref(&head.revision), 0).ok()?.pop()?;
    Some((change.author_name, change.author_email))
}
