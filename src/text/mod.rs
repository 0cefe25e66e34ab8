//! Rules on text that several components share.

pub mod length;
pub mod prefix;
pub mod shown;
mod sql;
