//! Rules on text that several components share.

pub mod prefix;
mod sql;
