//! What a list can do: it is gathered from an iterator, compared, and is a list in JSON.

use std::fmt;
use std::io;

use serde::de::{SeqAccess, Visitor};
use serde::ser::{Error as _, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Outcomes;
use crate::row::Outcome;

impl Extend<Outcome> for Outcomes {
    fn extend<T: IntoIterator<Item = Outcome>>(&mut self, outcomes: T) {
        outcomes.into_iter().for_each(|outcome| self.push(outcome));
    }
}

impl FromIterator<Outcome> for Outcomes {
    fn from_iter<T: IntoIterator<Item = Outcome>>(outcomes: T) -> Self {
        let mut all = Self::default();
        all.extend(outcomes);
        all
    }
}

impl From<Vec<Outcome>> for Outcomes {
    fn from(outcomes: Vec<Outcome>) -> Self {
        outcomes.into_iter().collect()
    }
}

impl fmt::Debug for Outcomes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} outcomes, the last of them {:?}", self.count, self.last)
    }
}

impl PartialEq for Outcomes {
    fn eq(&self, other: &Self) -> bool {
        let is_same = |(a, b): (io::Result<Outcome>, io::Result<Outcome>)| matches!((a, b), (Ok(a), Ok(b)) if a == b);
        self.count == other.count && self.iter().zip(other.iter()).all(is_same)
    }
}

impl Serialize for Outcomes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut sequence = serializer.serialize_seq(Some(self.count))?;
        for outcome in self.iter() {
            sequence.serialize_element(&outcome.map_err(S::Error::custom)?)?;
        }
        sequence.end()
    }
}

impl<'de> Deserialize<'de> for Outcomes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Elements;
        impl<'de> Visitor<'de> for Elements {
            type Value = Outcomes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of outcomes")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Outcomes, A::Error> {
                let mut outcomes = Outcomes::default();
                while let Some(outcome) = elements.next_element()? {
                    outcomes.push(outcome);
                }
                Ok(outcomes)
            }
        }
        deserializer.deserialize_seq(Elements)
    }
}
