//! Compact storage of bytes: a frame around what zstd makes of them, alone, beside a neighbour or by a dictionary.

pub mod context;
pub mod delta;
pub mod dictionary;
pub mod frame;
mod refusal;
mod sql;
