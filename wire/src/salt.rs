//! What is kept of a password that nobody sends (SCRAM-SHA-256, RFC 5802, RFC 7677).

use pgwire::api::auth::sasl::scram::{SCRAM_ITERATIONS, gen_salted_password};

/// Returns what is kept of a new password: it hashed with a salt.
///
/// Passwords are tokens of 256 random bits, so the iterations slow nobody down who guesses: there is nothing to guess.
pub fn salted(password: &str, salt: &[u8]) -> Vec<u8> {
    gen_salted_password(password, salt, SCRAM_ITERATIONS)
}
