//! The event log.

mod feed;
mod glob;
mod sql;
