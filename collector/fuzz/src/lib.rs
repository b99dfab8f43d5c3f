//! The report readers alone: links to their sources.

#![allow(dead_code, unused_imports)]

pub mod report;
