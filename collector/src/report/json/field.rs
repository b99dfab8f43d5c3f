//! Fields that tools write in several ways: what has another type than expected counts as absent.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Members of a list of texts that are kept.
const TEXTS: usize = 1000;

/// A text, also where a number or a truth stands; anything else counts as absent.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::report) struct Text(Option<String>);

impl Text {
    /// Returns the text; what is absent is empty.
    pub(in crate::report) fn get(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }

    /// Returns the text unless it is absent or blank.
    pub(in crate::report) fn some(&self) -> Option<&str> {
        self.0.as_deref().filter(|text| !text.trim().is_empty())
    }

    /// Returns whether there is a text, even an empty one.
    pub(in crate::report) fn is_present(&self) -> bool {
        self.0.is_some()
    }
}

/// A number, also where a text holds one; anything else counts as absent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in crate::report) struct Number(Option<f64>);

impl Number {
    /// Returns the number, finite.
    pub(in crate::report) fn get(self) -> Option<f64> {
        self.0.filter(|number| number.is_finite())
    }

    /// Returns the number as a line of a file, from 1.
    pub(in crate::report) fn line(self) -> Option<i64> {
        self.get().filter(|line| (1.0..1e9).contains(line)).map(|line| line as i64)
    }

    /// Returns the number where it counts or names something.
    pub(in crate::report) fn whole(self) -> Option<i64> {
        self.get().filter(|number| number.abs() < 9e15 && number.fract() == 0.0).map(|number| number as i64)
    }
}

impl From<f64> for Number {
    fn from(number: f64) -> Self {
        Self(Some(number))
    }
}

/// A list of texts, also where one text stands; further ones than a thousand are left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::report) struct Texts(pub(in crate::report) Vec<String>);

impl Texts {
    /// Returns the texts.
    pub(in crate::report) fn get(&self) -> Vec<&str> {
        self.0.iter().map(String::as_str).collect()
    }
}

/// What any value is for the fields.
enum Value {
    Nothing,
    Text(String),
    Number(f64),
    Truth(bool),
    List(Vec<String>),
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Nothing)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Truth(truth))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number as f64))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Number(number as f64))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Number(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut texts = Vec::new();
        while texts.len() < TEXTS {
            match list.next_element::<Text>()? {
                Some(Text(text)) => texts.extend(text),
                None => return Ok(Value::List(texts)),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::List(texts))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Value::Nothing)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match deserializer.deserialize_any(AnyValue)? {
            Value::Text(text) => Some(text),
            Value::Number(number) => Some(number.to_string()),
            Value::Truth(truth) => Some(truth.to_string()),
            Value::Nothing | Value::List(_) => None,
        }))
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match deserializer.deserialize_any(AnyValue)? {
            Value::Number(number) => Some(number),
            Value::Text(text) => text.trim().parse().ok(),
            Value::Nothing | Value::Truth(_) | Value::List(_) => None,
        }))
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match deserializer.deserialize_any(AnyValue)? {
            Value::List(texts) => texts,
            Value::Text(text) => vec![text],
            Value::Nothing | Value::Number(_) | Value::Truth(_) => Vec::new(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_read_from_what_tools_write() {
        let text = |json| serde_json::from_str::<Text>(json).unwrap().0;
        assert_eq!(text("\"a\"").as_deref(), Some("a"));
        assert_eq!(text("1.5").as_deref(), Some("1.5"));
        assert_eq!(text("true").as_deref(), Some("true"));
        assert_eq!([text("null"), text("{\"a\":[1]}"), text("[\"a\",{}]")], [None, None, None]);
        let number = |json| serde_json::from_str::<Number>(json).unwrap().get();
        assert_eq!([number("1"), number("-2.5"), number("\"3\"")], [Some(1.0), Some(-2.5), Some(3.0)]);
        assert_eq!([number("null"), number("\"NaN\""), number("[1]"), number("\"\"")], [None; 4]);
        let texts = |json: &str| serde_json::from_str::<Texts>(json).unwrap().0;
        assert_eq!(texts("[\"a\",null,1]"), ["a", "1"]);
        assert_eq!(texts("\"a\""), ["a"]);
        assert_eq!(texts(&format!("[{}1]", "1,".repeat(5000))).len(), TEXTS);
    }
}
