//! Hook history.

mod codec;
mod refusal;
mod sql;
