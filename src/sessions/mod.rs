//! Sessions: what tells an id from a name.

pub mod id;
mod sql;
