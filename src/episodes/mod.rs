//! Episodes: the time that orders them.

mod moment;
pub mod sql;
