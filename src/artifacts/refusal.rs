//! Errors of artifacts as the server reports them.

use pgrx::prelude::*;

use super::damage::Damage;
use super::envelope;
use super::invalid::Invalid;
use crate::error::Refusal;

impl Refusal for Invalid {
    fn sqlstate(&self) -> PgSqlErrorCode {
        PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE
    }

    fn hint(&self) -> Option<String> {
        matches!(self, Self::Codec(_)).then(|| format!("Use {}.", envelope::FORMATS.join(" or ")))
    }
}

impl Refusal for envelope::Invalid {
    fn sqlstate(&self) -> PgSqlErrorCode {
        match self {
            Self::Damaged(_) => PgSqlErrorCode::ERRCODE_INVALID_BINARY_REPRESENTATION,
            Self::TooLong { .. } => PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED,
        }
    }

    fn hint(&self) -> Option<String> {
        matches!(self, Self::TooLong { .. })
            .then(|| "The setting llmspell.artifact_max_bytes is the limit.".to_owned())
    }
}

impl Refusal for Damage {
    fn sqlstate(&self) -> PgSqlErrorCode {
        PgSqlErrorCode::ERRCODE_DATA_CORRUPTED
    }

    fn hint(&self) -> Option<String> {
        Some(
            "Run llmspell.artifact_verify('data') to see what else is damaged, and restore it from a backup."
                .to_owned(),
        )
    }
}
