//! The binary, run as people run it, on real stores.
//!
//! The demonstration is built once for all tests; a test that changes a store works on a copy.

#![allow(clippy::unwrap_used, reason = "a test may stop at what is wrong")]

mod bisect;
mod crash;
mod demo;
mod fault;
mod full;
mod import;
mod intake;
mod judging;
mod mail;
mod people;
mod saved;
mod sending;
mod server;
#[path = "../shared/skip.rs"]
mod skip;
mod wire;
mod world;
