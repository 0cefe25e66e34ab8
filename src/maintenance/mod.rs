//! Maintenance: the background worker, and what one session does at a time.

mod sql;
pub mod worker;
