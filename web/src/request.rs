//! What a reader sends in an address: parameters and ids.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::{Error, Result};

/// The parameters after `?`, in their order; unreadable bytes become replacement characters, never an error.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}

impl Params {
    pub(crate) fn parse(query: &str) -> Self {
        Self(url::form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// Returns a parameter without the blanks around it; empty when it was not given.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v.trim())
    }

    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(n, v)| (n.as_str(), v.as_str()))
    }

    /// Returns a whole number; anything else counts as not given.
    pub(crate) fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.get(name).parse().ok()
    }

    /// Returns the query of an address with one parameter changed; empty parameters are left out.
    pub(crate) fn with(&self, name: &str, value: &str) -> String {
        let kept = self.0.iter().filter(|(n, v)| n != name && !v.is_empty()).map(|(n, v)| (n.as_str(), v.as_str()));
        let added = Some((name, value)).filter(|_| !value.is_empty());
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(kept.chain(added)).finish()
    }
}

/// Reads an id out of an address; whatever is not a number names nothing.
pub(crate) fn id(text: &str, what: &str) -> Result<i64> {
    text.parse().map_err(|_| Error::NotFound(format!("there is no such {what}")))
}
