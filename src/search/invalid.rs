//! Arguments that a search refuses.

use crate::limits::SHOWN_CHARS;

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Invalid {
    #[error("context must be between 0 and 1, got {0}")]
    Context(f64),
    #[error("unknown fusion \"{}\"", .0.chars().take(SHOWN_CHARS).collect::<String>())]
    Fusion(String),
    #[error("half_life_floor must be between 0 and 1, got {0}")]
    HalfLifeFloor(f64),
    #[error("max_distance must be a number, got NaN")]
    MaxDistance,
    #[error("min_score must be a number, got NaN")]
    MinScore,
    #[error("mmr_lambda must be between 0 and 1, got {0}")]
    MmrLambda(f64),
    #[error("rrf_k must be between 1 and 1000000, got {0}")]
    RrfK(i32),
    #[error("there is no table of texts \"{}\"", .0.chars().take(SHOWN_CHARS).collect::<String>())]
    Table(String),
    #[error("weights must be two numbers of 0 to 1000000, not both 0, got {}", .0.chars().take(SHOWN_CHARS).collect::<String>())]
    Weights(String),
}
