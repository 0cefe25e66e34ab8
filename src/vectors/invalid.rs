//! What is wrong with the arguments of a search.

use super::length::LENGTHS;
use super::route::{MAX_EF_SEARCH, MAX_K};
use crate::limits::SHOWN_CHARS;

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Invalid {
    #[error("ef_search must be between 1 and {MAX_EF_SEARCH}, got {0}")]
    EfSearch(i32),
    #[error("filter must be a JSON object, not {0}")]
    Filter(&'static str),
    #[error("k must be between 1 and {MAX_K}, got {0}")]
    K(i32),
    #[error("mmr_lambda must be between 0 and 1, got {0}")]
    Lambda(f64),
    #[error("a vector must be at most {:e} long, this one is {0:e}", LENGTHS.end())]
    Length(f64),
    #[error("max_distance must be a number, got NaN")]
    MaxDistance,
    #[error("unknown mode \"{}\"", .0.chars().take(SHOWN_CHARS).collect::<String>())]
    Mode(String),
    #[error("recall must be above 0 and at most 1, got {0}")]
    Recall(f64),
    #[error("a vector of zeros has no direction")]
    Zero,
}
