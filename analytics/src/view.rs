//! The catalog of views.
