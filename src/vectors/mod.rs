//! Vectors: which way a search goes, its statements, and what is computed on vectors here.

pub mod builder;
mod cache;
mod costs;
pub mod halves;
pub mod invalid;
pub mod layout;
pub mod length;
mod many;
mod nearest;
pub mod query;
mod refusal;
pub mod route;
pub mod search;
pub mod sql;
pub mod statement;
pub mod target;
