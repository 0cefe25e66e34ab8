//! Errors of packed texts as the server reports them.

use pgrx::prelude::*;

use super::delta::Invalid;
use crate::error::Refusal;

impl Refusal for Invalid {
    fn sqlstate(&self) -> PgSqlErrorCode {
        match self {
            Self::TooLong { .. } => PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED,
            Self::BaseMissing | Self::CutOff | Self::Damaged(_) | Self::NotUtf8 | Self::UnknownMethod(_) => {
                PgSqlErrorCode::ERRCODE_DATA_CORRUPTED
            }
        }
    }
}
