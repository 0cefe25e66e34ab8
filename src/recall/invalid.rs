//! Arguments that a recall refuses.

use crate::limits::SHOWN_CHARS;

fn start(value: &str) -> String {
    value.chars().take(SHOWN_CHARS).collect()
}

/// The largest budget.
pub const MOST_TOKENS: i32 = 10_000_000;

/// The most rows.
pub const MOST_ROWS: i32 = 1000;

/// The largest weight of a kind.
pub const MOST_WEIGHT: f64 = 1000.0;

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Invalid {
    #[error("context must be between 0 and 1, got {0}")]
    Context(f64),
    #[error("unknown kind \"{}\"", start(.0))]
    Kind(String),
    #[error("kind_weights must be a JSON object of kinds with numbers of 0 to {MOST_WEIGHT}, got {}", start(.0))]
    KindWeights(String),
    #[error("max_rows must be between 0 and {MOST_ROWS}, got {0}")]
    MaxRows(i32),
    #[error("max_tokens must be between 0 and {MOST_TOKENS}, got {0}")]
    MaxTokens(i32),
    #[error("min_score must be a number, got NaN")]
    MinScore,
    #[error("mmr_lambda must be between 0 and 1, got {0}")]
    MmrLambda(f64),
}
