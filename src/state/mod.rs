//! State stores: what agents, workflows and sessions keep as JSON.

pub mod canonical;
pub mod delta;
pub mod sql;
