//! What `SET` and `SHOW` know: the settings that clients send or ask for, none of which reaches the engine.
//!
//! Two mean something here: `statement_timeout` can shorten a query's time and never lengthen it, and `search_path` says
//! where a table is looked for that is named without its schema. Of times a client is told the truth: they are UTC.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use annals_analytics::outside::PATH;

/// The settings with their defaults.
const SETTINGS: &[(&str, &str)] = &[
    ("application_name", ""),
    ("bytea_output", "hex"),
    ("check_function_bodies", "on"),
    ("client_encoding", "UTF8"),
    ("client_min_messages", "notice"),
    ("datestyle", "ISO, MDY"),
    ("default_transaction_isolation", "repeatable read"),
    ("default_transaction_read_only", "on"),
    ("default_with_oids", "off"),
    ("extra_float_digits", "1"),
    ("geqo", "on"),
    ("idle_in_transaction_session_timeout", "0"),
    ("idle_session_timeout", "0"),
    ("integer_datetimes", "on"),
    ("intervalstyle", "postgres"),
    ("jit", "off"),
    ("lc_collate", "C"),
    ("lc_ctype", "C"),
    ("lc_monetary", "C"),
    ("lock_timeout", "0"),
    ("max_identifier_length", "63"),
    ("max_index_keys", "32"),
    ("row_security", "on"),
    ("search_path", "mart, raw, step, system"),
    ("server_encoding", "UTF8"),
    ("server_version", SERVER_VERSION),
    ("server_version_num", "160006"),
    ("session_authorization", ""),
    ("standard_conforming_strings", "on"),
    ("statement_timeout", "0"),
    ("synchronize_seqscans", "on"),
    ("timezone", "UTC"),
    ("transaction_deferrable", "off"),
    ("transaction_isolation", "repeatable read"),
    ("transaction_read_only", "on"),
    ("xmloption", "content"),
];

/// The version of Postgres whose clients are served.
pub(super) const SERVER_VERSION: &str = "16.6";

/// Settings that a client may not change, because a `SET` of another value would be a lie.
const FIXED: &[&str] = &[
    "integer_datetimes",
    "lc_collate",
    "lc_ctype",
    "max_identifier_length",
    "max_index_keys",
    "server_encoding",
    "server_version",
    "server_version_num",
];

/// The settings of one connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings(BTreeMap<String, String>);

impl Settings {
    /// Sets a value; says why not.
    pub(super) fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let name = name.to_ascii_lowercase();
        let value = value.trim_matches('\'');
        let is_known = SETTINGS.iter().any(|(known, _)| *known == name) && !FIXED.contains(&name.as_str());
        if !is_known {
            return Err(format!("there is no setting \"{name}\" to be set here"));
        }
        let is_utc = ["utc", "etc/utc", "gmt", "default", "local"].contains(&value.to_ascii_lowercase().as_str());
        if name == "timezone" && !is_utc {
            return Err("all times are UTC here; convert them with AT TIME ZONE".into());
        }
        if name == "search_path" && listed(value).len() > 1 && listed(value) != PATH {
            return Err(format!("a search path is one schema here, or {}", PATH.join(", ")));
        }
        if name == "client_encoding" && !["utf8", "utf-8", "unicode"].contains(&value.to_ascii_lowercase().as_str()) {
            return Err("texts are UTF-8 here".into());
        }
        if name == "statement_timeout" {
            length(value).ok_or_else(|| format!("\"{value}\" is no time"))?;
        }
        match value.eq_ignore_ascii_case("default") || name == "timezone" {
            true => drop(self.0.remove(&name)),
            false => drop(self.0.insert(name, value.to_owned())),
        }
        Ok(())
    }

    /// Takes what a client asks for when it connects; what cannot be had is left at what it is, and the client is told so.
    pub(super) fn begin(&mut self, given: &HashMap<String, String>) {
        let options = given.get("options").map(|text| options(text)).unwrap_or_default();
        let given =
            given.iter().filter(|(name, _)| *name != "options").map(|(name, value)| (name.clone(), value.clone()));
        for (name, value) in given.chain(options) {
            if let Err(reason) = self.set(&name, &value) {
                tracing::debug!(name, value, reason, "a setting was not taken");
            }
        }
    }

    /// Returns the schemas that a name without one is looked for in.
    pub(super) fn path(&self) -> Vec<&str> {
        let listed = self.0.get("search_path").map(|value| listed(value)).unwrap_or_default();
        if listed.is_empty() { PATH.to_vec() } else { listed }
    }

    /// Forgets what was set; says so if there is no such setting.
    pub(super) fn reset(&mut self, name: &str) -> Result<(), String> {
        let name = name.to_ascii_lowercase();
        match name.as_str() {
            "all" => self.0.clear(),
            name if SETTINGS.iter().any(|(known, _)| *known == name) => drop(self.0.remove(name)),
            name => return Err(format!("there is no setting \"{name}\" to be reset here")),
        }
        Ok(())
    }

    /// Returns a value.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        let name = name.to_ascii_lowercase();
        let default = || SETTINGS.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        self.0.get(&name).cloned().or_else(default)
    }

    /// Returns all settings with their values.
    pub(super) fn all(&self) -> Vec<(String, String)> {
        SETTINGS.iter().filter_map(|(name, _)| Some(((*name).to_owned(), self.get(name)?))).collect()
    }

    /// Returns the time that the client gives a query, if it gives any.
    pub(super) fn timeout(&self) -> Option<Duration> {
        self.0.get("statement_timeout").and_then(|value| length(value)).filter(|time| !time.is_zero())
    }
}

