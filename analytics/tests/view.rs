//! The views against stories.
fn main() {}
