//! The way to a server: one blocking client, tries with pauses, and the difference between *no* and *not now*.
//!
//! The key of a build makes trying again harmless: what a torn answer hid is told as a replay.

mod answer;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use super::parcel::{Parcel, random};
use crate::mirror;
use crate::wire::{INGEST, KNOWN, Question, Receipt, Unknown};

/// A server that does not answer to a knock is not there.
const CONNECT: Duration = Duration::from_secs(10);
/// The longest pause that is chosen here; a server may ask for a longer one.
const LONGEST: Duration = Duration::from_secs(15);
/// Tries of an upload.
const TRIES: u32 = 8;
/// Tries of the question which changes are known: without an answer the upload goes without them.
const QUESTION_TRIES: u32 = 3;
/// Bytes of an answer that are read.
const ANSWER_LIMIT: u64 = 16 << 20;
/// A larger body waits for the server's word that it wants it, so that a refusal is read before all is sent.
const EXPECT_FROM: usize = 1 << 20;

/// How long one waits for a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For all tries and pauses together.
    pub total: Duration,
    /// The first pause, about; each further one is twice as long.
    pub pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { total: Duration::from_secs(60), pause: Duration::from_millis(500) }
    }
}

/// Why an upload was not delivered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The server does not want it, and will not want it later.
    #[error("the server refuses it ({status}): {reason}")]
    Refused {
        /// The status of the answer.
        status: u16,
        /// What the server said.
        reason: String,
    },
    /// The server does not take it from this sender.
    #[error("the server does not accept the token ({status}): {reason}")]
    Stranger {
        /// The status of the answer.
        status: u16,
        /// What the server said.
        reason: String,
    },
    /// What answers there takes no uploads: a wrong address, or something in between.
    #[error("nothing takes uploads there ({status}): {reason}")]
    Misdirected {
        /// The status of the answer.
        status: u16,
        /// What was said.
        reason: String,
    },
    /// There was no answer that means anything.
    #[error("the server cannot be reached: {reason}")]
    Unreachable {
        /// What the last try met.
        reason: String,
    },
}

/// What one try met that another one may not meet.
struct Trouble {
    reason: String,
    /// The pause that the server asks for.
    pause: Option<Duration>,
    /// Trying again at once is of no use.
    is_lasting: bool,
}

/// A server, and how long it is waited for.
pub struct Client {
    agent: Agent,
    server: String,
    token: Option<String>,
    patience: Patience,
    until: Instant,
}

impl Client {
    /// Returns a client of the server at an address; its patience begins now.
    ///
    /// # Errors
    ///
    /// The address, if it is none of HTTP.
    pub fn new(server: &str, token: Option<&str>, patience: Patience) -> Result<Self, String> {
        let server = server.trim().trim_end_matches('/');
        if !server.starts_with("http://") && !server.starts_with("https://") {
            return Err(format!("`{}` is no address of a server: it begins with https://", server_name(server)));
        }
        let config = Agent::config_builder()
            .http_status_as_error(false)
            // A redirected upload would arrive as a question, and the token with it at somebody else's.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(CONNECT.min(patience.total)))
            .user_agent(concat!("annals/", env!("CARGO_PKG_VERSION")));
        let config = if server.starts_with("https://") { config.tls_config(tls()) } else { config };
        let until = Instant::now() + patience.total;
        let token = token.map(str::trim).filter(|token| !token.is_empty()).map(str::to_owned);
        Ok(Self { agent: config.build().new_agent(), server: server.to_owned(), token, patience, until })
    }

    /// Returns the address without user and password.
    pub fn server(&self) -> String {
        server_name(&self.server)
    }

    /// Returns whether the token travels where others can read it.
    pub fn is_overheard(&self) -> bool {
        let host = self.server.strip_prefix("http://").map(|rest| rest.rsplit('@').next().unwrap_or(rest));
        let is_own = |host: &str| ["localhost", "127.", "[::1]"].iter().any(|own| host.starts_with(own));
        self.token.is_some() && host.is_some_and(|host| !is_own(host))
    }

    /// Begins the patience anew.
    pub fn breathe(&mut self) {
        self.until = Instant::now() + self.patience.total;
    }

    /// Asks which changes the server lacks.
    pub fn unknown(&self, question: &Question) -> Result<Unknown, Failure> {
        let body = serde_json::to_vec(question).expect("a question is made of texts");
        self.send(KNOWN, "application/json", &body, QUESTION_TRIES)
    }

    /// Sends a parcel with the changes that the server lacks; waits for the commit if asked to.
    pub fn ingest(&self, parcel: &Parcel, changes: Option<&[u8]>, is_awaited: bool) -> Result<Receipt, Failure> {
        let path = if is_awaited { format!("{INGEST}?wait=true") } else { INGEST.to_owned() };
        self.send(&path, &parcel.content_type(), &parcel.body(changes), TRIES)
    }

    fn send<T: DeserializeOwned>(&self, path: &str, kind: &str, body: &[u8], tries: u32) -> Result<T, Failure> {
        let mut number = 0;
        loop {
            let trouble = match self.try_once(path, kind, body) {
                Ok(answer) => return answer,
                Err(trouble) => trouble,
            };
            number += 1;
            let pause = trouble.pause.unwrap_or_else(|| pause(self.patience.pause, number));
            tracing::info!("try {number}: {}", trouble.reason);
            let is_late = self.until.saturating_duration_since(Instant::now()) <= pause;
            if trouble.is_lasting || number >= tries || is_late {
                return Err(Failure::Unreachable { reason: trouble.reason });
            }
            std::thread::sleep(pause);
        }
    }

    fn try_once<T: DeserializeOwned>(
        &self,
        path: &str,
        kind: &str,
        body: &[u8],
    ) -> Result<Result<T, Failure>, Trouble> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Trouble { reason: "the time is up".to_owned(), pause: None, is_lasting: true });
        }
        let request = self.agent.post(format!("{}{path}", self.server)).header("Content-Type", kind);
        let mut request = request.header("Accept", "application/json");
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        if body.len() >= EXPECT_FROM {
            request = request.header("Expect", "100-continue");
        }
        let answer = request.config().timeout_global(Some(left)).build().send(body).map_err(|e| trouble(&e))?;
        answer::understand(answer)
    }
}

/// A company's server often has a certificate that only its machines know; containers often know none at all.
fn tls() -> TlsConfig {
    let own = rustls_native_certs::load_native_certs().certs;
    let own: Vec<_> = own.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect();
    let roots = if own.is_empty() { RootCerts::WebPki } else { RootCerts::from(own) };
    TlsConfig::builder().root_certs(roots).build()
}

fn trouble(error: &ureq::Error) -> Trouble {
    // What rustls does not accept arrives as invalid data.
    let is_lasting = match error {
        ureq::Error::Io(error) => error.kind() == std::io::ErrorKind::InvalidData,
        error => matches!(error, ureq::Error::Tls(_) | ureq::Error::Rustls(_) | ureq::Error::BadUri(_)),
    };
    Trouble { reason: error.to_string(), pause: None, is_lasting }
}

/// Returns the pause before the next try: twice the last one, between half of that and all of it, so that the jobs of
/// a pipeline that failed together do not come back together.
fn pause(first: Duration, number: u32) -> Duration {
    let whole = first.saturating_mul(1 << number.saturating_sub(1).min(10)).min(LONGEST);
    whole.mul_f64(0.5 + (random() % 1000) as f64 / 2000.0)
}

fn server_name(server: &str) -> String {
    mirror::without_credentials(server)
}
