//! Reading of environment variables: a blank one is as good as none, and texts become what [`super::Run`] holds.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;

use chrono::DateTime;

use crate::mirror;

/// A file that a provider left for the job is read up to this many bytes.
const FILE_LIMIT: u64 = 16 << 20;

/// The variables of a process.
pub(super) struct Variables<'v>(&'v BTreeMap<String, String>);

impl<'v> Variables<'v> {
    pub(super) fn new(all: &'v BTreeMap<String, String>) -> Self {
        Self(all)
    }

    /// Returns the value, trimmed; blank is `None`.
    pub(super) fn get(&self, name: &str) -> Option<&'v str> {
        Some(self.0.get(name)?.trim()).filter(|value| !value.is_empty())
    }

    /// Returns the first of several that has a value.
    pub(super) fn text(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.get(name)).map(str::to_owned)
    }

    /// Returns whether the variable says yes.
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| !matches!(value.to_ascii_lowercase().as_str(), "false" | "0" | "no"))
    }

    /// Returns a whole number.
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.get(name)?.parse().ok()
    }

    /// Returns the name of a repository: the last part of its path or URL.
    pub(super) fn repository(&self, name: &str) -> Option<String> {
        mirror::project_name(self.get(name)?)
    }

    /// Returns the first of several branches that is one: `refs/heads/` goes away, other references are none.
    pub(super) fn branch(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| branch(self.get(name)?))
    }

    /// Returns the number of a pull request; Buildkite and Travis say `false` where there is none.
    pub(super) fn pull_request(&self, name: &str) -> Option<String> {
        self.get(name).filter(|value| *value != "false" && *value != "0").map(str::to_owned)
    }

    /// Returns the index of a shard, where there is more than one.
    pub(super) fn shard(&self, index: &str, total: &str) -> Option<String> {
        self.number(total).filter(|total| *total > 1)?;
        self.text(&[index])
    }

    /// Returns a person by the variables of name and address.
    pub(super) fn person(&self, names: &[&str], address: &str) -> Option<(String, String)> {
        let address = self.get(address).unwrap_or_default();
        let name = self.text(names).or_else(|| (!address.is_empty()).then(|| address.to_owned()))?;
        Some((name, address.to_owned()))
    }

    /// Returns a time given as seconds since 1970 or by RFC 3339, in microseconds.
    pub(super) fn time(&self, name: &str) -> Option<i64> {
        let text = self.get(name)?;
        match text.parse::<i64>() {
            Ok(seconds) => (seconds > 0).then(|| seconds.checked_mul(1_000_000))?,
            Err(_) => Some(DateTime::parse_from_rfc3339(text).ok()?.timestamp_micros()),
        }
    }

    /// Returns the content of the file that a variable names.
    pub(super) fn file(&self, name: &str) -> Option<String> {
        file(self.get(name)?)
    }
}

/// Returns a file's content; `None` where it cannot be read or is too large.
pub(super) fn file(path: &str) -> Option<String> {
    let mut text = String::new();
    let length = File::open(path).ok()?.take(FILE_LIMIT + 1).read_to_string(&mut text).ok()?;
    (length as u64 <= FILE_LIMIT).then_some(text)
}

/// Returns the branch that a reference names; tags and the references of pull requests are no branches.
pub(super) fn branch(reference: &str) -> Option<String> {
    let name = reference.strip_prefix("refs/heads/").unwrap_or(reference);
    (!name.is_empty() && !name.starts_with("refs/")).then(|| name.to_owned())
}

/// Returns texts joined by `/`, without those that are missing.
pub(super) fn joined(parts: &[Option<&str>]) -> Option<String> {
    let parts: Vec<&str> = parts.iter().flatten().copied().collect();
    (!parts.is_empty()).then(|| parts.join("/"))
}
