//! JSON documents: their canonical text, and the members of objects.

pub mod canonical;
pub mod members;
mod refusal;
pub mod sql;
pub mod stored;
