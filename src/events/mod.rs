//! The event log.

mod feed;
mod glob;
mod id;
mod sql;
