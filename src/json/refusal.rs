//! Errors of JSON documents as the server reports them.

use pgrx::prelude::*;

use super::canonical::Invalid;
use crate::error::Refusal;

impl Refusal for Invalid {
    fn sqlstate(&self) -> PgSqlErrorCode {
        PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED
    }

    fn hint(&self) -> Option<String> {
        Some("Store it as an artifact, or in parts.".to_owned())
    }
}
