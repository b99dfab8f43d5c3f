//! What a saved query takes: typed values by name, bound and never pasted.

use std::collections::HashMap;

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::ScalarValue;

use super::{Error, Result, Saved};

/// The types that a parameter may have.
const TYPES: &[(&str, DataType)] = &[
    ("text", DataType::Utf8),
    ("integer", DataType::Int64),
    ("double", DataType::Float64),
    ("boolean", DataType::Boolean),
    ("date", DataType::Date32),
    ("timestamp", DataType::Timestamp(TimeUnit::Microsecond, None)),
];

/// Names that addresses use for something else.
const RESERVED: &[&str] = &["format", "int64", "shape"];

/// A parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its name; the query writes `$name`.
    pub name: String,
    /// Its type, in words.
    pub kind: &'static str,
    /// Its value where none is given.
    pub default: Option<String>,
    /// What it means.
    pub doc: String,
}

impl Parameter {
    /// Reads `name type = default: meaning`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (declared, doc) = text.split_once(": ").unwrap_or((text, ""));
        let (declared, default) = match declared.split_once('=') {
            Some((declared, default)) => (declared.trim(), Some(default.trim().to_owned())),
            None => (declared.trim(), None),
        };
        let (name, kind) = declared.split_once(' ').ok_or("a parameter is `name type = value: meaning`")?;
        let is_letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        let is_name = name.bytes().all(is_letter) && name.starts_with(|c: char| c.is_ascii_lowercase());
        if !is_name || RESERVED.contains(&name) {
            return Err(format!("`{name}` cannot be the name of a parameter"));
        }
        let found = TYPES.iter().find(|(known, _)| *known == kind.trim());
        let known = || TYPES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        let (kind, _) = found.ok_or_else(|| format!("`{}` is no type; there are {}", kind.trim(), known()))?;
        let parameter = Self { name: name.into(), kind, default, doc: doc.trim().into() };
        if let Some(default) = &parameter.default {
            parameter.value(default).map_err(|error| error.to_string())?;
        }
        Ok(parameter)
    }

    /// Reads a value.
    fn value(&self, text: &str) -> Result<ScalarValue> {
        let found = TYPES.iter().find(|(known, _)| *known == self.kind);
        let kind = found.map_or(DataType::Utf8, |(_, kind)| kind.clone());
        let wrong = |_| Error::Value { name: self.name.clone(), reason: format!("`{text}` is no {}", self.kind) };
        ScalarValue::try_from_string(text.to_owned(), &kind).map_err(wrong)
    }
}

impl Saved {
    /// Returns the values of all parameters: what is given, else their defaults.
    ///
    /// # Errors
    /// [`Error::Value`] for a name that is no parameter, a value of another type, and one that is missing.
    pub fn values<'a>(&self, given: impl Iterator<Item = (&'a str, &'a str)>) -> Result<HashMap<String, ScalarValue>> {
        let wrong = |name: &str, reason: String| Error::Value { name: name.into(), reason };
        let mut values = HashMap::new();
        for (name, text) in given {
            let parameter = self.parameters.iter().find(|parameter| parameter.name == name);
            let known = || self.parameters.iter().map(|p| p.name.as_str()).collect::<Vec<_>>().join(", ");
            let unknown = || wrong(name, format!("`{}` takes no such thing; it takes {}", self.name, known()));
            values.insert(name.to_owned(), parameter.ok_or_else(unknown)?.value(text)?);
        }
        for parameter in &self.parameters {
            if !values.contains_key(&parameter.name) {
                let default = parameter.default.as_deref();
                let default = default.ok_or_else(|| wrong(&parameter.name, "a value is needed".into()))?;
                values.insert(parameter.name.clone(), parameter.value(default)?);
            }
        }
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_the_type_that_was_declared() {
        let text = "-- T\n-- Parameter: days double = 7: how many\n-- Parameter: name text: whose\nSELECT $days, $name";
        let saved = Saved::parse("q", text).unwrap();
        let values = saved.values([("name", "x' OR 1=1")].into_iter()).unwrap();
        assert_eq!(values["days"], ScalarValue::Float64(Some(7.0)));
        assert_eq!(values["name"], ScalarValue::Utf8(Some("x' OR 1=1".into())));
        let says =
            |given: &[(&'static str, &'static str)]| saved.values(given.iter().copied()).unwrap_err().to_string();
        assert_eq!(says(&[]), "parameter `name`: a value is needed");
        assert_eq!(says(&[("days", "many"), ("name", "x")]), "parameter `days`: `many` is no double");
        assert!(says(&[("nope", "1")]).contains("it takes days, name"));
    }

    #[test]
    fn a_declaration_says_what_is_wrong_with_it() {
        for (text, says) in [
            ("days", "a parameter is"),
            ("Days double", "cannot be the name"),
            ("format text", "cannot be the name"),
            ("days double = many", "`many` is no double"),
        ] {
            let error = Parameter::parse(text).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }
}
