//! Hook history.

mod codec;
pub use codec::Invalid;
mod sql;
