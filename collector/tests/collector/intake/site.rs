//! A server of uploads over a store of its own, and what it is sent.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use annals_collector::intake::{Behind, Bounds, Intake, Setup};
use annals_data::store::{Ingest, Location, Receipt, Store};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use futures::future::BoxFuture;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

pub(super) const REPORT: &str = r#"<testsuite name="s"><testcase classname="c" name="good" time="0.5"/>
<testcase classname="c" name="bad"><failure message="no">no</failure></testcase></testsuite>"#;

/// The store, and whether its disk is full.
pub(super) struct Shelf {
    pub(super) store: Arc<Store>,
    pub(super) is_full: Arc<AtomicBool>,
}

impl Behind for Shelf {
    fn store(&self) -> &Store {
        &self.store
    }

    fn commit(&self, ingests: Vec<Ingest>) -> BoxFuture<'_, Result<Receipt, String>> {
        Box::pin(async {
            let mut builds = ingests.iter().flat_map(|ingest| &ingest.builds);
            match self.is_full.load(Ordering::SeqCst) {
                true => Err("no space left on device".to_owned()),
                _ if builds.any(|facts| facts.build.key == "poison") => Err("this build is no build".to_owned()),
                false => self.store.commit(ingests).await.map_err(|error| error.to_string()),
            }
        })
    }
}

/// A server of uploads.
pub(super) struct Site {
    pub(super) store: Arc<Store>,
    pub(super) is_full: Arc<AtomicBool>,
    pub(super) intake: Intake,
    pub(super) router: Router,
    pub(super) folder: TempDir,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) retry_after: Option<u64>,
    pub(super) body: Value,
}

impl Reply {
    /// Returns a field of the body as a text.
    pub(super) fn text(&self, field: &str) -> &str {
        self.body[field].as_str().unwrap_or_else(|| panic!("{field}: {self:?}"))
    }

    /// Checks status and a part of the detail.
    pub(super) fn refuses(&self, status: u16, detail: &str) {
        assert!(self.status == status && self.text("detail").contains(detail), "{status} {detail}: {self:?}");
    }
}

impl Site {
    /// Opens a site of this machine with bounds.
    pub(super) async fn new(bounds: Bounds) -> Self {
        Self::with(Setup { bounds, is_local: true, ..Setup::default() }).await
    }

    /// Opens a site as it is set up.
    pub(super) async fn with(setup: Setup) -> Self {
        Self::over(TempDir::new().unwrap(), setup).await
    }

    /// Opens a site over a store that may be there already.
    pub(super) async fn over(folder: TempDir, setup: Setup) -> Self {
        let location = Location { root: folder.path().to_owned(), facts: None };
        let store = Arc::new(Store::open(&location).await.unwrap());
        let is_full = Arc::new(AtomicBool::default());
        let shelf = Shelf { store: store.clone(), is_full: is_full.clone() };
        let intake = Intake::open(&folder.path().join("spool"), shelf, setup).unwrap();
        Self { router: intake.router(), store, is_full, intake, folder }
    }

    /// Sends a request.
    pub(super) async fn send(&self, request: Request<Body>) -> Reply {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let retry_after = response.headers().get("retry-after").map(|value| value.to_str().unwrap().parse().unwrap());
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Reply { status, retry_after, body }
    }

    /// Posts a form to an address.
    pub(super) async fn post(&self, address: &str, form: &Form) -> Reply {
        self.send(form.request(address)).await
    }

    /// Posts an upload and waits for its commit.
    pub(super) async fn upload(&self, form: &Form) -> Reply {
        self.post("/api/v1/ingest?wait=true", form).await
    }

    /// Sends an upload, and goes away when its request waits for the `moment`th time; returns whether it was answered
    /// before.
    pub(super) async fn leave(&self, form: &Form, moment: usize) -> bool {
        let mut request = Box::pin(self.router.clone().oneshot(form.request("/api/v1/ingest")));
        let mut waited = 0;
        poll_fn(|context| {
            let is_answered = request.as_mut().poll(context).is_ready();
            waited += 1;
            if is_answered || waited == moment { Poll::Ready(is_answered) } else { Poll::Pending }
        })
        .await
    }

    /// Returns whether the store has a build.
    pub(super) fn has(&self, project: &str, key: &str) -> bool {
        self.store.known_builds(project, &[key.to_owned()]).unwrap().contains(key)
    }
}

/// A multipart form.
#[derive(Clone, Default)]
pub(super) struct Form {
    bytes: Vec<u8>,
}

impl Form {
    /// Returns the form of a build: the fields that every build needs, and others.
    pub(super) fn build(fields: Value) -> Self {
        let mut head = json!({ "project": "p", "revision": "a".repeat(40), "builder": "unit", "position": 3 });
        let Value::Object(fields) = fields else { panic!("fields are an object") };
        head.as_object_mut().unwrap().extend(fields);
        head.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        Self::default().with("build", None, head.to_string().as_bytes())
    }

    /// Adds a part.
    pub(super) fn with(mut self, name: &str, file: Option<&str>, bytes: &[u8]) -> Self {
        let file = file.map(|file| format!("; filename=\"{file}\"")).unwrap_or_default();
        let head = format!("--b0undary\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n");
        self.bytes.extend([head.as_bytes(), bytes, b"\r\n"].concat());
        self
    }

    /// Adds a report.
    pub(super) fn report(self, file: &str, bytes: impl AsRef<[u8]>) -> Self {
        self.with("report", Some(file), bytes.as_ref())
    }

    /// Adds changes: revision and parents each.
    pub(super) fn changes(self, changes: &[(&str, &[&str])]) -> Self {
        let line =
            |(revision, parents): &(&str, &[&str])| json!({ "revision": revision, "parents": parents }).to_string();
        let lines: Vec<String> = changes.iter().map(line).collect();
        self.with("changes", None, lines.join("\n").as_bytes())
    }

    /// Returns the body.
    pub(super) fn body(&self) -> Vec<u8> {
        [&self.bytes[..], b"--b0undary--\r\n"].concat()
    }

    /// Returns the request.
    pub(super) fn request(&self, address: &str) -> Request<Body> {
        let request = Request::post(address).header("content-type", "multipart/form-data; boundary=b0undary");
        request.body(Body::from(self.body())).unwrap()
    }
}

/// Compresses by gzip.
pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Compresses by zstd.
pub(super) fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}
