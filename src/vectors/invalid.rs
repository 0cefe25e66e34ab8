//! Arguments that searches and writes of vectors refuse.

use super::halves;
use super::length::LENGTHS;
use super::route::{MAX_EF_SEARCH, MAX_K, MAX_QUERIES};
use crate::limits::SHOWN_CHARS;

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Invalid {
    #[error("vectors of one call must have the same dimensions, found {wanted} and {got}")]
    Dims { wanted: i32, got: usize },
    #[error("ef_search must be between 1 and {MAX_EF_SEARCH}, got {0}")]
    EfSearch(i32),
    #[error("a vector must be at most {:e} long, this one is {0:e}", LENGTHS.end())]
    Long(f64),
    #[error("max_distance must be a number, got NaN")]
    MaxDistance,
    #[error(
        "number {position} of the vector is {value:e}, beyond {}, the largest in half precision",
        halves::LARGEST
    )]
    Half { position: usize, value: f32 },
    #[error("max_rows must be between 1 and {MAX_K}, got {0}")]
    MaxRows(i32),
    #[error("unknown mode \"{}\"", .0.chars().take(SHOWN_CHARS).collect::<String>())]
    Mode(String),
    #[error("query_embeddings must have one dimension, this array has {0}")]
    Nested(i32),
    #[error("query_embeddings must not contain null, number {0} is")]
    NoQuery(usize),
    #[error("query_embeddings has {0} vectors, at most {MAX_QUERIES} are searched in one call")]
    Queries(usize),
    #[error("recall must be above 0 and at most 1, got {0}")]
    Recall(f64),
    #[error("a vector must be at least {:e} long, this one is {0:e}", LENGTHS.start())]
    Short(f64),
    #[error("a vector of zeros has no direction")]
    Zero,
}
