//! One key space over the stores: where a key of the unified storage interface leads.

pub mod route;
mod sql;
