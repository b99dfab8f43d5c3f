//! A server that scripts its failures and remembers what it was sent.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use annals_collector::wire::{Head, INGEST, KNOWN, Question, Receipt, Unknown};
use annals_data::row::Change;

/// What an upload is answered with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    /// This status, these lines of the head and this body.
    Status(u16, &'static str, &'static str),
    /// This status, before the body is read.
    Early(u16),
    /// It is taken in, but the answer breaks off.
    Torn,
    /// Nothing, for longer than anybody waits.
    Silence,
}

/// An upload as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    pub(crate) head: Head,
    pub(crate) reports: Vec<(String, String)>,
    pub(crate) changes: Vec<Change>,
    /// The lines of the request's head, in lower case before the colon.
    pub(crate) lines: BTreeMap<String, String>,
    pub(crate) path: String,
    pub(crate) at: Instant,
}

#[derive(Default)]
struct Memory {
    script: VecDeque<Answer>,
    uploads: Vec<Upload>,
    keys: BTreeSet<String>,
    revisions: BTreeSet<String>,
    questions: usize,
}

/// The server; it ends with the test.
pub(crate) struct Server {
    pub(crate) address: String,
    shared: Arc<(Mutex<Memory>, Condvar)>,
}

impl Server {
    /// Answers uploads by the script, and takes in all further ones.
    pub(crate) fn new(script: &[Answer]) -> Self {
        Self::at(&TcpListener::bind("127.0.0.1:0").unwrap(), script)
    }

    pub(crate) fn at(listener: &TcpListener, script: &[Answer]) -> Self {
        let address = format!("http://{}", listener.local_addr().unwrap());
        let memory = Memory { script: script.iter().copied().collect(), ..Memory::default() };
        let shared = Arc::new((Mutex::new(memory), Condvar::new()));
        let (listener, given) = (listener.try_clone().unwrap(), Arc::clone(&shared));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let given = Arc::clone(&given);
                // A client that goes away in the middle is part of the tests.
                std::thread::spawn(move || drop(serve(stream, &given)));
            }
        });
        Self { address, shared }
    }

    /// Returns all uploads that came, also those that were not taken in.
    pub(crate) fn uploads(&self) -> Vec<Upload> {
        self.shared.0.lock().unwrap().uploads.clone()
    }

    /// Returns how often it was asked what it knows.
    pub(crate) fn questions(&self) -> usize {
        self.shared.0.lock().unwrap().questions
    }

    /// Returns the keys of the builds that were taken in.
    pub(crate) fn keys(&self) -> BTreeSet<String> {
        self.shared.0.lock().unwrap().keys.clone()
    }

    /// Waits until so many uploads have come.
    pub(crate) fn await_uploads(&self, count: usize) {
        let memory = self.shared.0.lock().unwrap();
        let bound = Duration::from_secs(60);
        let (_memory, waited) = self.shared.1.wait_timeout_while(memory, bound, |m| m.uploads.len() < count).unwrap();
        assert!(!waited.timed_out(), "there were to be {count} uploads");
    }
}

fn serve(stream: TcpStream, shared: &(Mutex<Memory>, Condvar)) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let Some(path) = first.split(' ').nth(1).map(str::to_owned) else { return Ok(()) };
    let mut lines = BTreeMap::new();
    for line in reader.by_ref().lines() {
        let line = line?;
        let Some((name, value)) = line.split_once(": ") else { break };
        lines.insert(name.to_lowercase(), value.to_owned());
    }
    let mut out = stream;
    if lines.contains_key("expect") {
        if let Some(status) = early(&shared.0) {
            return out.write_all(answer(status, "", "").as_bytes());
        }
        out.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let mut body = vec![0; lines["content-length"].parse().unwrap()];
    reader.read_exact(&mut body)?;
    let answer = match path.split('?').next().unwrap() {
        KNOWN => Some(known(&body, &shared.0)),
        INGEST => ingest(&upload(&body, lines, path.clone()), shared),
        _ => Some(answer(404, "", "nothing here")),
    };
    match answer {
        Some(text) => out.write_all(text.as_bytes()),
        None => {
            std::thread::sleep(Duration::from_secs(600));
            Ok(())
        }
    }
}

