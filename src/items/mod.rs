//! Items: JSON documents under a key in a namespace.

mod cursor;
pub mod namespace;
mod refusal;
mod sql;
