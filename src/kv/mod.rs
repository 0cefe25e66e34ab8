//! The key-value store.

pub mod limits;
mod sql;
