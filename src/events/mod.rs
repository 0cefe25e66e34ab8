//! The event log.

mod feed;
mod glob;
mod id;
mod invalid;
mod refusal;
mod sql;
