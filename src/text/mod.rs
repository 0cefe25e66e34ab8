//! Rules on text that several components share.

pub mod copied;
pub mod fold;
pub mod length;
pub mod prefix;
pub mod shown;
mod sql;
