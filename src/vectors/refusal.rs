//! Errors of searches as the server reports them.

use pgrx::prelude::*;

use super::halves;
use super::invalid::Invalid;
use super::route::MAX_K;
use crate::error::Refusal;

impl Refusal for Invalid {
    fn sqlstate(&self) -> PgSqlErrorCode {
        match self {
            Self::Nested(_) => PgSqlErrorCode::ERRCODE_ARRAY_ELEMENT_ERROR,
            Self::NoQuery(_) => PgSqlErrorCode::ERRCODE_NULL_VALUE_NOT_ALLOWED,
            Self::Queries(_) => PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED,
            _ => PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Half { .. } => {
                "The index of this space has half precision: scale the vectors, or choose method hnsw."
            }
            Self::Long(_) | Self::Short(_) => "Scale it; models give vectors of about length 1.",
            Self::MaxRows(k) if *k > MAX_K => {
                "Ask for fewer, and narrow the search by scope, filter or time."
            }
            Self::Mode(_) => "Use auto, exact or ann.",
            Self::Queries(_) => "Make several calls.",
            Self::Zero => "The model found nothing in this text: leave the vector out, and search by words.",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}

impl Refusal for halves::Invalid {
    fn sqlstate(&self) -> PgSqlErrorCode {
        PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE
    }
}
