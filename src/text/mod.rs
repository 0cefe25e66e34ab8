//! Rules on text that several components share.

pub mod length;
pub mod prefix;
mod sql;
