//! Errors of items as the server reports them.

use pgrx::prelude::*;

use super::namespace::Invalid;
use crate::error::Refusal;

impl Refusal for Invalid {
    fn sqlstate(&self) -> PgSqlErrorCode {
        match self {
            Self::Empty { .. } | Self::Control { .. } | Self::Depth(_) => {
                PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE
            }
            Self::Null { .. } => PgSqlErrorCode::ERRCODE_NULL_VALUE_NOT_ALLOWED,
            Self::Dimensions(_) => PgSqlErrorCode::ERRCODE_ARRAY_ELEMENT_ERROR,
            Self::TooLarge(_) => PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED,
            Self::KeyTooLong(_) => PgSqlErrorCode::ERRCODE_STRING_DATA_RIGHT_TRUNCATION,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Empty { .. } | Self::Null { .. } => "Leave it out; the namespace without segments is '{}'.",
            Self::Control { .. } => "Use characters from the blank on.",
            Self::Dimensions(_) => "Give the segments of one namespace, for instance '{users,42}'.",
            Self::TooLarge(_) | Self::KeyTooLong(_) => "Use a hash of what does not fit.",
            Self::Depth(_) => "Give the number of segments to show, or NULL for all.",
        };
        Some(hint.to_owned())
    }
}
