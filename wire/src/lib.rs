//! Protocols by which other programs ask.
//!
//! - [`postgres`]: Postgres' wire protocol; [`flight`]: Arrow Flight SQL.
//! - [`tls`]: the certificate of all of them; [`salted`]: what is kept of a password.
//!
//! Which questions are allowed and how they are bounded is not decided here, but in
//! [`annals_analytics::outside`], which all protocols share.

pub mod flight;
pub mod postgres;
pub mod tls;

mod error;
mod salt;

pub use error::{Error, Result};
pub use salt::salted;
