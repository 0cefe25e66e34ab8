//! One key space over the stores: where a key of the unified storage interface leads.

mod refusal;
pub mod route;
mod sql;
