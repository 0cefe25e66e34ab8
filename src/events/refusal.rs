//! Errors of events as the server reports them.

use pgrx::prelude::*;

use super::invalid::Invalid;
use crate::error::Refusal;

impl Refusal for Invalid {
    fn sqlstate(&self) -> PgSqlErrorCode {
        match self {
            Self::NoRandom => PgSqlErrorCode::ERRCODE_INTERNAL_ERROR,
            Self::Time => PgSqlErrorCode::ERRCODE_DATETIME_FIELD_OVERFLOW,
        }
    }
}