/// Returns the schemas of a search path that are there.
fn listed(value: &str) -> Vec<&str> {
    let names = value.split(',').map(|name| name.trim().trim_matches(['"', '\'']));
    names.filter(|name| PATH.contains(name)).collect()
}

/// Reads the options of a startup message: `-c name=value`, `--name=value`.
fn options(text: &str) -> Vec<(String, String)> {
    let words = text.split_whitespace().map(|word| word.trim_start_matches("-c").trim_start_matches("--"));
    let pair = |word: &str| word.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    words.filter_map(pair).collect()
}

/// Reads a time: milliseconds unless it says otherwise.
fn length(text: &str) -> Option<Duration> {
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic()).trim();
    let number: u64 = digits.parse().ok()?;
    let unit = match text[digits.len()..].trim() {
        "" | "ms" => 1,
        "s" => 1000,
        "min" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    Some(Duration::from_millis(number.checked_mul(unit)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_milliseconds_unless_it_says_otherwise() {
        let mut settings = Settings::default();
        assert_eq!(settings.timeout(), None);
        for (text, milliseconds) in [("250", 250), ("'2s'", 2000), ("1min", 60_000), ("5 s", 5000)] {
            settings.set("statement_timeout", text).unwrap();
            assert_eq!(settings.timeout(), Some(Duration::from_millis(milliseconds)), "{text}");
        }
        settings.set("statement_timeout", "0").unwrap();
        assert_eq!(settings.timeout(), None);
        assert!(settings.set("statement_timeout", "soon").is_err());
    }

    #[test]
    fn nothing_of_the_engine_can_be_set() {
        let mut settings = Settings::default();
        for name in ["datafusion.execution.batch_size", "datafusion.runtime.memory_limit", "server_version", "role"] {
            assert!(settings.set(name, "1").is_err(), "{name}");
        }
        assert!(settings.set("TimeZone", "Europe/Berlin").is_err());
        assert!(settings.set("TimeZone", "UTC").is_ok());
        assert_eq!(settings.get("timezone").as_deref(), Some("UTC"));
    }

    #[test]
    fn a_search_path_is_one_schema_or_the_usual_ones() {
        let mut settings = Settings::default();
        assert_eq!(settings.path(), PATH);
        settings.set("search_path", "\"$user\", raw, public").unwrap();
        assert_eq!(settings.path(), ["raw"]);
        assert!(settings.set("search_path", "raw, mart").is_err());
        settings.set("search_path", "public").unwrap();
        assert_eq!(settings.path(), PATH);
    }

    #[test]
    fn a_client_may_ask_when_it_connects() {
        let mut settings = Settings::default();
        let given = [("options", "-c statement_timeout=5s -c search_path=step"), ("TimeZone", "Europe/Berlin")];
        settings.begin(&given.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
        assert_eq!(settings.timeout(), Some(Duration::from_secs(5)));
        assert_eq!((settings.path(), settings.get("timezone").as_deref()), (vec!["step"], Some("UTC")));
    }
}
