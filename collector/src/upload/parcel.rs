//! One upload as it travels and as it waits in the queue: the parts of a multipart body, and whose they are.
//!
//! The token is in neither.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

use serde::{Deserialize, Serialize};

use super::files::Packed;
use crate::wire::Head;

/// What a parcel says of itself, in the first line of its file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Label {
    /// The server that it is for.
    pub server: String,
    /// The head of the build.
    pub head: Head,
    /// How many reports it holds.
    pub report_count: usize,
    /// What separates the parts.
    boundary: String,
}

/// An upload without the changes that its server lacks: those are asked for when it is sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Parcel {
    /// Whose it is.
    pub label: Label,
    /// The parts, each with its head, without the end.
    parts: Vec<u8>,
}

impl Parcel {
    /// Packs reports for a server.
    pub fn new(server: &str, head: Head, reports: &[Packed]) -> Self {
        let boundary = format!("annals-{:016x}{:016x}", random(), random());
        let mut parts = Vec::new();
        let build = serde_json::to_vec(&head).expect("a head is made of texts and numbers");
        part(&mut parts, &boundary, "name=\"build\"", "application/json", &build);
        for report in reports {
            let name = format!("name=\"report\"; filename=\"{}\"", quoted(&report.name));
            part(&mut parts, &boundary, &name, "application/zstd", &report.bytes);
        }
        let label = Label { server: server.to_owned(), head, report_count: reports.len(), boundary };
        Self { label, parts }
    }

    /// Returns the type of the body.
    pub(super) fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.label.boundary)
    }

    /// Returns the whole body; `changes` are lines of JSON, compressed.
    pub(super) fn body(&self, changes: Option<&[u8]>) -> Vec<u8> {
        let mut body = self.parts.clone();
        if let Some(changes) = changes {
            part(&mut body, &self.label.boundary, "name=\"changes\"", "application/zstd", changes);
        }
        body.extend_from_slice(format!("--{}--\r\n", self.label.boundary).as_bytes());
        body
    }

    /// Returns the parcel as a file holds it.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec(&self.label).expect("a label is made of texts and numbers");
        bytes.push(b'\n');
        bytes.extend_from_slice(&self.parts);
        bytes
    }

    /// Reads what [`Self::to_bytes`] wrote; `None` if it is anything else.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let end = bytes.iter().position(|byte| *byte == b'\n')?;
        let label: Label = serde_json::from_slice(&bytes[..end]).ok()?;
        let parts = bytes[end + 1..].to_vec();
        parts.starts_with(format!("--{}\r\n", label.boundary).as_bytes()).then_some(Self { label, parts })
    }
}

fn part(body: &mut Vec<u8>, boundary: &str, name: &str, kind: &str, content: &[u8]) {
    let head = format!("--{boundary}\r\nContent-Disposition: form-data; {name}\r\nContent-Type: {kind}\r\n\r\n");
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(content);
    body.extend_from_slice(b"\r\n");
}

/// Quotes a file's name as forms do (WHATWG, "multipart/form-data encoding algorithm").
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

/// Returns a number that nobody can foresee well enough to write it into a report; also makes pauses uneven.
pub(super) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
