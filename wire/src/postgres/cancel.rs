//! Cancelling: a second connection names the first by number and secret, and what runs there ends.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use pgwire::api::cancel::CancelHandler;
use pgwire::messages::cancel::CancelRequest;
use pgwire::messages::startup::SecretKey;
use tokio::sync::watch;

type Key = (i32, Vec<u8>);

/// The connections that can be cancelled.
#[derive(Default)]
pub(super) struct Cancels {
    connections: Mutex<HashMap<Key, watch::Sender<u64>>>,
}

/// One connection's entry; it ends with the connection.
pub(super) struct Entry {
    cancels: Arc<Cancels>,
    key: Key,
    count: watch::Receiver<u64>,
}

impl Cancels {
    /// Enters a connection.
    pub(super) fn enter(self: &Arc<Self>, pid: i32, secret: &SecretKey) -> Entry {
        let key = (pid, bytes(secret));
        let (send, count) = watch::channel(0);
        self.lock().insert(key.clone(), send);
        Entry { cancels: Arc::clone(self), key, count }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, watch::Sender<u64>>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn bytes(secret: &SecretKey) -> Vec<u8> {
    match secret {
        SecretKey::I32(number) => number.to_be_bytes().to_vec(),
        SecretKey::Bytes(bytes) => bytes.to_vec(),
    }
}

impl Entry {
    /// Returns what tells of cancels from now on: one that came earlier was for an earlier query.
    pub(super) fn watch(&self) -> watch::Receiver<u64> {
        let mut count = self.count.clone();
        count.mark_unchanged();
        count
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.cancels.lock().remove(&self.key);
    }
}

#[async_trait]
impl CancelHandler for Cancels {
    async fn on_cancel_request(&self, request: CancelRequest) {
        let key = (request.pid, bytes(&request.secret_key));
        if let Some(connection) = self.lock().get(&key) {
            connection.send_modify(|count| *count += 1);
        }
    }
}
