//! The event log.

mod sql;
