//! Errors of searches as the server reports them.

use pgrx::prelude::*;

use super::invalid::Invalid;
use crate::error::Refusal;

impl Refusal for Invalid {
    fn sqlstate(&self) -> PgSqlErrorCode {
        PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Context(_) => "0 ranks each row by itself; 0.5 is usual.",
            Self::Fusion(_) => "Use convex or rrf.",
            Self::MmrLambda(_) => "1 ranks by relevance only, 0 by difference only; 0.7 is usual.",
            Self::Weights(_) => "The first weighs the vector, the second the words: ARRAY[1, 1].",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}
