//! The environment of a build: what its commands see, and what is recorded of it.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;

use super::Job;
use crate::builder::Builder;

/// What commands inherit: enough to find tools and the network, nothing that belongs to the person's session.
const INHERITED: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "CARGO_HOME",
    "RUSTUP_HOME",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
];
/// A variable with one of these in its name is recorded without its value.
const SECRET: &[&str] = &["TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "KEY"];

/// Returns the variables that the commands of a build see.
pub(super) fn of(job: &Job<'_>) -> BTreeMap<OsString, OsString> {
    let inherited = INHERITED.iter().filter_map(|name| Some((OsString::from(name), env::var_os(name)?)));
    let own = job.builder.environment.iter().map(|(name, value)| (name.into(), value.into()));
    let build = [
        ("ANNALS_PROJECT", job.project),
        ("ANNALS_BRANCH", job.branch),
        ("ANNALS_BUILDER", &job.builder.name),
        ("ANNALS_REVISION", &job.revision.id),
    ];
    inherited.chain(own).chain(build.map(|(name, value)| (name.into(), value.into()))).collect()
}

/// Returns what is recorded with the build, as a JSON object of strings; the builder's variables begin with `env.`.
pub(super) fn recorded(builder: &Builder) -> String {
    let kernel = rustix::system::uname();
    let mut all = BTreeMap::from([
        ("os".to_owned(), env::consts::OS.to_owned()),
        ("arch".to_owned(), env::consts::ARCH.to_owned()),
        ("hostname".to_owned(), hostname()),
        ("kernel".to_owned(), kernel.release().to_string_lossy().into_owned()),
        ("annals".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
    ]);
    for (name, value) in &builder.environment {
        let upper = name.to_uppercase();
        let is_secret = SECRET.iter().any(|word| upper.contains(word));
        all.insert(format!("env.{name}"), if is_secret { "(not recorded)".to_owned() } else { value.clone() });
    }
    serde_json::json!(all).to_string()
}

/// Returns the machine's name.
pub(super) fn hostname() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
