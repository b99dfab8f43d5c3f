//! Uploads: requests to the router, over a real store.

mod bounds;
mod parts;
mod sending;
mod site;
mod wires;
