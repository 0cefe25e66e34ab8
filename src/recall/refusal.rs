//! Errors of recalls as the server reports them.

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
            Self::Kind(_) => {
                "Use episode, document, entity, relationship, fact for both of the graph, or pattern."
            }
            Self::KindWeights(_) => {
                "For instance {\"episode\": 1, \"document\": 0.5}; a kind that is not named has 1."
            }
            Self::MaxTokens(_) => "Give what the prompt has room for, for instance 1000.",
            Self::MmrLambda(_) => "1 takes the best, 0 only what is unlike the rest.",
            Self::MaxRows(_) | Self::MinScore => return None,
        };
        Some(hint.to_owned())
    }
}
