//! Cursors of lists: where the next page begins.

mod parts;
mod place;
pub use place::Invalid;
mod refusal;
mod sql;
