//! Protocols by which other programs ask.
//!
//! - [`salted`]: what is kept of a password.
//!
//! Which questions are allowed and how they are bounded is not decided here, but in
//! [`annals_analytics::outside`], which all protocols share.

mod salt;

pub use salt::salted;