fn answer(status: u16, lines: &str, body: &str) -> String {
    format!("HTTP/1.1 {status} x\r\nContent-Length: {}\r\nConnection: close\r\n{lines}\r\n{body}", body.len())
}

fn early(memory: &Mutex<Memory>) -> Option<u16> {
    let mut memory = memory.lock().unwrap();
    let Some(&Answer::Early(status)) = memory.script.front() else { return None };
    memory.script.pop_front();
    Some(status)
}

fn known(body: &[u8], memory: &Mutex<Memory>) -> String {
    let question: Question = serde_json::from_slice(body).unwrap();
    assert!(question.revisions.len() <= 10_000);
    let mut memory = memory.lock().unwrap();
    memory.questions += 1;
    let unknown = question.revisions.into_iter().filter(|revision| !memory.revisions.contains(revision)).collect();
    answer(200, "", &serde_json::to_string(&Unknown { unknown }).unwrap())
}

fn ingest(upload: &Upload, (memory, arrived): &(Mutex<Memory>, Condvar)) -> Option<String> {
    let mut memory = memory.lock().unwrap();
    memory.uploads.push(upload.clone());
    arrived.notify_all();
    let scripted = memory.script.pop_front();
    match scripted {
        Some(Answer::Status(status, lines, body)) => return Some(answer(status, lines, body)),
        Some(Answer::Silence) => return None,
        Some(Answer::Torn | Answer::Early(_)) | None => {}
    }
    let key = upload.head.key.clone().unwrap_or_else(|| format!("{:?}", upload.reports));
    let is_replay = !memory.keys.insert(key.clone());
    memory.revisions.extend(upload.changes.iter().map(|change| change.revision.clone()));
    let change_count = upload.changes.len();
    let receipt = Receipt { key, is_replay, change_count, outcome_count: 1, ..Receipt::default() };
    let text = answer(202, "", &serde_json::to_string(&receipt).unwrap());
    Some(if scripted.is_some() { text[..text.len() - 20].to_owned() } else { text })
}

fn upload(body: &[u8], lines: BTreeMap<String, String>, path: String) -> Upload {
    let boundary = lines["content-type"].strip_prefix("multipart/form-data; boundary=").unwrap();
    let mark = format!("--{boundary}");
    let mut upload = Upload {
        head: Head::default(),
        reports: Vec::new(),
        changes: Vec::new(),
        at: Instant::now(),
        path,
        lines: lines.clone(),
    };
    assert!(body.ends_with(format!("{mark}--\r\n").as_bytes()));
    for piece in split(body, mark.as_bytes()) {
        let Some(at) = piece.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let (head, content) = (String::from_utf8_lossy(&piece[..at]), &piece[at + 4..piece.len() - 2]);
        if head.contains("name=\"build\"") {
            upload.head = serde_json::from_slice(content).unwrap();
            continue;
        }
        let text = String::from_utf8(zstd::stream::decode_all(content).unwrap()).unwrap();
        if head.contains("name=\"changes\"") {
            upload.changes = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        } else {
            let name = head.split("filename=\"").nth(1).unwrap().split('"').next().unwrap();
            upload.reports.push((name.to_owned(), text));
        }
    }
    upload
}

fn split<'b>(body: &'b [u8], mark: &[u8]) -> Vec<&'b [u8]> {
    let starts: Vec<usize> = body.windows(mark.len()).enumerate().filter(|(_, w)| *w == mark).map(|(i, _)| i).collect();
    starts.windows(2).map(|pair| &body[pair[0] + mark.len()..pair[1]]).collect()
}
