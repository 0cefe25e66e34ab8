//! Errors of hook contexts as the server reports them.

use pgrx::prelude::*;

use super::codec::Invalid;
use crate::error::Refusal;

impl Refusal for Invalid {
    fn sqlstate(&self) -> PgSqlErrorCode {
        match self {
            Self::TooLong { .. } => PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED,
            Self::Damaged(_) | Self::UnknownMethod(_) => PgSqlErrorCode::ERRCODE_DATA_CORRUPTED,
        }
    }

    fn hint(&self) -> Option<String> {
        matches!(self, Self::TooLong { .. }).then(|| "Store it as an artifact.".to_owned())
    }
}
