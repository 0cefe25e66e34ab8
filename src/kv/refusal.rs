//! Errors of the key-value store as the server reports them.

use pgrx::prelude::*;

use super::limits::Invalid;
use crate::error::Refusal;

impl Refusal for Invalid {
    fn sqlstate(&self) -> PgSqlErrorCode {
        match self {
            Self::KeyTooLong { .. } => PgSqlErrorCode::ERRCODE_STRING_DATA_RIGHT_TRUNCATION,
            Self::KeyTooLarge { .. } | Self::ValueTooLarge { .. } => {
                PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED
            }
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::KeyTooLarge { .. } | Self::KeyTooLong { .. } => "Use a hash of what does not fit.",
            Self::ValueTooLarge { .. } => "Store it as an artifact.",
        };
        Some(hint.to_owned())
    }
}
