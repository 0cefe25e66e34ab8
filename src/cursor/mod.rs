//! Cursors of lists: where the next page begins.

mod parts;
mod place;
mod refusal;
mod sql;
