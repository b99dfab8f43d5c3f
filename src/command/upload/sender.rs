//! Sending: an upload is durable first, then sent; then what others could not send.

use std::path::Path;

use annals_collector::history::History;
use annals_collector::upload::{Client, Failure, Parcel, Queue, Waiting, lacking};
use annals_collector::wire::{Head, Receipt};
use anyhow::Result;

use super::{complain, describe, say, warn};

/// Who sends, where to, and what waits.
pub(super) struct Sender {
    pub(super) client: Client,
    pub(super) queue: Option<Queue>,
    /// Where changes are read from.
    pub(super) checkout: Option<History>,
    /// The server is to answer only when the build can be seen.
    pub(super) is_awaited: bool,
}

impl Sender {
    /// Makes an upload durable and sends it; then sends what others could not. Returns whether it was accepted.
    pub(super) fn send(mut self, parcel: &Parcel) -> Result<bool> {
        let waiting = self.queue.as_ref().and_then(|queue| keep(queue, parcel));
        let failure = match self.deliver(parcel) {
            Ok(receipt) => {
                self.tell(&parcel.label.head, &receipt);
                waiting.map(Waiting::remove).transpose()?;
                self.client.breathe();
                // What others left behind is no matter of this build.
                if let Err(error) = self.flush(false) {
                    warn(&format!("what waits is not sent: {error:#}"));
                }
                return Ok(true);
            }
            Err(failure) => failure,
        };
        let is_kept = !matches!(failure, Failure::Refused { .. });
        match waiting {
            Some(waiting) if is_kept => {
                let folder = waiting.path().parent().unwrap_or(Path::new(".")).display().to_string();
                complain(&format!("{}: {failure}; kept in {folder} for the next upload", self.client.server()));
            }
            waiting => {
                complain(&format!("{}: {failure}; nothing was sent", self.client.server()));
                waiting.map(Waiting::remove).transpose()?;
            }
        }
        Ok(false)
    }

    fn deliver(&self, parcel: &Parcel) -> Result<Receipt, Failure> {
        let head = &parcel.label.head;
        let history = self.checkout.as_ref().filter(|history| history.resolve(&head.revision).is_ok());
        let (changes, missed) = match history.map(|history| lacking(&self.client, history, head)) {
            None => (None, None),
            Some(Ok(changes)) => (changes, None),
            Some(Err(reason)) => (None, Some(reason)),
        };
        let bytes = changes.map(|changes| changes.bytes);
        let receipt = self.client.ingest(parcel, bytes.as_deref(), self.is_awaited)?;
        missed.iter().for_each(|reason| warn(&format!("the upload went without its changes: {reason}")));
        Ok(receipt)
    }

    /// Sends what waits for this server, oldest first, until one does not get through; returns whether all did.
    pub(super) fn flush(&self, is_told: bool) -> Result<bool> {
        let Some(queue) = &self.queue else { return Ok(true) };
        let paths = queue.waiting()?;
        if paths.is_empty() {
            if is_told {
                say("nothing waits");
            }
            return Ok(true);
        }
        let Some(_turn) = queue.turn()? else {
            say("another process sends what waits");
            return Ok(true);
        };
        for (index, path) in paths.iter().enumerate() {
            let Some(mut waiting) = queue.take(path)? else { continue };
            let Some(parcel) = waiting.parcel()? else {
                complain(&format!("{}: no upload; removed", path.display()));
                waiting.remove()?;
                continue;
            };
            // The token is this server's alone.
            if parcel.label.server != self.client.server() {
                continue;
            }
            match self.deliver(&parcel) {
                Ok(receipt) => self.tell(&parcel.label.head, &receipt),
                Err(failure @ Failure::Refused { .. }) => {
                    complain(&format!("{}: {failure}; removed", describe(&parcel.label.head)));
                }
                Err(failure) => {
                    complain(&format!(
                        "{} still waits, {} in all: {failure}",
                        describe(&parcel.label.head),
                        paths.len() - index
                    ));
                    return Ok(false);
                }
            }
            waiting.remove()?;
        }
        Ok(true)
    }

    fn tell(&self, head: &Head, receipt: &Receipt) {
        receipt.warnings.iter().for_each(|warning| warn(warning));
        let what = describe(head);
        let part = head.part.as_ref().map(|part| format!(" (part {part})")).unwrap_or_default();
        match receipt.is_replay {
            true => say(&format!("{what}{part}: the server has it already (key {})", receipt.key)),
            false => {
                let (outcomes, changes) = (receipt.outcome_count, receipt.change_count);
                let open = if receipt.is_open { ", open for further parts" } else { "" };
                let key = &receipt.key;
                say(&format!("{what}{part}: sent, {outcomes} outcomes, {changes} new changes{open} (key {key})"));
            }
        }
    }
}

/// Writes the upload into the queue, so that nothing is lost if this process ends now.
fn keep(queue: &Queue, parcel: &Parcel) -> Option<Waiting> {
    match queue.put(parcel) {
        Ok((waiting, gone)) => {
            gone.iter().for_each(|path| complain(&format!("the queue is full: {} was dropped", path.display())));
            Some(waiting)
        }
        Err(error) => {
            warn(&format!("the upload cannot be kept: {error}"));
            None
        }
    }
}
