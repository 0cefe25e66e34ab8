//! Cursors of lists: where the next page begins.

mod place;
mod refusal;
mod sql;
