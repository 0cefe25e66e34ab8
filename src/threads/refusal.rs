//! Errors of stored values as the server reports them.

use pgrx::prelude::*;

use super::damage::{Damage, Invalid};
use crate::error::Refusal;

impl Refusal for Damage {
    fn sqlstate(&self) -> PgSqlErrorCode {
        match self {
            Self::Packed(reason) => reason.sqlstate(),
            Self::Depth(_) | Self::Missing(_) => PgSqlErrorCode::ERRCODE_DATA_CORRUPTED,
        }
    }
}

impl Refusal for Invalid {
    fn sqlstate(&self) -> PgSqlErrorCode {
        PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED
    }

    fn hint(&self) -> Option<String> {
        Some("Keep large values as artifacts, and their ids in the channel.".to_owned())
    }
}
