//! Maintenance: the background worker.

pub mod worker;
