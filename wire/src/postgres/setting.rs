//! What `SET` and `SHOW` know: the settings that clients send or ask for, none of which reaches the engine.
//!
//! Only `statement_timeout` means anything here; it can shorten a query's time and never lengthen it.

use std::collections::BTreeMap;
use std::time::Duration;

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
    ("search_path", "mart"),
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
        let is_utc = ["utc", "etc/utc", "gmt", "default"].contains(&value.to_ascii_lowercase().as_str());
        if name == "timezone" && !is_utc {
            return Err("all times are UTC here; convert them with AT TIME ZONE".into());
        }
        if name == "client_encoding" && !["utf8", "utf-8", "unicode"].contains(&value.to_ascii_lowercase().as_str()) {
            return Err("texts are UTF-8 here".into());
        }
        if name == "statement_timeout" {
            length(value).ok_or_else(|| format!("\"{value}\" is no time"))?;
        }
        self.0.insert(name, value.to_owned());
        Ok(())
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
    }
}
