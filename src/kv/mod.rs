//! The key-value store.

pub mod limits;
mod refusal;
mod sql;
